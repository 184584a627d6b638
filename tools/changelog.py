"""Moves the fragments of changelog.d below the heading of a release in CHANGELOG.md.

python tools/changelog.py 0.2.0           writes CHANGELOG.md, and deletes the fragments
python tools/changelog.py 0.2.0 --draft   prints the entries, and changes nothing

A release that has a heading already gets the new entries as well, so that the command can run
again before a release is tagged.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

__all__ = ["KINDS", "BadFragment", "entries", "main", "merged"]

ROOT = Path(__file__).parents[1]
KINDS = ("added", "changed", "fixed", "removed")
"""The kinds of fragments, in the order of a release's lists."""

_NAME = re.compile(rf"[a-z0-9-]+\.({'|'.join(KINDS)})\.md")
_UNRELEASED = "## Unreleased"


class BadFragment(ValueError):
    """A file of changelog.d is no fragment; the text names it and the rule."""


def entries(folder: Path) -> dict[str, list[str]]:
    """Return the entries of all fragments, by kind, in the order of the names.

    Args:
        folder: `changelog.d`.

    Raises:
        BadFragment: a name is not SHORT-NAME.KIND.md, or a file is empty.
    """
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for path in fragments(folder):
        name = _NAME.fullmatch(path.name)
        if name is None:
            raise BadFragment(
                f"{path.name}: a fragment is called SHORT-NAME.KIND.md, where KIND is one of "
                f"{', '.join(KINDS)}."
            )
        text = " ".join(path.read_text(encoding="utf-8").split())
        if not text:
            raise BadFragment(f"{path.name}: it is empty; say what changes for a user.")
        found[name[1]].append(text)
    return found


def fragments(folder: Path) -> list[Path]:
    """Return the fragments of a folder."""
    return sorted(path for path in folder.glob("*.md") if path.name != "README.md")


def merged(changelog: str, version: str, more: dict[str, list[str]]) -> str:
    """Return a changelog with the entries below the heading of a release.

    Args:
        changelog: its text.
        version: the release; its heading is made where there is none.
        more: the entries, by kind.

    Raises:
        ValueError: the changelog has no heading "Unreleased".
    """
    if _UNRELEASED not in changelog:
        raise ValueError(f"CHANGELOG.md has no heading {_UNRELEASED!r}, below which releases start")
    heading = f"## {version}"
    if f"\n{heading}\n" not in changelog:
        changelog = changelog.replace(_UNRELEASED, f"{_UNRELEASED}\n\n{heading}", 1)
    before, _, after = changelog.partition(f"\n{heading}\n")
    body, mark, rest = after.partition("\n## ")
    lists = _lists(body)
    for kind in KINDS:
        lists[kind] += [f"- {_folded(entry)}" for entry in more[kind]]
    parts = [
        f"### {kind.capitalize()}\n\n" + "\n".join(lists[kind]) for kind in KINDS if lists[kind]
    ]
    text = "\n\n".join([f"{before}\n{heading}", *parts])
    return f"{text}\n{mark}{rest}" if mark else f"{text}\n"


def _lists(body: str) -> dict[str, list[str]]:
    """Return the entries that stand below the heading of a release."""
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for part in body.split("### ")[1:]:
        kind, _, text = part.partition("\n")
        found[kind.strip().lower()] = re.findall(r"^- .*(?:\n  .*)*", text, flags=re.MULTILINE)
    return found


def _folded(entry: str) -> str:
    """Fold an entry at 100 columns, as an item of a list; a link is not broken."""
    lines, line = [], ""
    for word in entry.split(" "):
        if line and len(line) + len(word) + 1 > 98:  # noqa: PLR2004 (100, less the indent)
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "\n  ".join([*lines, line])


def main(arguments: list[str] | None = None) -> int:
    """Assemble the changelog of a release; 1 if a fragment is bad."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("version")
    parser.add_argument("--draft", action="store_true", help="print the entries, change nothing")
    options = parser.parse_args(arguments)
    folder, place = ROOT / "changelog.d", ROOT / "CHANGELOG.md"
    try:
        text = merged(place.read_text(encoding="utf-8"), options.version, entries(folder))
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if options.draft:
        sys.stdout.write(text)
        return 0
    place.write_text(text, encoding="utf-8")
    for path in fragments(folder):
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
