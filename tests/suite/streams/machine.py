"""Drives Rngs and models that hold Dropout through any order of moves, against the ledger.

After every move the count of every stream is the ledger's; whatever issues a key shows it, and the
ledger says whether it has to be a key that was seen, or must not be one. Moves that the installed
release lacks are not drawn, nor are those that it is known to get wrong, unless they are let in.
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
from tests.suite.streams.held import LISTED, Held, Kept
from tests.suite.streams.ledger import Ledger, Path, Stream
from tests.suite.streams.moves import NAMES, SPLIT_ENDS, Moves

__all__ = ["Machine", "drive"]

EXAMPLES, STEPS = 60, 40
_EVALUATED = b"\xff" * 8  # nothing dropped
_PARAMS, _FRESH, _RESEEDING = 10, 20, 30  # seeds of one kind do not occur in another
_SEEDS, _SIZES, _ROWS = st.integers(0, 2), st.sampled_from((1, 2)), 2


def _origins(seed: int, *, named: bool) -> dict[str, int]:
    return {"params": seed + _PARAMS, "dropout": seed} if named else {"default": seed}


class Machine(RuleBasedStateMachine):
    """Faults and known deviations are let in by a subclass that sets these two.

    Attributes:
        moves: how Flax is asked.
        left_out: properties whose moves are not made.
    """

    moves = Moves()
    left_out = LISTED

    rngs = Bundle[Held]("rngs")
    models = Bundle[Held]("models")
    saved = Bundle[Kept]("saved")
    snapshots = Bundle[Kept]("snapshots")

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

    @initialize(target=rngs, seed=_SEEDS)
    def named_rngs(self, seed: int) -> Held:
        """A set whose streams have names."""
        return self._new_rngs(seed, named=True)

    @initialize(target=rngs, seed=_SEEDS)
    def default_rngs(self, seed: int) -> Held:
        """A set of the stream 'default' alone."""
        return self._new_rngs(seed, named=False)

    @initialize(target=models, seed=_SEEDS, named=st.booleans(), size=_SIZES)
    def model(self, seed: int, named: bool, size: int) -> Held:
        """A model on a set that nothing else draws from."""
        return self._new_model(self._new_rngs(seed, named=named), size)

    def _new_rngs(self, seed: int, *, named: bool) -> Held:
        seeds = _origins(seed, named=named)
        streams = {name: Stream((value,)) for name, value in seeds.items()}
        held = Held(self.moves.rngs(seeds), streams, named)
        self.living.append(held)
        return held

    @rule(held=rngs, name=st.sampled_from(("dropout", "params")), compiled=st.booleans())
    def draw(self, held: Held, name: str, compiled: bool) -> None:
        """A key from a set itself."""
        self._draw(held, name, compiled=compiled)

    def _draw(self, held: Held, name: str, *, compiled: bool = False) -> None:
        shown = self.moves.draw(held.thing, name, compiled=compiled)
        self.ledger.enter(held.stream(name).take(), shown)

    @rule(target=models, held=rngs, size=_SIZES)
    def build(self, held: Held, size: int) -> Held:
        """A model on a set; since 0.11 each layer forks its stream."""
        return self._new_model(held, size)

    def _new_model(self, held: Held, size: int) -> Held:
        model, stream = self.moves.build(held.thing, size), held.stream("dropout")
        forks = DERIVATION == "nnx fork"
        streams = {name: Stream(stream.take()) if forks else stream for name in NAMES[:size]}
        return self._live(model, streams, held)

    @rule(held=models, compiled=st.booleans())
    def call(self, held: Held, compiled: bool) -> None:
        """Each layer issues a key in training, and none in evaluation."""
        self._call(held, compiled=compiled)

    def _call(self, held: Held, *, compiled: bool = False) -> None:
        shown = self.moves.call(held.thing, compiled=compiled)
        assert len(shown) == len(held.streams)
        for stream, mask in zip(held.streams.values(), shown, strict=True):
            if held.training:
                self.ledger.enter(stream.take(), mask)
            else:
                assert mask == _EVALUATED, "a call in evaluation dropped something"

    def _use(self, held: Held) -> None:
        if held.is_model:
            self._call(held)
        else:
            self._draw(held, "dropout")

    @rule(held=models, training=st.booleans())
    def switch(self, held: Held, training: bool) -> None:
        """The mode issues nothing."""
        self.moves.switch(held.thing, training=training)
        held.training = training

    @rule(target=rngs, held=rngs)
    def clone_rngs(self, held: Held) -> Held:
        """A copy issues what the first would have."""
        return self._like(self.moves.clone(held.thing), held)

    @rule(target=models, held=models)
    def clone_model(self, held: Held) -> Held:
        """A copy calls as the first would have."""
        return self._like(self.moves.clone(held.thing), held)

    @rule(held=st.one_of(rngs, models))
    def split_and_merge(self, held: Held) -> None:
        """What is merged at once goes on."""
        held.thing = self.moves.merge(self.moves.split(held.thing))
        held.streams = deepcopy(held.streams)

    @precondition(lambda self: "DP412" not in self.left_out)
    @rule(target=snapshots, held=models)
    def snapshot(self, held: Held) -> Kept:
        """Keeps a snapshot in memory; the model lives on."""
        parts = self.moves.split(held.thing)
        kept = Kept(held, parts, deepcopy(held.streams), held.training)
        self._use(held)
        return kept

    @precondition(lambda self: "DP412" not in self.left_out)
    @rule(kept=snapshots)
    def back_to_snapshot(self, kept: Kept) -> None:
        """The model is what it was at the snapshot."""
        self._back(kept, self.moves.merge(kept.parts))

    @rule(target=saved, held=st.one_of(rngs, models))
    def save(self, held: Held) -> Kept:
        """Keeps arrays of the host; the object lives on."""
        kept = Kept(held, self.moves.save(held.thing), deepcopy(held.streams), training=True)
        self._use(held)
        return kept

    @rule(kept=saved)
    def restore(self, kept: Kept) -> None:
        """The object is built anew, on another key, and goes on from the save."""
        fresh = self.moves.rngs(_origins(_FRESH, named=kept.held.named))
        if kept.held.is_model:
            fresh = self.moves.build(fresh, len(kept.streams))
        self._back(kept, self.moves.restore(fresh, kept.parts))
        self._use(kept.held)

    def _back(self, kept: Kept, thing: Any) -> None:
        kept.held.thing = thing
        kept.held.streams = deepcopy(kept.streams)
        kept.held.training = kept.training

    @precondition(lambda self: self.moves.reseeds())
    @rule(held=st.one_of(rngs, models), seed=_SEEDS)
    def reseed(self, held: Held, seed: int) -> None:
        """The stream of a model, or 'dropout' of a set, starts again on another key."""
        if not held.named and (not held.is_model or "DP413" in self.left_out):
            return
        self.moves.reseed(held.thing, seed + _RESEEDING)
        own = held.streams.values() if held.is_model else [held.stream("dropout")]
        for number, stream in enumerate({id(each): each for each in own}.values()):
            stream.restart(("reseeded", seed + _RESEEDING, number))
        self._use(held)

    @precondition(lambda self: self.moves.derives("fork"))
    @rule(target=rngs, held=rngs)
    def fork(self, held: Held) -> Held:
        """Each stream gives one key to the stream that is forked."""
        forked = self.moves.derive(held.thing, "fork")
        streams = {name: Stream(stream.take()) for name, stream in held.streams.items()}
        return self._live(forked, streams, held)

    @precondition(lambda self: self.moves.derives("split") and self.moves.derives("broadcast"))
    @rule(target=rngs, held=rngs, how=st.sampled_from(("split", "broadcast")))
    def rows(self, held: Held, how: str) -> MultipleResults[Held]:
        """Each stream gives one key, and every row of it makes a set."""
        batch = self.moves.derive(held.thing, how, _ROWS)
        keys = {name: stream.take() for name, stream in held.streams.items()}
        ends: list[Path] = [()] * _ROWS if how == "broadcast" else SPLIT_ENDS[:_ROWS]
        return multiple(
            *(
                self._live(
                    self.moves.row(batch, row),
                    {name: Stream((*key, *end)) for name, key in keys.items()},
                    held,
                )
                for row, end in enumerate(ends)
            )
        )

    @precondition(lambda self: self.moves.derives("split") and "DP414" not in self.left_out)
    @rule(held=rngs, how=st.sampled_from(("split", "broadcast")))
    def pass_on(self, held: Held, how: str) -> None:
        """A stream that is not split goes on in the set that it is passed to."""
        if not held.named:
            return
        copy, stream = self.moves.clone(held.thing), deepcopy(held.stream("dropout"))
        passed = self.moves.derive(copy, how, {"params": 2, "dropout": None})
        self.ledger.enter(stream.take(), self.moves.draw(passed, "dropout", compiled=False))

    @invariant()
    def counts_are_the_ledgers(self) -> None:
        """No stream issued more or less than it should have."""
        for held in self.living:
            told = self.moves.counts(held.thing)
            issued = {name: stream.position for name, stream in held.streams.items()}
            assert told == issued, f"the streams count {told}, and issued {issued}"


def drive(
    moves: Moves, left_out: frozenset[str] = LISTED, *, run_seed: int = 0, shrinks: bool = False
) -> None:
    """Drives the moves through orders of them; one run seed gives the same orders every time.

    Args:
        moves: how Flax is asked.
        left_out: properties whose moves are not made.
        run_seed: gives the orders.
        shrinks: whether a violation is shown by its shortest order.

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
