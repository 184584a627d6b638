"""One example: when it is decided, and how rarely correct code is left undecided."""

from typing import Any

import pytest

from dropout_props.cases.case import Case
from dropout_props.cases.profiles import PROFILES
from dropout_props.engine import Settings
from dropout_props.engine.messages import relative_interval
from dropout_props.engine.reference_masks import ExactSampler, ExactSubject
from dropout_props.engine.sequential_test import Rule, _absolute, _max_blocks, judge_example
from dropout_props.properties import CATALOGUE, Statistical, find
from dropout_props.statistics import Trials, chance_undecided, example_threshold

_RULE = Rule(log_threshold=40.0, false_pass_rate=1e-3, factor=1.0, undecided_rate=1e-9)
_LARGEST = 10_000  # units; larger masks of the same families have the same tails, or smaller ones


def _decision(blocks: list[list[int]], trials: int, **others: Any) -> Statistical:
    """Return counts of members with the null 1/2, block by block; then those of the last block."""

    def observe(_sampler: Any, block: int) -> tuple[Trials, ...]:
        return (Trials.of(blocks[min(block, len(blocks) - 1)], trials, 0.5, label="members"),)

    def cases(_profile: Any, _traits: Any) -> Any:
        raise NotImplementedError

    return Statistical(cases=cases, observe=observe, discrepancies={"members": 0.2}, **others)


def _judge(decision: Statistical, rate: float = 0.5) -> Any:
    sampler: Any = ExactSampler(ExactSubject(), Case(rate=rate), "test")  # type: ignore[arg-type]
    return judge_example(sampler, decision, _RULE)


def test_a_side_that_was_ruled_out_once_stays_ruled_out() -> None:
    """Two members that lie on their null at different looks have both passed."""
    # Of 1000 trials 500 rule 0.1 out on both sides; 560 do not, and neither do 1090 of 2000.
    example = _judge(_decision([[500, 560], [590, 440]], 1000))
    assert (example.decision, example.blocks) == ("excluded", 2)


def test_a_member_that_was_never_ruled_out_does_not_pass() -> None:
    """It does not matter how often the other members are."""
    assert _judge(_decision([[500, 560], [500, 550]], 1000)).decision != "excluded"


def test_families_without_trials_are_left_out() -> None:
    """A case that has no pair at some lag is decided by the counts that it has."""
    decision = _decision([[500]], 1000)

    def with_none(sampler: Any, block: int) -> tuple[Trials, ...]:
        return (*decision.observe(sampler, block), Trials.of([], [], 0.5, label="members"))

    example = _judge(Statistical(decision.cases, with_none, decision.discrepancies))
    assert (example.decision, len(example.families)) == ("excluded", 1)


def test_the_interval_of_a_member_is_corrected_for_the_choice() -> None:
    """The member that stands out of ten has a wider interval than one that is alone."""
    [alone] = _judge(_decision([[500]], 1000)).record(confidence=0.999).counts
    [worst] = _judge(_decision([[500] * 10], 1000)).record(confidence=0.999).counts
    assert worst.worst_successes == alone.worst_successes
    assert worst.interval[0] < alone.interval[0] < alone.interval[1] < worst.interval[1]


@pytest.mark.parametrize(
    ("property_id", "masks_a_key"),
    [
        # By day DP202 stands for DP301, whose counts tests/mutation/test_null.py enumerates.
        ("DP202", 1),
        pytest.param("DP301", 1, marks=pytest.mark.nightly),
        pytest.param("DP402", 3, marks=pytest.mark.nightly),
        ("DP404", 2.5),
    ],
)
def test_a_unit_is_drawn_once_however_often_it_is_counted(
    property_id: str, masks_a_key: float
) -> None:
    """DP301 counts each unit at every lag; DP402 draws three pairings, and DP404 five layers."""
    decision: Any = find(property_id).decision
    sampler: Any = ExactSampler(ExactSubject(), Case(rate=0.5), property_id)  # type: ignore[arg-type]
    example = judge_example(sampler, decision, _RULE)
    assert example.draws == example.blocks * sampler.num_keys * sampler.size * masks_a_key
    assert example.trace[-1] == (example.draws, example.log_evidence)
    assert len(example.trace) <= example.blocks.bit_length() + 1


def test_the_trace_has_the_looks_at_powers_of_two_and_the_last() -> None:
    """Each with the evidence of that look, and beside it the threshold."""

    def observe(sampler: Any, block: int) -> tuple[Trials, ...]:
        sampler.drawn.append(1000)
        return decision.observe(sampler, block)

    # 0.6 in each block of 200: 0.1 above the null is never ruled out, and some ten blocks refute.
    decision = _decision([[120]], 200)
    example = _judge(Statistical(decision.cases, observe, decision.discrepancies))
    record = example.record(confidence=0.999)
    assert example.decision == "refuted"
    assert [draws // 1000 for draws, _ in record.trace] == [1, 2, 4, 8, example.blocks]
    evidence = [one for _, one in record.trace]
    assert evidence == sorted(evidence)
    assert evidence[-1] == record.log10_evidence >= record.log10_threshold > evidence[-2]


def test_the_relative_interval_holds_a_bias_at_one_rate_alone() -> None:
    """One rate of four is off by 1 %: the interval has it, however precise the others are."""
    decision = _decision([[500_000]], 1_000_000, relative="members")
    biased = _decision([[505_000]], 1_000_000, relative="members")
    ledger = [_judge(decision, 0.5) for _ in range(3)] + [_judge(biased, 0.5)]
    interval = relative_interval(decision, ledger, 0.999)
    assert interval is not None
    assert interval[0] < 0.0
    assert interval[1] > 0.01
    assert relative_interval(decision, ledger[:3], 0.999)[1] < 0.01  # type: ignore[index]


def test_the_relative_interval_is_of_usual_rates() -> None:
    """A case at a rate above 0.9 says little about E[y]/x, and is left out."""
    decision = _decision([[500_000]], 1_000_000, relative="members")
    assert relative_interval(decision, [_judge(decision, 0.99)], 0.999) is None


@pytest.mark.parametrize("profile", ["smoke", "ci"])
def test_correct_code_is_left_undecided_within_the_budget(profile: str) -> None:
    """Over all explicit cases of 64 subjects, by exact tails, the chance is below 1e-9 / 32."""
    settings = Settings.of(profile=profile)
    chance = 0.0
    for prop in CATALOGUE:
        if not isinstance(decision := prop.decision, Statistical):
            continue
        number = decision.num_examples(settings.profile, len(decision.explicit))
        rule = Rule(
            example_threshold(settings.budget.share, number),
            settings.budget.false_pass_rate,
            settings.profile.discrepancy_factor,
            settings.budget.undecided_share / number,
        )
        for case in decision.explicit:
            if case.size > _LARGEST:
                continue
            sampler: Any = ExactSampler(ExactSubject(), case, prop.id)  # type: ignore[arg-type]
            families = decision.observe(sampler, 0)
            shifts = tuple(_absolute(one, decision.discrepancies, rule.factor) for one in families)
            most = _max_blocks(families, shifts, decision.discrepancies, rule)
            pairs = list(zip(families, shifts, strict=True))
            chance += chance_undecided(pairs, most, false_pass_rate=rule.false_pass_rate)
    assert 0 < 64 * chance < 1e-9 / 32


def test_the_undecided_share_does_not_depend_on_the_profile() -> None:
    """It is a constant of the catalogue."""
    assert len({Settings.of(profile=name).budget.undecided_share for name in PROFILES}) == 1
