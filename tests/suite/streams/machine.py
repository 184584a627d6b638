"""Drives Rngs and models that hold Dropout through any order of moves, against the ledger.

After every move the count of every stream is the ledger's; whatever issues a key shows it, and the
ledger says whether it has to be a key that was seen, or must not be one. Moves that the installed
release lacks are not drawn, nor are those that it is known to get wrong, unless they are let in.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dropout_props.known import SHIPPED_LIST
from dropout_props.subjects.nnx import DERIVATION
from dropout_props.subjects.versions import version_of
from tests.suite.streams.ledger import Ledger, Stream
from tests.suite.streams.moves import NAMES, SPLIT_IS_FOLD, Moves

__all__ = ["CLAIMS", "LISTED", "Machine", "drive"]

CLAIMS = ("DP412", "DP413", "DP414")
"""Merging a snapshot later; reseeding what was built on 'default'; passing a stream on."""
LISTED = frozenset(
    claim
    for claim in CLAIMS
    for entry in SHIPPED_LIST
    if entry.concerns("nnx.Dropout", "nnx", claim, {"flax": version_of("flax")})
)
"""Those of them that the installed Flax is known to violate."""

_EVALUATED = b"\xff" * 8  # nothing dropped
_PARAMS, _FRESH, _RESEEDING = 10, 20, 30  # seeds of one kind do not occur in another
_SEEDS = st.integers(0, 2)


@dataclass
class Held:
    """One object that lives, and the streams that the model says it draws from."""

    thing: Any
    streams: dict[str, Stream]
    named: bool  # whether the streams have names, or one 'default' serves them all
    training: bool = True

    def stream(self, name: str) -> Stream:
        """Return the stream of a name, or the one that stands in for it."""
        return self.streams.get(name) or self.streams["default"]


def _origins(seed: int, *, named: bool) -> dict[str, int]:
    return {"params": seed + _PARAMS, "dropout": seed} if named else {"default": seed}


class Machine(RuleBasedStateMachine):
    """Faults and known deviations are let in by a subclass that sets these two.

    Attributes:
        moves: how Flax is asked.
        left_out: claims whose moves are not made.
    """

    moves = Moves()
    left_out = LISTED

    rngs = Bundle[Held]("rngs")
    models = Bundle[Held]("models")
    saved_rngs = Bundle[Held]("saved_rngs")
    saved_models = Bundle[Held]("saved_models")
    snapshots = Bundle[Held]("snapshots")

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.living: list[Held] = []

    def _live(self, thing: Any, streams: dict[str, Stream], like: Held) -> Held:
        held = Held(thing, streams, like.named, like.training)
        self.living.append(held)
        return held

    def _like(self, thing: Any, held: Held) -> Held:
        return self._live(thing, deepcopy(held.streams), held)

    @initialize(target=rngs, seed=_SEEDS, named=st.booleans())
    def begin(self, seed: int, named: bool) -> Held:
        return self._new_rngs(seed, named=named)

    @rule(target=rngs, seed=_SEEDS, named=st.booleans())
    def new_rngs(self, seed: int, named: bool) -> Held:
        return self._new_rngs(seed, named=named)

    def _new_rngs(self, seed: int, *, named: bool) -> Held:
        seeds = _origins(seed, named=named)
        streams = {name: Stream((value,)) for name, value in seeds.items()}
        held = Held(self.moves.rngs(seeds), streams, named)
        self.living.append(held)
        return held

    @rule(held=rngs, name=st.sampled_from(("dropout", "params")))
    def draw(self, held: Held, name: str) -> None:
        shown = self.moves.draw(held.thing, name, compiled=False)
        self.ledger.enter(held.stream(name).take(), shown)

    @rule(held=rngs)
    def compiled_draw(self, held: Held) -> None:
        shown = self.moves.draw(held.thing, "dropout", compiled=True)
        self.ledger.enter(held.stream("dropout").take(), shown)

    @rule(target=models, held=rngs, size=st.sampled_from((1, 2)))
    def build(self, held: Held, size: int) -> Held:
        model, stream = self.moves.build(held.thing, size), held.stream("dropout")
        forks = DERIVATION == "nnx fork"
        streams = {name: Stream(stream.take()) if forks else stream for name in NAMES[:size]}
        return self._live(model, streams, held)

    @rule(held=models, compiled=st.booleans())
    def call(self, held: Held, compiled: bool) -> None:
        shown = self.moves.call(held.thing, compiled=compiled)
        assert len(shown) == len(held.streams)
        for stream, mask in zip(held.streams.values(), shown, strict=True):
            if held.training:
                self.ledger.enter(stream.take(), mask)
            else:
                assert mask == _EVALUATED, "a call in evaluation dropped something"

    @rule(held=models, training=st.booleans())
    def switch(self, held: Held, training: bool) -> None:
        self.moves.switch(held.thing, training=training)
        held.training = training

    @rule(target=rngs, held=rngs)
    def clone_rngs(self, held: Held) -> Held:
        return self._like(self.moves.clone(held.thing), held)

    @rule(target=models, held=models)
    def clone_model(self, held: Held) -> Held:
        return self._like(self.moves.clone(held.thing), held)

    @rule(held=st.one_of(rngs, models))
    def split_and_merge(self, held: Held) -> None:
        held.thing = self.moves.merge(self.moves.split(held.thing))
        held.streams = deepcopy(held.streams)

    @precondition(lambda self: "DP412" not in self.left_out)
    @rule(target=snapshots, held=models)
    def snapshot(self, held: Held) -> Held:
        parts = self.moves.split(held.thing)
        return Held(parts, deepcopy(held.streams), held.named, held.training)

    @precondition(lambda self: "DP412" not in self.left_out)
    @rule(target=models, snapshot=snapshots)
    def merge_snapshot(self, snapshot: Held) -> Held:
        return self._like(self.moves.merge(snapshot.thing), snapshot)

    @rule(target=saved_rngs, held=rngs)
    def save_rngs(self, held: Held) -> Held:
        return self._saved(held)

    @rule(target=saved_models, held=models)
    def save_model(self, held: Held) -> Held:
        return self._saved(held)

    def _saved(self, held: Held) -> Held:
        return Held(self.moves.save(held.thing), deepcopy(held.streams), held.named)

    @rule(target=rngs, saved=saved_rngs)
    def restore_rngs(self, saved: Held) -> Held:
        fresh = self.moves.rngs(_origins(_FRESH, named=saved.named))
        return self._like(self.moves.restore(fresh, saved.thing), saved)

    @rule(target=models, saved=saved_models)
    def restore_model(self, saved: Held) -> Held:
        fresh = self.moves.rngs(_origins(_FRESH, named=saved.named))
        model = self.moves.build(fresh, len(saved.streams))
        return self._like(self.moves.restore(model, saved.thing), saved)

    @precondition(lambda self: self.moves.reseeds())
    @rule(held=st.one_of(rngs, models), seed=_SEEDS)
    def reseed(self, held: Held, seed: int) -> None:
        is_model = "first" in held.streams
        if not held.named and (not is_model or "DP413" in self.left_out):
            return
        self.moves.reseed(held.thing, seed + _RESEEDING)
        own = held.streams.values() if is_model else [held.stream("dropout")]
        for number, stream in enumerate({id(each): each for each in own}.values()):
            stream.restart(("reseeded", seed + _RESEEDING, number))

    @precondition(lambda self: self.moves.derives("fork"))
    @rule(target=rngs, held=rngs)
    def fork(self, held: Held) -> Held:
        forked = self.moves.derive(held.thing, "fork")
        streams = {name: Stream(stream.take()) for name, stream in held.streams.items()}
        return self._live(forked, streams, held)

    @precondition(lambda self: self.moves.derives("split"))
    @rule(target=rngs, held=rngs)
    def split_rows(self, held: Held) -> MultipleResults[Held]:
        batch = self.moves.derive(held.thing, "split", 2)
        keys = {name: stream.take() for name, stream in held.streams.items()}
        rows: list[tuple[object, ...]] = [(0,), (1,)] if SPLIT_IS_FOLD else [("row", 0), ("row", 1)]
        return multiple(
            *(
                self._live(
                    self.moves.row(batch, number),
                    {name: Stream((*key, *row)) for name, key in keys.items()},
                    held,
                )
                for number, row in enumerate(rows)
            )
        )

    @precondition(lambda self: self.moves.derives("broadcast"))
    @rule(target=rngs, held=rngs)
    def broadcast_rows(self, held: Held) -> MultipleResults[Held]:
        batch = self.moves.derive(held.thing, "broadcast", 2)
        keys = {name: stream.take() for name, stream in held.streams.items()}
        return multiple(
            *(
                self._live(
                    self.moves.row(batch, number),
                    {name: Stream(key) for name, key in keys.items()},
                    held,
                )
                for number in range(2)
            )
        )

    @precondition(lambda self: self.moves.derives("split") and "DP414" not in self.left_out)
    @rule(held=rngs, how=st.sampled_from(("split", "broadcast")))
    def pass_on(self, held: Held, how: str) -> None:
        if not held.named:
            return
        copy, stream = self.moves.clone(held.thing), deepcopy(held.stream("dropout"))
        passed = self.moves.derive(copy, how, {"params": 2, "dropout": None})
        self.ledger.enter(stream.take(), self.moves.draw(passed, "dropout", compiled=False))

    @invariant()
    def counts_are_the_ledgers(self) -> None:
        for held in self.living:
            told = self.moves.counts(held.thing)
            issued = {name: stream.position for name, stream in held.streams.items()}
            assert told == issued, f"the streams count {told}, and issued {issued}"


def drive(
    moves: Moves, left_out: frozenset[str] = LISTED, *, examples: int = 30, shrinks: bool = False
) -> None:
    """Drives the moves, on the same examples every time.

    Args:
        moves: how Flax is asked.
        left_out: claims whose moves are not made.
        examples: how many orders of moves.
        shrinks: whether a violation is shown by its shortest order.

    Raises:
        AssertionError: a violation.
    """
    machine = type("Driven", (Machine,), {"moves": moves, "left_out": left_out})
    phases = (Phase.generate, Phase.shrink) if shrinks else (Phase.generate,)
    run_state_machine_as_test(
        machine,
        settings=settings(
            derandomize=True,
            max_examples=examples,
            stateful_step_count=25,
            phases=phases,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=(HealthCheck.too_slow,),  # the first examples compile
        ),
    )
