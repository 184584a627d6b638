"""The device path of a check: it decides as the host path does, and where it cannot, the host."""

from __future__ import annotations

from math import inf, prod
from typing import Any

import jax
import numpy as np
import pytest

from dropout_props.cases.case import Case
from dropout_props.cases.profiles import PROFILES
from dropout_props.engine import Settings, device_blocks, sequential_test
from dropout_props.engine.probe import probe
from dropout_props.engine.reference_masks import ExactSampler, ExactSubject
from dropout_props.engine.sequential_test import Example, Rule, judge_example
from dropout_props.layers import registry
from dropout_props.properties import find
from dropout_props.properties.counting import by_block
from dropout_props.properties.counting.by_block import BlockCounter
from dropout_props.properties.counting.kinds import kind_in
from dropout_props.properties.sampler import Sampler
from dropout_props.statistics import example_threshold
from dropout_props.subjects.compiled.adapter import in_one_program
from dropout_props.subjects.subject import Subject, SubjectError

_RULE = Rule(log_threshold=40.0, false_pass_rate=1e-3, factor=2.5, undecided_rate=1e-9)
_CASE = Case(shape=(4, 32), rate=0.1)


def _dropped(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    if deterministic:
        return x
    kept = jax.random.bernoulli(key, 1.0 - rate, x.shape)
    return jax.numpy.where(kept, x / (1.0 - rate), 0.0)


def _dropped_too_often(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    return _dropped(key, x, rate if deterministic else 1.03 * rate, deterministic)


def _subject(name: str) -> Subject:
    return Subject.function(_dropped) if name == "function" else registry.load(name)


def _decision(property_id: str) -> Any:
    return find(property_id).decision


def _sampler(subject: Subject, property_id: str, case: Case = _CASE) -> Sampler:
    return Sampler(in_one_program(probe(subject).subject), case, property_id)


@pytest.fixture
def lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every countable case be drawn on the device, two blocks in a program."""
    for name in ("LEAST_UNITS", "LEAST_UNITS_OF_PAIRS"):
        monkeypatch.setattr(device_blocks, name, 0)
    monkeypatch.setattr(by_block, "_BLOCKS", 2)


def _by_host(sampler: Sampler, monkeypatch: pytest.MonkeyPatch) -> Example:
    with monkeypatch.context() as there:
        there.setattr(device_blocks, "LEAST_UNITS", inf)
        there.setattr(device_blocks, "LEAST_UNITS_OF_PAIRS", inf)
        return judge_example(sampler, _decision(sampler.property_id), _RULE)


def _by_device(sampler: Sampler, monkeypatch: pytest.MonkeyPatch) -> tuple[Example, list[int]]:
    """Return the example, and the blocks that the host drew for it."""
    drawn: list[int] = []
    observed = sequential_test._observed

    def noted(decision: Any, sampler: Sampler, block: int) -> Any:
        drawn.append(block)
        return observed(decision, sampler, block)

    with monkeypatch.context() as there:
        there.setattr(sequential_test, "_observed", noted)
        return judge_example(sampler, _decision(sampler.property_id), _RULE), drawn


def _same(one: Example, other: Example) -> None:
    assert one.record(confidence=0.999) == other.record(confidence=0.999)
    assert (one.families, one.trace) == (other.families, other.trace)
    assert (one.log_evidence, one.draws) == (other.log_evidence, other.draws)
    assert one.sampler.drawn == other.sampler.drawn


@pytest.mark.parametrize(
    ("name", "property_id", "case"),
    [
        ("linen.Dropout", "DP203", _CASE),
        ("linen.Dropout", "DP204", Case(shape=(4, 6, 32), rate=0.1, broadcast_dims=(1,))),
        ("nnx.Dropout", "DP202", _CASE),
        ("function", "DP206", Case(shape=(4, 32), rate=0.01, dtype="bfloat16")),
        ("function", "DP301", Case(shape=(4, 8), rate=0.5)),
    ],
)
@pytest.mark.usefixtures("lowered")
def test_the_device_decides_as_the_host(
    name: str, property_id: str, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decision, integers, evidence, units drawn and trace are equal; the host draws two blocks."""
    subject = _subject(name)
    host = _by_host(_sampler(subject, property_id, case), monkeypatch)
    device, drawn = _by_device(_sampler(subject, property_id, case), monkeypatch)
    assert host.decision == "excluded"
    assert drawn == [0, host.blocks - 1]
    _same(device, host)


@pytest.mark.usefixtures("lowered")
def test_the_host_refutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer that fails on the device is counted again on the host, which alone says so."""
    subject = Subject.function(_dropped_too_often)
    host = _by_host(_sampler(subject, "DP202"), monkeypatch)
    device, drawn = _by_device(_sampler(subject, "DP202"), monkeypatch)
    assert host.decision == "refuted"
    assert drawn == [0, host.blocks - 1, *range(1, host.blocks)]
    _same(device, host)


@pytest.mark.parametrize("wrong", ["first", "last", "raises"])
@pytest.mark.usefixtures("lowered")
def test_a_device_that_differs_is_not_believed(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a block differs from that of the host, or none comes, the host counts all of them."""
    subject = _subject("function")
    host = _by_host(_sampler(subject, "DP202"), monkeypatch)
    counted = BlockCounter.__call__

    def faulty(self: BlockCounter, blocks: range) -> Any:
        counts = counted(self, blocks)
        if 0 in blocks and wrong == "first":
            counts[0] -= 1
        if host.blocks - 1 in blocks and wrong == "last":
            counts[blocks.index(host.blocks - 1)].flat[0] -= 1
        if 0 not in blocks and wrong == "raises":
            raise RuntimeError("out of memory")
        return counts

    monkeypatch.setattr(BlockCounter, "__call__", faulty)
    device, drawn = _by_device(_sampler(subject, "DP202"), monkeypatch)
    assert drawn[-(host.blocks - 1) :] == list(range(1, host.blocks))
    _same(device, host)


@pytest.mark.usefixtures("lowered")
def test_what_a_layer_raises_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer that cannot be called is no pass."""

    def failing(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
        if failing_now:
            raise RuntimeError("no mask")
        return _dropped(key, x, rate, deterministic)

    failing_now: list[bool] = []
    sampler = _sampler(Subject.function(failing), "DP202")
    observed = sequential_test._observed

    def once(decision: Any, sampler: Sampler, block: int) -> Any:
        found = observed(decision, sampler, block)
        failing_now.append(True)
        return found

    monkeypatch.setattr(sequential_test, "_observed", once)
    with pytest.raises(SubjectError, match="no mask"):
        judge_example(sampler, _decision("DP202"), _RULE)


@pytest.mark.usefixtures("lowered")
def test_what_no_device_can_count_is_drawn_on_the_host() -> None:
    """Masks that NumPy draws, noise, and properties that count something else than positions."""

    def found(sampler: Any) -> Any:
        return device_blocks.device_blocks(
            sampler, _decision(sampler.property_id), (), num_blocks=1000
        )

    exact: Any = ExactSubject()
    assert found(ExactSampler(exact, _CASE, "DP202")) is None
    assert found(_sampler(registry.load("examples.GaussianNoise"), "DP202")) is None
    assert found(_sampler(_subject("function"), "DP205")) is None
    assert found(_sampler(_subject("function"), "DP301", Case(shape=(601,), rate=0.1))) is None


@pytest.mark.parametrize(
    ("property_id", "case", "quicker"),
    [
        ("DP202", Case(shape=(128,), rate=0.1), {"smoke": False, "ci": False, "nightly": True}),
        ("DP203", Case(shape=(128,), rate=0.1), {"ci": False, "nightly": True}),
        ("DP206", Case(shape=(128,), rate=2.0**-17), {"ci": False, "nightly": True}),
        ("DP301", Case(shape=(128,), rate=0.1), {"ci": False, "nightly": True}),
    ],
)
def test_the_forecast_decides(property_id: str, case: Case, quicker: dict[str, bool]) -> None:
    """A case of profile ci is drawn on the host; one that takes nightly longer on the device."""
    decision, sampler = _decision(property_id), _sampler(_subject("function"), property_id, case)
    kind = kind_in(decision, case.shape)
    assert kind is not None
    masks = np.zeros((sampler.num_keys, *case.shape), np.bool_)
    families = kind.families(sampler.keep, kind.stored(kind.of_host(masks)), len(masks))
    for name, expected in quicker.items():
        factor = PROFILES[name].discrepancy_factor
        blocks = device_blocks.forecast(
            families,
            [sequential_test._absolute(f, decision.discrepancies, factor) for f in families],
            log_threshold=example_threshold(Settings.of(profile=name).budget.share, 40),
            false_pass_rate=1e-3,
        )
        units = blocks * masks.size
        least = "LEAST_UNITS_OF_PAIRS" if property_id == "DP301" else "LEAST_UNITS"
        assert (units >= getattr(device_blocks, least)) == expected, (name, units)
        assert units >= prod(case.shape)
