"""DP111: a layer that draws nothing needs no key of its stream."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from dropout_props.properties.bits import first_difference, same_bits
from dropout_props.properties.catalogue import Sampler, Violation, exact
from dropout_props.properties.outputs import require_same_bits, said
from dropout_props.subjects.operations import Modes

_OTHER = "params"


def _idle_calls(sampler: Sampler, x: Any) -> Iterator[tuple[str, Callable[[], Any], Any]]:
    """Yield each call of the subject that draws nothing, with words for it and its output."""
    subject, rate = sampler.subject, sampler.case.rate
    reference = np.asarray(subject.reference(x))
    evaluated = reference
    if subject.traits.evaluation == "scaled":
        evaluated = np.asarray(subject.call(x, rate=rate, training=False))
    options: dict[str, Any] = {"streams": {_OTHER: sampler.key(_OTHER)}, "expect_errors": True}
    if subject.traits.lacks("modes"):
        called = partial(subject.call, x, rate=rate, training=False, **options)
        yield "in evaluation", called, evaluated
    else:
        built = partial(subject.run, Modes(built=True), x, rate=rate, **options)
        yield "built for evaluation", lambda: built()[0], evaluated
    if _may_idle(sampler):
        idle = partial(subject.call, x, rate=0.0, training=True, **options)
        yield "at rate 0", idle, reference


def _may_idle(sampler: Sampler) -> bool:
    """Return whether the layer can be called at rate 0, and shows there what it drops."""
    lacks = sampler.subject.traits.lacks
    return not (lacks("any_rate") or lacks("rate_zero") or lacks("mask"))


def _without_keys(sampler: Sampler, expected: Any) -> None:
    """Raise a violation of its own where rate 0 needs a key: no known deviation is about it."""
    if not _may_idle(sampler):
        return
    try:
        output = sampler.train(rate=0.0, streams={}, expect_errors=True)
    except Exception as error:
        raise Violation(f"rate 0 without any key: {said(error)}") from error
    require_same_bits(output, expected, "rate 0 without any key")


@exact(
    "DP111",
    "idle layers need no key",
    statement="A layer that draws nothing, at rate 0 or in evaluation, can be built and called "
    "with keys for other streams only, at rate 0 with none, and returns its evaluation output.",
    formula="train(x, 0; {other: k}) = train(x, 0; {}) = eval(x; {other: k}) = eval(x)",
    if_broken="A model without active dropout, or one that is built to predict, demands a dropout "
    "key.",
    assumes="A layer whose traits say which place decides the mode is built in evaluation mode; "
    "any other layer is switched to evaluation or called in it.",
    needs=("streams", "eval_mode"),
    blocked_by=(),
    killed_by=("rate0_needs_key", "evaluation_asks_stream", "rate0_asks_stream"),
    weight=8,
)
def idle_stream(sampler: Sampler) -> None:
    x = sampler.inputs()
    raised, unlike = [], []
    _without_keys(sampler, np.asarray(sampler.subject.reference(x)))
    for where, call, expected in _idle_calls(sampler, x):
        try:
            output = np.asarray(call())
        except Exception as error:  # noqa: BLE001 (any error is a violation)
            raised.append(f"{where} it raised {said(error)}")
            continue
        if not same_bits(output, expected):
            unlike.append(f"{where}: {first_difference(output, expected)}")
    # An entry about an error must not cover another output: that is said by itself.
    if seen := unlike or raised:
        raise Violation(f"with a key for {_OTHER!r} alone, {'; '.join(seen)}")
