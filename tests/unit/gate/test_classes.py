"""Each class of a comparison is reached, by the pair of results that defines it."""

from dataclasses import replace
from typing import Any

import pytest

from dropout_props.gate.classify import classify
from dropout_props.gate.diff import Incomparable, diff, exit_code
from dropout_props.results.comparison import Change
from dropout_props.results.exit_codes import ExitCode
from dropout_props.results.records import (
    Answer,
    KeepCount,
    MaskDigest,
    Parameter,
    PropertyResult,
    Signature,
)
from dropout_props.results.verdict import Verdict

EXACT = PropertyResult("linen.Dropout", "DP101", "eval identity", "exact", Verdict.PASS)


def exact(verdict: str, unlisted: str | None = None) -> PropertyResult:
    """Return an exact property with this verdict."""
    return replace(
        EXACT, verdict=Verdict(verdict), unlisted=Verdict(unlisted) if unlisted else None
    )


@pytest.mark.parametrize(
    ("base", "candidate", "change"),
    [
        ("pass", "pass", "identical"),
        ("pass", "fail", "regressed"),
        ("known", "fail", "regressed"),
        ("pass", "error", "error"),
        ("fail", "error", "error"),
        ("fail", "fail", "still failing"),
        ("error", "fail", "still failing"),
        ("fail", "pass", "fixed"),
        ("known", "pass", "fixed"),
        ("error", "pass", "fixed"),
        ("blocked", "pass", "fixed"),
        ("pass", "known", "known"),
        ("known", "known", "known"),
        ("pass", "inconclusive", "inconclusive"),
        ("inconclusive", "pass", "inconclusive"),
        ("inconclusive", "fail", "regressed"),
        ("pass", "blocked", "inconclusive"),
        ("blocked", "blocked", "still failing"),
        ("pass", "not applicable", "removed"),
        ("known", "not applicable", "fixed"),
        ("not applicable", "pass", "added"),
        ("not applicable", "fail", "regressed"),
        ("not applicable", "not applicable", "identical"),
    ],
)
def test_two_verdicts_make_a_class(base: str, candidate: str, change: str) -> None:
    """Each pair of verdicts about an exact property has its class."""
    assert classify(exact(base), exact(candidate)).change == change


@pytest.mark.parametrize(
    ("base", "candidate", "change"),
    [
        (None, exact("pass"), "added"),
        (None, exact("fail"), "regressed"),
        (exact("pass"), None, "removed"),
        (exact("known"), exact("fail", unlisted="pass"), "fixed"),
        (exact("fail", unlisted="pass"), exact("fail", unlisted="pass"), "identical"),
        (exact("fail", unlisted="pass"), exact("fail"), "regressed"),
    ],
)
def test_absent_results_and_stale_entries(
    base: PropertyResult | None, candidate: PropertyResult | None, change: str
) -> None:
    """A new or missing property has its class; a stale entry of the list is not a regression."""
    assert classify(base, candidate).change == change


def test_other_bits_are_rekeyed_only_when_equivalence_is_shown(count: Any) -> None:
    """Many trials on both sides show it; the text holds the margin and the confidence."""
    row = classify(count(500_100, 1_000_000), count(499_800, 1_000_000))
    assert row.change is Change.REKEYED
    assert "margin 0.02, 99.8 % confidence" in row.detail


def test_the_absence_of_a_difference_shows_nothing(count: Any) -> None:
    """Two small samples that do not differ are inconclusive, not rekeyed."""
    few = count(500, 1_000, decision="undecided"), count(501, 1_000, decision="undecided")
    row = classify(*few)
    assert row.change is Change.INCONCLUSIVE
    assert "equivalence is not shown" in row.detail


def test_an_exclusion_at_an_earlier_look_counts(count: Any) -> None:
    """The last counts alone would not show it, but both examples have passed."""
    assert classify(count(500, 1_000), count(501, 1_000)).change is Change.REKEYED


def test_a_shown_difference_is_a_shift(count: Any) -> None:
    """Two sides that both pass and whose intervals have no point in common have shifted."""
    row = classify(count(470_000, 1_000_000), count(530_000, 1_000_000))
    assert row.change is Change.SHIFTED


def test_the_same_counts_are_the_same_bits(count: Any) -> None:
    """A statistical property with the same integers in every case is identical."""
    assert classify(count(500, 1_000), count(500, 1_000)).change is Change.IDENTICAL


def test_another_rounding_of_the_evidence_is_not_another_bit(count: Any) -> None:
    """Two releases of SciPy may round the evidence differently: the integers are the bits."""
    base = count(500, 1_000)
    [example] = base.examples
    [counts] = example.counts
    rounded = replace(counts, log10_evidence=-1.0000000000000002, interval=(0.1, 0.9))
    candidate = replace(base, examples=(replace(example, counts=(rounded,)),))
    assert classify(base, candidate).change is Change.IDENTICAL


def test_no_common_case_shows_nothing(count: Any) -> None:
    """Counts of other cases cannot be compared."""
    other = count(500_000, 1_000_000)
    moved = replace(other, examples=(replace(other.examples[0], digest="another"),))
    assert classify(other, moved).change is Change.INCONCLUSIVE


def classes(comparison: Any) -> dict[str, Change]:
    """Return the class of each row, by property."""
    return {row.property_id: row.change for row in comparison.rows}


