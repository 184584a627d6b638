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
    def __call__(self, x: Any, **options: Any) -> Any:
        if self.deterministic:
            _advance(self)
        return super().__call__(x, **options)


class _Wasteful(nnx.Dropout):
    def __call__(self, x: Any, **options: Any) -> Any:
        if not self.deterministic:
            _advance(self)
        return super().__call__(x, **options)


class _Stuck(nnx.Dropout):
    def __call__(self, x: Any, **options: Any) -> Any:
        if not self.deterministic:
            _advance(self)
        return super().__call__(x, rngs=nnx.Rngs(dropout=99), **options)


class EvaluationAdvances(Moves):
    """An evaluation uses up a key."""

    layer = _Restless


class CallAdvancesTwice(Moves):
    """A training call uses up two keys."""

    layer = _Wasteful


class CallRepeatsItsKey(Moves):
    """Every call has one key, and the count goes on as if it had not."""

    layer = _Stuck


class EvaluationTrains(Moves):
    """Evaluation is never switched on."""

    def switch(self, model: Any, *, training: bool) -> None:
        super().switch(model, training=True)


class JitLosesTheCount(Moves):
    """What a compiled call does to the state stays in it."""

    def call(self, model: Any, *, compiled: bool) -> list[bytes]:
        return super().call(nnx.clone(model) if compiled else model, compiled=compiled)


class RestoreRestarts(Moves):
    """A restored stream counts from 0."""

    def restore(self, fresh: Any, saved: Any) -> Any:
        leaves, form = saved
        leaves = [(kind, words if kind else words * 0) for kind, words in leaves]
        return super().restore(fresh, (leaves, form))


class RestoreForgetsTheKey(Moves):
    """A restored stream has the right count, on the key of what it was restored into."""

    def restore(self, fresh: Any, saved: Any) -> Any:
        own, form = self.save(fresh)
        leaves = [mine if mine[0] else theirs for mine, theirs in zip(own, saved[0], strict=True)]
        return super().restore(fresh, (leaves, form))


class CloneRepeatsAKey(Moves):
    """The copy issues the last key again."""

    def clone(self, thing: Any) -> Any:
        leaves, form = self.save(thing)
        leaves = [(kind, words if kind else words - (words > 0)) for kind, words in leaves]
        return self.restore(super().clone(thing), (leaves, form))


class LayersInStep(Moves):
    """The second layer of a model is a copy of the first."""

    def build(self, rngs: Any, size: int) -> Any:
        model = super().build(rngs, size)
        if size > 1:
            model.second = nnx.clone(model.first)
        return model


class ForkRepeatsKeys(Moves):
    """The fork is a copy, and issues what the first will."""

    def derive(self, rngs: Any, how: str, *arguments: Any) -> Any:
        made = super().derive(rngs, how, *arguments)
        return nnx.clone(rngs) if how == "fork" else made


class ReseedDoesNothing(Moves):
    """A stream that is reseeded goes on as it was."""

    def reseed(self, thing: Any, seed: int) -> None:
        pass


_FAULTS: list[tuple[type[Moves], str]] = [
    (EvaluationAdvances, _COUNT),
    (CallAdvancesTwice, _COUNT),
    (CallRepeatsItsKey, _AGAIN),
    (EvaluationTrains, _EVALUATION),
    (JitLosesTheCount, _COUNT),
    (RestoreRestarts, _COUNT),
    (RestoreForgetsTheKey, f"{_ON}|{_AGAIN}"),
    (CloneRepeatsAKey, _COUNT),
    (LayersInStep, f"{_COUNT}|{_AGAIN}"),
]
if Moves().derives("fork"):
    _FAULTS.append((ForkRepeatsKeys, f"{_COUNT}|{_AGAIN}"))
if Moves().reseeds():
    _FAULTS.append((ReseedDoesNothing, f"{_COUNT}|{_AGAIN}|{_ON}"))


@pytest.mark.parametrize(("fault", "seen"), _FAULTS, ids=[fault.__name__ for fault, _ in _FAULTS])
def test_a_planted_fault_is_found(fault: type[Moves], seen: str) -> None:
    """It is found within the examples that the installed Flax is asked with."""
    with pytest.raises(AssertionError, match=seen):
        drive(fault())
