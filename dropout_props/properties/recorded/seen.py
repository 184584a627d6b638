"""A record as the properties read it: plain data, and what follows from it about steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from dropout_props.recording import Alone, Draw, ModuleCall, Note, Place, Site

__all__ = [
    "COINS",
    "EVALUATION",
    "Seen",
    "by_name",
    "declared",
    "is_dropout",
    "looks_like_dropout",
    "where",
]

EVALUATION = -1
"""The number of the step of what ran in `record.evaluate`."""

COINS = ("bernoulli", "uniform", "bits")
ATTENTION, DROPS = "Attention", "drop"


def declared(site: Site | ModuleCall) -> float | None:
    """Return the rate that a module declares, if it can be one: in [0, 1)."""
    rate = site.declared_rate
    return rate if rate is not None and 0.0 <= rate < 1.0 else None


def looks_like_dropout(module: str) -> bool:
    """Say whether a class is named like one that drops units, or like attention."""
    return DROPS in module.lower() or ATTENTION in module


def is_dropout(site: Site) -> bool:
    """Say whether a site draws a mask: coins, or uniform numbers in a module with a rate.

    In a module with a rate that is named like dropout, any other draw is one too: the noise of
    Gaussian dropout, the order by which tokens are dropped.
    """
    if site.phase == "init" or site.splits:
        return False
    of_rate = declared(site) is not None
    noise = of_rate and DROPS in site.module.lower()
    return site.sampler == "bernoulli" or noise or (of_rate and site.sampler in COINS)


def where(place: Place) -> str:
    """Name a place, with file and line."""
    return f"{place.name} ({Path(place.file).name}:{place.line})"


@dataclass(frozen=True)
class Seen:
    """Everything that was recorded.

    Args:
        draws: every executed draw.
        splits: every executed split.
        sites: every site that was traced.
        module_calls: calls of modules that declare a rate.
        loops: where each loop was, by its number.
        runs_over: what a scan runs over, `layers` or `inputs`, by its number, if shapes say it.
        marked: how many steps were marked.
        layers_alone: for a site, what its layer did when it was called alone, where it can be.
        evaluations: for each evaluation, whether its two results agreed.
        notes: what the recorder could not see.
        conditional: the ids of sites in a branch, or in a loop that may have no trip: in a step in
            which they draw nothing, they may not have run.
        equal_roots: for the class of a Linen model, two of its streams that have one root key.
        memo: what was computed from all this, by whoever computed it.
    """

    draws: tuple[Draw, ...]
    splits: tuple[Draw, ...]
    sites: tuple[Site, ...]
    module_calls: tuple[ModuleCall, ...]
    loops: Mapping[int, Place] = field(default_factory=dict)
    runs_over: Mapping[int, str] = field(default_factory=dict)
    marked: int = 0
    layers_alone: Mapping[int, Alone] = field(default_factory=dict)
    evaluations: tuple[bool, ...] = ()
    notes: tuple[Note, ...] = ()
    conditional: frozenset[int] = frozenset()
    equal_roots: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    memo: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def consumed(self) -> tuple[Draw, ...]:
        """Each draw once: without replays, unless a replay alone was executed."""
        return tuple(group[0] for group in self.replays.values())

    @cached_property
    def replays(self) -> Mapping[Any, list[Draw]]:
        """The executions of each draw, the first one before its replays."""
        found: dict[Any, list[Draw]] = defaultdict(list)
        for draw in self.draws:
            if draw.site.phase != "backward":
                found[draw.step, draw.run, draw.instance[:-1]].append(draw)
        for group in found.values():
            group.sort(key=lambda draw: draw.replay)
        return found

    @cached_property
    def masks(self) -> tuple[Draw, ...]:
        """The draws of masks in training: not of initialisation, nor of an evaluation."""
        return tuple(d for d in self.consumed if is_dropout(d.site) and d.step != EVALUATION)

    def drops(self, site: Site) -> bool | None:
        """Say whether a coin of 1 drops its unit, as the layer showed alone; None if it did not."""
        alone = self.layers_alone.get(site.id)
        return None if alone is None else alone.drops

    def keeps(self, draw: Draw) -> float | None:
        """Return the probability to keep a unit in the program; None if that is no one number.

        A coin of which it was not shown what it means is taken as one that keeps its unit.
        """
        if not isinstance(draw.probability, float):
            return None
        return 1 - draw.probability if self.drops(draw.site) else draw.probability

    @cached_property
    def backward(self) -> tuple[Draw, ...]:
        """The draws of hand-written backward passes."""
        return tuple(d for d in self.draws if d.site.phase == "backward")

    @cached_property
    def of_site(self) -> Mapping[int, list[Draw]]:
        """The masks of each site."""
        found: dict[int, list[Draw]] = defaultdict(list)
        for draw in self.masks:
            found[draw.site.id].append(draw)
        return found

    def step_of(self, draw: Draw) -> int:
        """Return the step of a draw: as marked, or else how often its program had run."""
        return draw.step if self.marked else draw.run

    @cached_property
    def drawn_steps(self) -> tuple[int, ...]:
        """The steps in which a mask was drawn, in order."""
        return tuple(sorted({self.step_of(draw) for draw in self.masks}))

    @cached_property
    def all_steps(self) -> range:
        """The steps that there were, drawn in or not.

        Steps are marked at their start or at their end. A mask before the first mark says that it
        is at the end; the part after the last mark is then a step if something was drawn in it.
        """
        drawn = self.drawn_steps
        if not self.marked or not drawn:
            return range(drawn[0], drawn[-1] + 1) if drawn else range(self.marked)
        if drawn[0] == 0:
            return range(max(self.marked, drawn[-1] + 1))
        return range(1, self.marked + 1)

    def number_of(self, step: int) -> int:
        """Return the number of a step, counted from 0."""
        return step - (self.all_steps.start if self.marked else 0)

    @cached_property
    def calls(self) -> tuple[ModuleCall, ...]:
        """Calls of modules that drop units, in training."""
        return tuple(
            c for c in self.module_calls if c.place.phase == "run" and looks_like_dropout(c.module)
        )


def by_name(calls: Iterable[ModuleCall]) -> dict[str, list[ModuleCall]]:
    """Group calls by the path of their module."""
    found: dict[str, list[ModuleCall]] = defaultdict(list)
    for call in calls:
        found[call.place.name].append(call)
    return found
