"""A malformed list is refused in one sentence, and an entry covers its versions alone."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dropout_props.engine import deviations
from dropout_props.engine.deviations import SHIPPED_LIST, SHIPPED_PATH, BadList, Deviation, read
from dropout_props.engine.deviations.describe import conditions

_PAGE = Path(__file__).parents[3] / "docs" / "known-deviations.md"
_ENTRY = """[[deviation]]
property = "DP101"
subject = "a.B"
matches = "text"
reason = "a reason"
link = "https://example.org"
expires = 2099-12-31
"""


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("property = ", "cannot be read as TOML"),
        (_ENTRY.replace('link = "https://example.org"\n', ""), "missing link"),
        (_ENTRY + 'colour = "red"', "unknown colour. An entry has api, drawn_by, expires, layer,"),
        (_ENTRY + 'layer = "equinox"', "layer='equinox' is not a place such as 'equinox:Dropout'"),
        (_ENTRY.replace("2099-12-31", '"soon"'), "expires='soon' is not a date"),
        (_ENTRY + 'when = { flax = "new" }', "write a condition as"),
        (_ENTRY + "unless = { x64 = true }", "unless x64=True is not text"),
        (_ENTRY + "reproducer = 3", "reproducer is not a Python program"),
        (_ENTRY + "reproducer = 'assert ('", "reproducer is not a Python program"),
        (_ENTRY + "reproducer = ''", "reproducer must end in an assert"),
        (_ENTRY + "reproducer = 'print(1)'", "reproducer must end in an assert"),
    ],
)
def test_a_malformed_list_is_refused(entry: str, sentence: str, tmp_path: Path) -> None:
    """The message names the file, and the entry where there is one."""
    path = tmp_path / "known.toml"
    path.write_text(entry)
    with pytest.raises(BadList, match=r"known\.toml") as caught:
        read(path)
    assert sentence in str(caught.value)


def test_an_entry_needs_no_program(tmp_path: Path) -> None:
    """The field is optional; its text is read unchanged."""
    path = tmp_path / "known.toml"
    path.write_text(f"{_ENTRY}\n{_ENTRY}reproducer = '''\n# It shows.\nassert 0\n'''\n")
    without, with_one = read(path)
    assert not without.reproducer
    assert with_one.reproducer == "# It shows.\nassert 0\n"
    assert read(SHIPPED_PATH)


def test_conditions_select_versions_and_are_described() -> None:
    """All conditions must match; an entry without one covers every version."""
    when = {"flax": ">=0.11,<0.13", "jax": ">=0.7"}
    day = date(2099, 12, 31)
    entry = Deviation("DP101", "a.B", "text", "a reason", "link", day, when)
    assert entry.holds_on({"flax": "0.12.1", "jax": "0.12.0.1"})
    assert not entry.holds_on({"flax": "0.13.0", "jax": "0.12.0.1"})
    assert not entry.holds_on({"flax": "0.12.1", "jax": "0.6.2"})
    assert conditions(entry) == "a.B, flax >=0.11,<0.13, jax >=0.7"
    disabled = replace(entry, when={}, unless={"x64": "True"})
    assert disabled.holds_on({"x64": "False"})
    assert not disabled.holds_on({"x64": "True"})
    assert conditions(disabled) == "a.B, every version, unless x64 is True"
    general = Deviation("DP101", "*", "text", "a reason", "link", day, api="nnx")
    assert general.holds_on({})
    assert conditions(general) == "other nnx subjects, every version"


def test_the_page_names_every_field_and_quotes_the_list() -> None:
    """Its table of fields is that of an entry; its program is the one that ships."""
    text = _PAGE.read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE)) == deviations._FIELDS
    [program] = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    [entry] = [d for d in SHIPPED_LIST if (d.property_id, d.subject) == ("DP412", "nnx.Dropout")]
    assert [line for line in program.splitlines() if line] == entry.reproducer.splitlines()
