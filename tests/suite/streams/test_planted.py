"""The machine can fail: each fault planted in a move is found, by what it breaks."""

from typing import Any

import pytest
from flax import nnx

from tests.suite.streams.machine import drive
from tests.suite.streams.moves import Moves

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
    """An evaluation uses up a key."""

    layer = _Restless


class _CallAdvancesTwice(Moves):
    """A training call uses up two keys."""

    layer = _Wasteful


class _CallRepeatsItsKey(Moves):
    """Every call has one key, and the count goes on as if it had not."""

    layer = _Stuck


class _EvaluationTrains(Moves):
    """Evaluation is never switched on."""

    def switch(self, model: Any, *, training: bool) -> None:
        if training:
            super().switch(model, training=True)


class _JitLosesTheCount(Moves):
    """What a compiled call does to the state stays in it."""

    def call(self, model: Any, *, compiled: bool) -> list[bytes]:
        return super().call(nnx.clone(model) if compiled else model, compiled=compiled)


class _RestoreRestarts(Moves):
    """A restored stream counts from 0."""

    def restore(self, fresh: Any, saved: Any) -> Any:
        leaves, form = saved
        leaves = [(kind, words if kind else words * 0) for kind, words in leaves]
        return super().restore(fresh, (leaves, form))


class _RestoreForgetsTheKey(Moves):
    """A restored stream has the right count, on the key of what it was restored into."""

    def restore(self, fresh: Any, saved: Any) -> Any:
        own, form = self.save(fresh)
        leaves = [mine if mine[0] else theirs for mine, theirs in zip(own, saved[0], strict=True)]
        return super().restore(fresh, (leaves, form))


class _CloneRepeatsAKey(Moves):
    """The copy issues the last key again."""

    def clone(self, thing: Any) -> Any:
        leaves, form = self.save(thing)
        leaves = [(kind, words if kind else words - (words > 0)) for kind, words in leaves]
        return self.restore(super().clone(thing), (leaves, form))


class _LayersInStep(Moves):
    """The second layer of a model is a copy of the first."""

    def build(self, rngs: Any, size: int) -> Any:
        model = super().build(rngs, size)
        if size > 1:
            model.second = nnx.clone(model.first)
        return model


class _ForkRepeatsKeys(Moves):
    """The fork is a copy, and issues what the first will."""

    def derive(self, rngs: Any, how: str, *arguments: Any) -> Any:
        made = super().derive(rngs, how, *arguments)
        return nnx.clone(rngs) if how == "fork" else made


class _ReseedDoesNothing(Moves):
    """A stream that is reseeded goes on as it was."""

    def reseed(self, thing: Any, seed: int) -> None:
        pass


_FAULTS: list[tuple[type[Moves], str]] = [
    (_EvaluationAdvances, _COUNT),
    (_CallAdvancesTwice, _COUNT),
    (_CallRepeatsItsKey, _AGAIN),
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
def test_a_planted_fault_is_found(fault: type[Moves], seen: str) -> None:
    """It is found within the examples that the installed Flax is asked with."""
    with pytest.raises(AssertionError, match=seen):
        drive(fault())
