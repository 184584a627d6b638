"""Do public names carry types? mypy reads this file, so that `tox -e types` decides it.

Each `assert_type` fails for a name that is `Any`, and each `type: ignore` fails where mypy finds no
error to ignore (`warn_unused_ignores` is on for this module).
"""

import dataclasses
from inspect import signature
from typing import Any, get_type_hints

import pytest
from typing_extensions import assert_type

import dropout_props
from dropout_props import (
    CATALOGUE,
    Case,
    Judge,
    Property,
    RunResult,
    Settings,
    Subject,
    Traits,
    Trials,
    Verdict,
    audit,
    parametrize_with_properties,
)
from dropout_props.auditing import Record, record
from dropout_props.auditing.options import RecordOptions
from dropout_props.subjects import options
from dropout_props.subjects.errors import WiringError
from dropout_props.subjects.wiring import Wiring


def right(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """A function with the signature of a subject; it is never called."""
    return key, x, rate, deterministic


def _public_names_have_types() -> None:
    """Read by mypy, never run."""
    assert_type(Subject.linen(right), Subject)
    assert_type(Subject.nnx(right, params=True), Subject)
    assert_type(Subject.function(right, nonfinite=False), Subject)
    assert_type(CATALOGUE, tuple[Property, ...])
    assert_type(Settings.of(), Settings)
    assert_type(Settings.of().run_seed, int)
    assert_type(Case().shape, tuple[int, ...])
    assert_type(Verdict.PASS.fails_run, bool)
    assert_type(Judge(Settings.of(), {}), Judge)
    results: list[RunResult] = []
    assert_type([one.complete for one in results], list[bool])
    assert_type(Trials.of(1, 2, 0.5).label, str)
    assert_type(audit(print, run_seed=1), Record)
    assert_type(parametrize_with_properties(["linen.Dropout"])(right), Any)


def _a_misspelt_option_is_an_error() -> None:
    """Read by mypy, never run."""
    Subject.linen(right, share_rest=True)  # type: ignore[call-arg]
    Subject.nnx(right, parms=True)  # type: ignore[call-arg]
    Subject.function(right, non_finite=False)  # type: ignore[call-arg]
    Subject.linen(right, law="drop")  # type: ignore[arg-type]
    audit(print, batchaxis=0)  # type: ignore[call-arg]
    audit(print, budget="small")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "record", "left_out"),
    [(options.TraitOptions, Traits, {"api"}), (options.WiringOptions, Wiring, set())],
)
def test_the_typed_options_are_the_fields(typed: Any, record: Any, left_out: set[str]) -> None:
    """An option that the records gain or lose is gained or lost by the typed options too."""
    names = {field.name for field in dataclasses.fields(record)} - left_out
    assert set(get_type_hints(typed)) == names


def test_audit_takes_what_record_takes() -> None:
    """Each keyword of `record`, but for the mode: `audit` has a function for each."""
    assert set(get_type_hints(RecordOptions)) == set(signature(record).parameters) - {"training"}


def test_a_misspelt_option_names_the_closest() -> None:
    """At run time the option is refused with the closest name."""
    with pytest.raises(WiringError, match=r"share_rest.*shares_rest"):
        Subject.function(right, share_rest=True)  # type: ignore[call-arg]


@pytest.mark.parametrize("name", dropout_props.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    """The literal list and the lazy homes agree."""
    assert getattr(dropout_props, name) is not None
    assert name in dir(dropout_props)


def test_a_name_of_an_earlier_release_warns() -> None:
    """`Claim` of 0.1 is `Property`, with a warning that names it."""
    with pytest.warns(DeprecationWarning, match="now called Property"):
        assert dropout_props.Claim is Property
