"""The decorators of the catalogue: a property a file, an id each, names of mutants that exist."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dropout_props import properties
from dropout_props.properties import CATALOGUE, EXPLAINED, BadProperty, catalogue, find
from dropout_props.selftest import kill_matrix

_TEXTS: dict[str, Any] = {
    "statement": "It holds.",
    "formula": "a = a",
    "if_broken": "It does not hold.",
    "killed_by": ("bias_1pct",),
}


def test_each_file_declares_the_property_of_its_name() -> None:
    """Files are found by their names, and the catalogue is in the order of ids."""
    files = sorted(Path(properties.__file__).parent.glob("dp*.py"))
    assert [one.id for one in EXPLAINED] == [file.name[:5].upper() for file in files]


def test_an_id_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second property of an id is refused, with both names."""
    monkeypatch.setattr(catalogue, "_declared", {})
    declare = catalogue.exact("DP998", "the first", **_TEXTS)

    def check(_: Any) -> None:
        """Find nothing."""

    assert declare(check) is check
    with pytest.raises(
        ValueError, match="DP998 is declared twice, as 'the first' and as 'another'"
    ):
        catalogue.exact("DP998", "another", **_TEXTS)(check)
    [prop] = catalogue.declared(properties.Property)
    assert prop.exact is not None
    assert prop.exact.check is check


def test_a_name_fits_the_columns_of_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """A longer one is refused where it is written, with the limit."""
    monkeypatch.setattr(catalogue, "_declared", {})
    said = r"DP998: name='x{29}' has 29 characters.* 28: shorten it"
    with pytest.raises(BadProperty, match=said):
        catalogue.exact("DP998", "x" * 29, **_TEXTS)(lambda _: None)


def test_a_misspelt_mutant_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The self-test names the property, the name and the closest ones."""
    wrong = replace(find("DP202"), killed_by=("bias_1pc",))
    monkeypatch.setattr(
        properties, "CATALOGUE", tuple(wrong if one.id == "DP202" else one for one in CATALOGUE)
    )
    with pytest.raises(LookupError, match=r"DP202 must kill one.*'bias_1pc'.*bias_1pct"):
        kill_matrix.tasks(profile="smoke", run_seeds=[0])
    assert kill_matrix.tasks(profile="smoke", run_seeds=[0], properties=["DP201"])