def test_identical_results_pass(make: Any, snap: Any) -> None:
    """A result compared with itself is identical everywhere, and exits with 0."""
    comparison = diff(make(EXACT), make(EXACT))
    assert set(classes(comparison).values()) == {Change.IDENTICAL}
    assert exit_code(comparison) == ExitCode.PASS


def test_other_masks_with_counts_are_rekeyed(make: Any, snap: Any) -> None:
    """Other digests with keep rates within the margin are rekeyed; --strict-bits fails on them."""
    moved = snap(
        masks=(MaskDigest("one call", "zz"),),
        keeps=(KeepCount(0.5, 500_300, 1_000_000, 0.5, 0.5),),
    )
    comparison = diff(make(EXACT), make(EXACT, of=moved))
    assert classes(comparison)["masks"] is Change.REKEYED
    assert exit_code(comparison) == ExitCode.PASS
    strict = diff(make(EXACT), make(EXACT, of=moved), strict_bits=True)
    assert exit_code(strict) == ExitCode.FAILURE


def test_other_masks_with_few_counts_are_inconclusive(make: Any, snap: Any) -> None:
    """Digests differ and the counts are too few to show anything: exit code 6."""
    few = (KeepCount(0.5, 500, 1_000, 0.5, 0.5),)
    more = (KeepCount(0.5, 501, 1_000, 0.5, 0.5),)
    comparison = diff(
        make(EXACT, of=snap(keeps=few)),
        make(EXACT, of=snap(masks=(MaskDigest("one call", "zz"),), keeps=more)),
    )
    assert classes(comparison)["masks"] is Change.INCONCLUSIVE
    assert exit_code(comparison) == ExitCode.INCONCLUSIVE


@pytest.mark.parametrize(
    ("parameter", "sentence"),
    [
        (Parameter("deterministic", "positional or keyword", "False"), "deterministic=None became"),
        (Parameter("deterministic", "keyword-only", "None"), "no longer be given by position"),
        (Parameter("other", "positional or keyword", "None"), "deterministic is gone"),
    ],
)
def test_a_changed_signature_is_a_changed_contract(
    make: Any, snap: Any, parameter: Any, sentence: Any
) -> None:
    """Another default, kind or name of a parameter fails, and is named."""
    signature = Signature("constructor", (Parameter("rate", "positional or keyword"), parameter))
    comparison = diff(make(EXACT), make(EXACT, of=snap(signatures=(signature,))))
    [row] = [row for row in comparison.rows if row.property_id == "signature"]
    assert row.change is Change.CONTRACT
    assert sentence in row.detail
    assert exit_code(comparison) == ExitCode.FAILURE


def test_a_new_parameter_with_a_default_is_a_note(make: Any, snap: Any) -> None:
    """Every old call is still valid: nothing fails, and the parameter is named."""
    [signature] = snap().signatures
    wider = replace(
        signature, parameters=(*signature.parameters, Parameter("name", "keyword-only", "None"))
    )
    comparison = diff(make(EXACT), make(EXACT, of=snap(signatures=(wider,))))
    assert exit_code(comparison) == ExitCode.PASS
    assert "name=None is new" in comparison.notes[0]


def test_another_error_is_a_changed_contract_and_other_words_are_not(make: Any, snap: Any) -> None:
    """The type of an error is part of the contract; its message is a note."""
    silent = snap(answers=(Answer("missing key", "", "no error: a part was kept"),))
    comparison = diff(make(EXACT), make(EXACT, of=silent))
    assert classes(comparison)["answers"] is Change.CONTRACT
    reworded = snap(answers=(Answer("missing key", "InvalidRngError", "other words"),))
    comparison = diff(make(EXACT), make(EXACT, of=reworded))
    assert classes(comparison)["answers"] is Change.IDENTICAL
    assert "InvalidRngError has another message: other words" in comparison.notes[0]


@pytest.mark.parametrize("field", ["run_seed", "profile", "false_fail_rate"])
def test_results_of_other_settings_are_refused(make: Any, field: str) -> None:
    """Two results of another run seed, profile or budget are refused; the option is named."""
    other = {"run_seed": 1, "profile": "smoke", "false_fail_rate": 1e-6}[field]
    with pytest.raises(Incomparable, match="Run both with the same --"):
        diff(make(EXACT), make(EXACT, **{field: other}))


def test_pairs_of_an_incomplete_side_do_not_count_as_removed(make: Any) -> None:
    """What a stopped side did not reach is not compared: exit code 3."""
    stopped = make(results=(), collected=1, stopped="it crashed")
    comparison = diff(make(EXACT), stopped)
    assert Change.REMOVED not in comparison.tally
    assert exit_code(comparison) == ExitCode.INCOMPLETE


def test_a_regression_outweighs_an_incomplete_side(make: Any) -> None:
    """A regression fails, although other pairs were not judged."""
    stopped = make(exact("fail"), collected=2, stopped="it crashed")
    assert exit_code(diff(make(EXACT), stopped)) == ExitCode.FAILURE


def test_what_is_installed_differently_is_listed(make: Any) -> None:
    """Versions and flags that are not the same are named with both values."""
    other = make(EXACT, versions={"flax": "0.12.0", "jax": "0.7.1"})
    assert [(d.name, d.base, d.candidate) for d in diff(make(EXACT), other).installed] == [
        ("flax", "0.11.2", "0.12.0")
    ]
