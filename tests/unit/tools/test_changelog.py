"""The changelog: fragments become lists below a release, once each."""

from pathlib import Path
from types import ModuleType

import pytest

import dropout_props
from tests.unit.tools.test_pictures import ROOT, load


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    """Import the script."""
    return load("changelog")


def test_entries_come_below_the_release_and_again_below_the_same(tool: ModuleType) -> None:
    """By kind; a second assembly adds to the lists, and older releases stay as they are."""
    start = "# Changelog\n\n## Unreleased\n\n## 0.1.0\n\n### Added\n\n- Old.\n"
    none: dict[str, list[str]] = {kind: [] for kind in tool.KINDS}
    once = tool.merged(start, "0.2.0", {**none, "fixed": ["A fault."], "added": ["word " * 30]})
    twice = tool.merged(once, "0.2.0", {**none, "fixed": ["Another."]})
    assert twice == (
        "# Changelog\n\n## Unreleased\n\n## 0.2.0\n\n### Added\n\n- "
        + ("word " * 19).strip()
        + "\n  "
        + ("word " * 11).strip()
        + "\n\n### Fixed\n\n- A fault.\n- Another.\n\n## 0.1.0\n\n### Added\n\n- Old.\n"
    )


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [("a.better.md", "x", "KIND is one of added"), ("a.fixed.md", " \n", "it is empty")],
)
def test_a_bad_fragment_is_named(
    tool: ModuleType, tmp_path: Path, *, name: str, text: str, said: str
) -> None:
    """With the rule that it breaks."""
    (tmp_path / name).write_text(text)
    with pytest.raises(tool.BadFragment, match=said):
        tool.entries(tmp_path)


def test_the_fragments_of_this_repository_can_be_assembled(tool: ModuleType) -> None:
    """Each has a kind and a text."""
    tool.entries(ROOT / "changelog.d")


def test_the_version_is_one_everywhere() -> None:
    """The package, the citation file and the newest release of the changelog agree."""
    version = dropout_props.__version__
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {version}\n" in citation
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = [line[3:] for line in changelog.splitlines() if line.startswith("## ")]
    assert releases[:2] == ["Unreleased", version]
