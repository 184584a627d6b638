"""The responses of a subject to canonical calls that have few possible outcomes.

Of an invalid call: the type of the error, and its first line. Of several calls with one key: the
number of different masks. Of the gradient: whether it is the output divided by the input.
"""

from __future__ import annotations

import re
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.cases.case import Case
from dropout_props.engine.adapt_case import fit
from dropout_props.properties.sampler import came_through
from dropout_props.results.records import Answer
from dropout_props.subjects.keys import key_of_seed
from dropout_props.subjects.operations import Layers, Repeat
from dropout_props.subjects.subject import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dropout_props.subjects.subject import Subject

__all__ = ["answers"]

_BAD_RATES = {"rate 1.5": 1.5, "rate -0.5": -0.5, "rate nan": float("nan")}
_ADDRESS = re.compile(r"0x[0-9a-f]+")


def answers(subject: Subject) -> tuple[Answer, ...]:
    """Make each call that the subject supports, and record its response."""
    shows_mask = subject.traits.lacks("mask") is None
    shows_zeros = shows_mask and subject.traits.lacks("scaled") is None
    recorded = (_record(mistake, call, shows_zeros) for mistake, call in _mistakes(subject))
    found = [answer for answer in recorded if answer is not None]
    if shows_mask:
        found += _distinct_masks(subject)
        found += _gradient(subject)
    return tuple(found)


def _distinct_masks(subject: Subject) -> list[Answer]:
    """Count the masks of three calls, and of three layers, with one key; bits do not matter."""
    case = fit(Case(shape=(128,), rate=0.5), subject.traits)
    x = jnp.asarray(case.inputs())
    streams = {subject.traits.stream or "dropout": key_of_seed(0)}
    arguments: dict[str, Any] = {"rate": case.rate, "streams": streams}
    found = []
    try:
        if subject.traits.repeat:
            calls = subject.run(Repeat(3), x, **arguments)
            found.append(Answer("three calls in one application", "", _masks(subject, calls, x)))
        if subject.traits.layers:
            layers = subject.run(Layers(("first", "second", "third")), x, **arguments)
            found.append(Answer("three layers in one model", "", _masks(subject, layers, x)))
    except Unsupported:
        return []
    return found


def _masks(subject: Subject, outputs: Any, x: Any) -> str:
    number = len({np.packbits(came_through(subject, one, x)).tobytes() for one in outputs})
    return f"{number} different mask{'s' if number > 1 else ''}"


def _gradient(subject: Subject) -> list[Answer]:
    if subject.traits.lacks("identity") or subject.traits.lacks("scaled"):
        return []
    case = fit(Case(shape=(128,), rate=0.1), subject.traits)
    x = jnp.asarray(case.inputs())
    streams = {subject.traits.stream or "dropout": key_of_seed(0)}

    def train(x: Any) -> Any:
        return subject.call(x, rate=case.rate, training=True, streams=streams)

    try:
        y, back = jax.vjp(train, x)
        [gradient] = back(jnp.ones_like(y))
    except Exception as error:  # noqa: BLE001 (any exception is a response)
        return [Answer("gradient", type(error).__name__, str(error).splitlines()[0][:300])]
    right = np.allclose(np.asarray(gradient), np.asarray(y / x), rtol=1e-5, atol=0)
    return [Answer("gradient", "", f"{'is' if right else 'is not'} output / input")]


def _mistakes(subject: Subject) -> Iterator[tuple[str, Callable[[], Any]]]:
    case = fit(Case(shape=(128,), rate=0.5), subject.traits)
    x = jnp.asarray(case.inputs())
    key = key_of_seed(0)
    stream = subject.traits.stream or "dropout"

    def train(x: Any = x, rate: Any = case.rate, **streams: Any) -> Any:
        return subject.call(x, rate=rate, training=True, streams=streams, expect_errors=True)

    yield "missing key", train
    if subject.traits.streams:
        yield "key of another stream alone", lambda: train(noise=key)
        yield "key of the stream params alone", lambda: train(params=key)
    if subject.traits.rate is None:
        for words, rate in _BAD_RATES.items():
            yield words, partial(train, rate=rate, **{stream: key})
    if subject.traits.lacks("identity") is None:
        yield "integer input", lambda: train(jnp.ones(128, jnp.int32), **{stream: key})
        yield "boolean input", lambda: train(jnp.ones(128, bool), **{stream: key})
        yield (
            "integer input in evaluation",
            lambda: subject.call(
                jnp.ones(128, jnp.int32),
                rate=case.rate,
                training=False,
                streams={},
                expect_errors=True,
            ),
        )


def _record(mistake: str, call: Callable[[], Any], shows_zeros: bool) -> Answer | None:  # noqa: FBT001
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            output = np.asarray(call())
    except Unsupported:
        return None
    except Exception as error:  # noqa: BLE001 (any exception is a response)
        first = next(iter(str(error).splitlines()), "")
        return Answer(mistake, type(error).__name__, _ADDRESS.sub("0x...", first)[:300])
    if not shows_zeros:  # a zero is then not a dropped unit
        return Answer(mistake, "", "no error")
    kept = int(np.count_nonzero(output))
    share = "nothing" if kept == 0 else "everything" if kept == output.size else "a part"
    return Answer(mistake, "", f"no error: {share} was kept")
