"""Records the calls that an exact property makes of a subject, with plain inputs and outputs.

A call inside a transform sees tracers, which are no numbers: it is counted and left out.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dropout_props.replay.find import Found

__all__ = ["Call", "record"]

_MOST = 12


@dataclass(frozen=True)
class Call:
    """One call: the arguments as text that Python reads back, and what came."""

    operation: str
    x: str
    dtype: str
    rate: str
    training: bool
    keys: dict[str, list[int]]
    broadcast_dims: tuple[int, ...]
    answer: str


@dataclass(frozen=True, eq=False)
class _Recording:
    """An adapter that asks another one, and writes down what it was asked."""

    inner: Any
    calls: list[Call]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def call(self, x: Any, **arguments: Any) -> Any:
        try:
            answer = self.inner.call(x, **arguments)
        except Exception as error:
            self._note(x, arguments, f"{type(error).__name__}")
            raise
        self._note(x, arguments, answer)
        return answer

    def _note(self, x: Any, arguments: dict[str, Any], answer: Any) -> None:
        import jax
        import numpy as np

        leaves = jax.tree_util.tree_leaves((x, dict(arguments["streams"]), answer))
        if len(self.calls) >= _MOST or any(isinstance(one, jax.core.Tracer) for one in leaves):
            return
        keys = {}
        for name, key in arguments["streams"].items():
            typed = jax.numpy.issubdtype(key.dtype, jax.dtypes.prng_key)
            data = np.asarray(jax.random.key_data(key) if typed else key)
            keys[name] = [int(word) for word in data.reshape(-1)]
        seen = answer if isinstance(answer, str) else _digest(np.asarray(answer))
        self.calls.append(
            Call(
                operation="call",
                x=repr(np.asarray(x).astype(np.float64).tolist()),
                dtype=str(x.dtype),
                rate=repr(arguments["rate"]),
                training=bool(arguments["training"]),
                keys=keys,
                broadcast_dims=tuple(arguments.get("broadcast_dims", ())),
                answer=seen,
            )
        )


def _digest(array: Any) -> str:
    return hashlib.sha256(f"{array.shape}{array.dtype}".encode() + array.tobytes()).hexdigest()[:16]


def record(found: Found) -> list[Call]:
    """Ask the case of a failed exact property again, and return the calls that it made."""
    from dropout_props.engine.failure_ids import case_of
    from dropout_props.properties import Violation, find
    from dropout_props.properties.sampler import Sampler
    from dropout_props.replay.find import _subject

    subject = _subject(found)
    calls: list[Call] = []
    watched = replace(subject, adapter=_Recording(subject.adapter, calls))
    decision = find(found.result.property_id).exact
    assert decision is not None
    assert found.replay.case is not None
    sampler = Sampler(
        watched, case_of(found.replay.case), found.result.property_id, found.run.run_seed
    )
    with contextlib.suppress(Violation):
        decision.check(sampler)
    return calls
