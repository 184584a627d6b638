"""The machine finds each fault of a move, and reports the check that the fault violates."""

from typing import Any

import pytest
from flax import nnx

from tests.conformance.streams.machine import drive
from tests.conformance.streams.moves import Moves

_COUNT, _AGAIN, _ON, _EVALUATION = "count", "issued twice", "go on", "in evaluation"


def _advance(layer: Any) -> None:
    stream = layer.rngs["dropout"] if isinstance(layer.rngs, nnx.Rngs) else layer.rngs
    stream()


class _Restless(nnx.Dropout):
    def __call__(self, inputs: Any, *, deterministic: Any = None, rngs: Any = None) -> Any:
        if self.deterministic:
            _advance(self)
        return super().__call__(inputs, deterministic=deterministic, rngs=rngs)


class _Wasteful(nnx.Dropout):
    def __call__(self, inputs: Any, *, deterministic: Any = None, rngs: Any = None) -> Any:
        if not self.deterministic:
            _advance(self)
        return super().__call__(inputs, deterministic=deterministic, rngs=rngs)


class _Stuck(nnx.Dropout):
    def __call__(self, inputs: Any, *, deterministic: Any = None, rngs: Any = None) -> Any:
        if not self.deterministic:
            _advance(self)
        stuck = rngs or nnx.Rngs(dropout=99)
        return super().__call__(inputs, deterministic=deterministic, rngs=stuck)


class _EvaluationAdvances(Moves):
    """An evaluation draws a key."""

    layer = _Restless


class _CallAdvancesTwice(Moves):
    """A training call draws two keys."""

    layer = _Wasteful


class _CallRepeatsItsKey(Moves):
    """Every call uses the same key, and the count advances."""

    layer = _Stuck


class _EvaluationTrains(Moves):
    """`eval` has no effect."""

    def switch(self, model: Any, *, training: bool) -> None:
        if training:
            super().switch(model, training=True)


class _JitLosesTheCount(Moves):
    """A compiled call does not change the state of the model."""

    def call(self, model: Any, *, compiled: bool) -> list[bytes]:
        return super().call(nnx.clone(model) if compiled else model, compiled=compiled)


class _RestoreRestarts(Moves):
    """A restored stream counts from 0."""

    def restore(self, fresh: Any, saved: Any) -> Any:
        leaves, form = saved
        leaves = [(kind, words if kind else words * 0) for kind, words in leaves]
        return super().restore(fresh, (leaves, form))


class _RestoreForgetsTheKey(Moves):
    """A restored stream has the right count, and the key of the new object."""

    def restore(self, fresh: Any, saved: Any) -> Any:
        own, form = self.save(fresh)
        leaves = [mine if mine[0] else theirs for mine, theirs in zip(own, saved[0], strict=True)]
        return super().restore(fresh, (leaves, form))


class _CloneRepeatsAKey(Moves):
    """A clone issues the last key again."""

    def clone(self, thing: Any) -> Any:
        leaves, form = self.save(thing)
        leaves = [(kind, words if kind else words - (words > 0)) for kind, words in leaves]
        return self.restore(super().clone(thing), (leaves, form))


class _LayersInStep(Moves):
    """The second layer of a model is a clone of the first."""

    def build(self, rngs: Any, size: int) -> Any:
        model = super().build(rngs, size)
        if size > 1:
            model.second = nnx.clone(model.first)
        return model


class _ForkRepeatsKeys(Moves):
    """A fork is a clone, and issues the keys of the original."""

    def derive(self, rngs: Any, how: str, *arguments: Any) -> Any:
        made = super().derive(rngs, how, *arguments)
        return nnx.clone(rngs) if how == "fork" else made


class _ReseedDoesNothing(Moves):
    """A reseed has no effect."""

    def reseed(self, thing: Any, seed: int) -> None:
        pass


_FAULTS: list[tuple[type[Moves], str]] = [
    (_EvaluationAdvances, _COUNT),
    (_CallAdvancesTwice, _COUNT),
    (_CallRepeatsItsKey, f"{_AGAIN}|{_ON}"),
    (_EvaluationTrains, _EVALUATION),
    (_JitLosesTheCount, _COUNT),
    (_RestoreRestarts, _COUNT),
    (_RestoreForgetsTheKey, f"{_ON}|{_AGAIN}"),
    (_CloneRepeatsAKey, _COUNT),
    (_LayersInStep, f"{_COUNT}|{_AGAIN}"),
]
if Moves().derives("fork"):
    _FAULTS.append((_ForkRepeatsKeys, f"{_COUNT}|{_AGAIN}"))
if Moves().reseeds():
    _FAULTS.append((_ReseedDoesNothing, f"{_COUNT}|{_AGAIN}|{_ON}"))


@pytest.mark.parametrize(
    ("fault", "seen"), _FAULTS, ids=[fault.__name__[1:] for fault, _ in _FAULTS]
)
def test_the_machine_finds_a_fault(fault: type[Moves], seen: str) -> None:
    """It finds the fault within as many examples as it runs on the installed Flax."""
    with pytest.raises(AssertionError, match=seen):
        drive(fault())
