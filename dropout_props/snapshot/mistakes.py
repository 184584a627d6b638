"""What a subject answers to canonical mistakes: the type of the error, and its first line."""

from __future__ import annotations

import re
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.case import Case
from dropout_props.properties.fit import fit
from dropout_props.results import Answer
from dropout_props.subject import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dropout_props.subject import Subject

__all__ = ["answers"]

_BAD_RATES = {"rate 1.5": 1.5, "rate -0.5": -0.5, "rate nan": float("nan")}
_ADDRESS = re.compile(r"0x[0-9a-f]+")


def answers(subject: Subject) -> tuple[Answer, ...]:
    """Make each mistake that the subject lets one make, and record the answer."""
    shows_mask = subject.traits.lacks("mask") is None
    found = (_record(mistake, ask, shows_mask) for mistake, ask in _mistakes(subject))
    return tuple(answer for answer in found if answer is not None)


def _mistakes(subject: Subject) -> Iterator[tuple[str, Callable[[], Any]]]:
    case = fit(Case(shape=(128,), rate=0.5), subject.traits)
    x = jnp.asarray(case.inputs())
    key = jax.random.key(0)
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


def _record(mistake: str, ask: Callable[[], Any], shows_mask: bool) -> Answer | None:  # noqa: FBT001
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            output = np.asarray(ask())
    except Unsupported:
        return None
    except Exception as error:  # noqa: BLE001 (any exception is an answer)
        first = next(iter(str(error).splitlines()), "")
        return Answer(mistake, type(error).__name__, _ADDRESS.sub("0x...", first)[:300])
    if not shows_mask:  # which units are zero says nothing there
        return Answer(mistake, "", "no error")
    kept = int(np.count_nonzero(output))
    share = "nothing" if kept == 0 else "everything" if kept == output.size else "a part"
    return Answer(mistake, "", f"no error: {share} was kept")
