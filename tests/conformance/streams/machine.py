"""The state machine: makes moves on Rngs and on models with Dropout, and compares with the ledger.

After every move, the count of every stream must be that of the ledger. Every issued key enters the
ledger by its mask, and the ledger knows whether the key must be new or equal an earlier one. The
machine makes no move that the installed release lacks, nor one with a known deviation, unless a
test includes it.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
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

from dropout_props.subjects.nnx.adapter import DERIVATION
from tests.conformance.streams.ledger import Ledger, Path, Stream
from tests.conformance.streams.moves import NAMES, SPLIT_ENDS, Moves
from tests.conformance.streams.tracked import KNOWN, Snapshot, Tracked

__all__ = ["Machine", "drive"]

EXAMPLES, STEPS = 60, 40
_EVALUATED = b"\xff" * 8  # nothing dropped
_PARAMS, _FRESH, _RESEEDING = 10, 20, 30  # seeds of one kind do not occur in another
_SEEDS, _SIZES, _ROWS = st.integers(0, 2), st.sampled_from((1, 2)), 2


def _origins(seed: int, *, named: bool) -> dict[str, int]:
    return {"params": seed + _PARAMS, "dropout": seed} if named else {"default": seed}


class Machine(RuleBasedStateMachine):
    """The state machine; `drive` makes a subclass that sets these two attributes.

    Attributes:
        moves: makes the moves on Flax, or on a faulty Flax.
        left_out: properties whose moves the machine does not make.
    """

    moves = Moves()
    left_out = KNOWN

    rngs = Bundle[Tracked]("rngs")
    models = Bundle[Tracked]("models")
    saved = Bundle[Snapshot]("saved")
    snapshots = Bundle[Snapshot]("snapshots")

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.living: list[Tracked] = []

    def _live(self, thing: Any, streams: dict[str, Stream], like: Tracked) -> Tracked:
        tracked = Tracked(thing, streams, like.named, like.training)
        self.living.append(tracked)
        return tracked

    def _like(self, thing: Any, tracked: Tracked) -> Tracked:
        return self._live(thing, deepcopy(tracked.streams), tracked)

    @initialize(target=rngs, seed=_SEEDS)
    def named_rngs(self, seed: int) -> Tracked:
        """Make a set of streams with names."""
        return self._new_rngs(seed, named=True)

    @initialize(target=rngs, seed=_SEEDS)
    def default_rngs(self, seed: int) -> Tracked:
        """Make a set that has only the stream 'default'."""
        return self._new_rngs(seed, named=False)

    @initialize(target=models, seed=_SEEDS, named=st.booleans(), size=_SIZES)
    def model(self, seed: int, named: bool, size: int) -> Tracked:
        """Make a model on a set of its own."""
        return self._new_model(self._new_rngs(seed, named=named), size)

    def _new_rngs(self, seed: int, *, named: bool) -> Tracked:
        seeds = _origins(seed, named=named)
        streams = {name: Stream((value,)) for name, value in seeds.items()}
        tracked = Tracked(self.moves.rngs(seeds), streams, named)
        self.living.append(tracked)
        return tracked

    @rule(tracked=rngs, name=st.sampled_from(("dropout", "params")), compiled=st.booleans())
    def draw(self, tracked: Tracked, name: str, compiled: bool) -> None:
        """Draw a key from a set."""
        self._draw(tracked, name, compiled=compiled)

    def _draw(self, tracked: Tracked, name: str, *, compiled: bool = False) -> None:
        shown = self.moves.draw(tracked.thing, name, compiled=compiled)
        self.ledger.enter(tracked.stream(name).take(), shown)

    @rule(target=models, tracked=rngs, size=_SIZES)
    def build(self, tracked: Tracked, size: int) -> Tracked:
        """Build a model on a set; since 0.11 each layer forks its stream."""
        return self._new_model(tracked, size)

    def _new_model(self, tracked: Tracked, size: int) -> Tracked:
        model, stream = self.moves.build(tracked.thing, size), tracked.stream("dropout")
        forks = DERIVATION == "nnx fork"
        streams = {name: Stream(stream.take()) if forks else stream for name in NAMES[:size]}
        return self._live(model, streams, tracked)

    @rule(tracked=models, compiled=st.booleans())
    def call(self, tracked: Tracked, compiled: bool) -> None:
        """Call a model: each layer issues a key in training, and none in evaluation."""
        self._call(tracked, compiled=compiled)

    def _call(self, tracked: Tracked, *, compiled: bool = False) -> None:
        shown = self.moves.call(tracked.thing, compiled=compiled)
        assert len(shown) == len(tracked.streams)
        for stream, mask in zip(tracked.streams.values(), shown, strict=True):
            if tracked.training:
                self.ledger.enter(stream.take(), mask)
            else:
                assert mask == _EVALUATED, "a call in evaluation dropped units"

    def _use(self, tracked: Tracked) -> None:
        if tracked.is_model:
            self._call(tracked)
        else:
            self._draw(tracked, "dropout")

    @rule(tracked=models, training=st.booleans())
    def switch(self, tracked: Tracked, training: bool) -> None:
        """Set the mode, which issues no key."""
        self.moves.switch(tracked.thing, training=training)
        tracked.training = training

    @rule(target=rngs, tracked=rngs)
    def clone_rngs(self, tracked: Tracked) -> Tracked:
        """Clone a set; the clone issues the keys that the original would issue."""
        return self._like(self.moves.clone(tracked.thing), tracked)

    @rule(target=models, tracked=models)
    def clone_model(self, tracked: Tracked) -> Tracked:
        """Clone a model; the clone issues the keys that the original would issue."""
        return self._like(self.moves.clone(tracked.thing), tracked)

    @rule(tracked=st.one_of(rngs, models))
    def split_and_merge(self, tracked: Tracked) -> None:
        """Split and merge an object, which goes on."""
        tracked.thing = self.moves.merge(self.moves.split(tracked.thing))
        tracked.streams = deepcopy(tracked.streams)

    @precondition(lambda self: "DP412" not in self.left_out)
    @rule(target=snapshots, tracked=models)
    def snapshot(self, tracked: Tracked) -> Snapshot:
        """Take a snapshot in memory, and use the model."""
        parts = self.moves.split(tracked.thing)
        snapshot = Snapshot(tracked, parts, deepcopy(tracked.streams), tracked.training)
        self._use(tracked)
        return snapshot

    @precondition(lambda self: "DP412" not in self.left_out)
    @rule(snapshot=snapshots)
    def back_to_snapshot(self, snapshot: Snapshot) -> None:
        """Put a model back to a snapshot."""
        self._back(snapshot, self.moves.merge(snapshot.parts))

    @rule(target=saved, tracked=st.one_of(rngs, models))
    def save(self, tracked: Tracked) -> Snapshot:
        """Save the state to host arrays, and use the object."""
        snapshot = Snapshot(
            tracked, self.moves.save(tracked.thing), deepcopy(tracked.streams), training=True
        )
        self._use(tracked)
        return snapshot

    @rule(snapshot=saved)
    def restore(self, snapshot: Snapshot) -> None:
        """Build the object again on another key, and load the saved state."""
        fresh = self.moves.rngs(_origins(_FRESH, named=snapshot.tracked.named))
        if snapshot.tracked.is_model:
            fresh = self.moves.build(fresh, len(snapshot.streams))
        self._back(snapshot, self.moves.restore(fresh, snapshot.parts))
        self._use(snapshot.tracked)

    def _back(self, snapshot: Snapshot, thing: Any) -> None:
        snapshot.tracked.thing = thing
        snapshot.tracked.streams = deepcopy(snapshot.streams)
        snapshot.tracked.training = snapshot.training

    @precondition(lambda self: self.moves.reseeds())
    @rule(tracked=st.one_of(rngs, models), seed=_SEEDS)
    def reseed(self, tracked: Tracked, seed: int) -> None:
        """Reseed the streams of a model, or 'dropout' of a set."""
        if not tracked.named and (not tracked.is_model or "DP413" in self.left_out):
            return
        self.moves.reseed(tracked.thing, seed + _RESEEDING)
        own = tracked.streams.values() if tracked.is_model else [tracked.stream("dropout")]
        for number, stream in enumerate({id(each): each for each in own}.values()):
            stream.restart(("reseeded", seed + _RESEEDING, number))
        self._use(tracked)

    @precondition(lambda self: self.moves.derives("fork"))
    @rule(target=rngs, tracked=rngs)
    def fork(self, tracked: Tracked) -> Tracked:
        """Fork a set: each stream issues one key, which the fork is made from."""
        forked = self.moves.derive(tracked.thing, "fork")
        streams = {name: Stream(stream.take()) for name, stream in tracked.streams.items()}
        return self._live(forked, streams, tracked)

    @precondition(lambda self: self.moves.derives("split") and self.moves.derives("broadcast"))
    @rule(target=rngs, tracked=rngs, how=st.sampled_from(("split", "broadcast")))
    def rows(self, tracked: Tracked, how: str) -> MultipleResults[Tracked]:
        """Split or broadcast a set: each stream issues one key, and each row of it makes a set."""
        batch = self.moves.derive(tracked.thing, how, _ROWS)
        keys = {name: stream.take() for name, stream in tracked.streams.items()}
        ends: list[Path] = [()] * _ROWS if how == "broadcast" else SPLIT_ENDS[:_ROWS]
        return multiple(
            *(
                self._live(
                    self.moves.row(batch, row),
                    {name: Stream((*key, *end)) for name, key in keys.items()},
                    tracked,
                )
                for row, end in enumerate(ends)
            )
        )

    @precondition(lambda self: self.moves.derives("split") and "DP414" not in self.left_out)
    @rule(tracked=rngs, how=st.sampled_from(("split", "broadcast")))
    def pass_on(self, tracked: Tracked, how: str) -> None:
        """Pass a stream on unchanged: it goes on in the new set."""
        if not tracked.named:
            return
        copy, stream = self.moves.clone(tracked.thing), deepcopy(tracked.stream("dropout"))
        passed = self.moves.derive(copy, how, {"params": 2, "dropout": None})
        self.ledger.enter(stream.take(), self.moves.draw(passed, "dropout", compiled=False))

    @invariant()
    def counts_are_the_ledgers(self) -> None:
        """Every stream has issued the number of keys in the ledger."""
        for tracked in self.living:
            counts = self.moves.counts(tracked.thing)
            issued = {name: stream.position for name, stream in tracked.streams.items()}
            assert counts == issued, f"the streams count {counts}, and issued {issued}"


def drive(
    moves: Moves, left_out: frozenset[str] = KNOWN, *, run_seed: int = 0, shrinks: bool = False
) -> None:
    """Run the machine; one run seed always gives the same orders of moves.

    Args:
        moves: makes the moves.
        left_out: properties whose moves the machine does not make.
        run_seed: selects the orders.
        shrinks: shrink a violation to a short order.

    Raises:
        AssertionError: a violation.
    """
    machine = type("Driven", (Machine,), {"moves": moves, "left_out": left_out})
    run_state_machine_as_test(
        seed(run_seed)(machine),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            phases=(Phase.generate, Phase.shrink) if shrinks else (Phase.generate,),
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=(HealthCheck.too_slow,),  # the first examples compile
        ),
    )
