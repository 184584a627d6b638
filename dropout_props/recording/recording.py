"""A record: the draws, the sites and the module calls of what ran inside of `recording()`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dropout_props.recording.delivery import wait_for_reports
from dropout_props.recording.expand import draws_of
from dropout_props.recording.journal import LARGEST_MASKS
from dropout_props.recording.layers import Alone, alone
from dropout_props.recording.masks import masks
from dropout_props.recording.notes import Note
from dropout_props.recording.records import Draw
from dropout_props.recording.session import Session
from dropout_props.recording.sites import ModuleCall, Place, Site

NOT_SEEN = (
    "draws of this site are not seen: JAX could not call back from where it is compiled ({})."
)
TOO_MANY_MASKS = (
    f"masks of keys whose bits depend on the compiled program are kept up to {LARGEST_MASKS >> 20}"
    " MiB: later ones are missing, though their draws are recorded. Record fewer steps, or use"
    " threefry keys."
)


@dataclass(slots=True)
class Recording:
    """What was recorded so far; complete once the block has been left.

    Attributes:
        environment: versions and settings of the run, by name.
    """

    environment: dict[str, str]
    _session: Session
    _open: bool = True
    _all: list[Draw] = field(default_factory=list)
    _runs: Counter[tuple[object, ...]] = field(default_factory=Counter)

    @property
    def draws(self) -> tuple[Draw, ...]:
        """Every executed draw; splits are in `splits`.

        Reports arrive in any order. The order here is that of steps, runs, places in the traced
        program, trips, lanes and devices, and is the same each time.
        """
        return tuple(draw for draw in self._everything() if not draw.site.splits)

    @property
    def splits(self) -> tuple[Draw, ...]:
        """Every executed `split`: `key` is the parent, the shape of the site that of the keys."""
        return tuple(draw for draw in self._everything() if draw.site.splits)

    @property
    def sites(self) -> tuple[Site, ...]:
        """Every site that draws and was traced, whether or not it was executed."""
        return tuple(site for site in self._session.sites.values() if not site.splits)

    @property
    def not_executed(self) -> tuple[Site, ...]:
        """Sites that were traced, and of which no draw was executed; those in `unseen` are not."""
        out = {draw.site.id for draw in self._everything()} | {site.id for site in self.unseen}
        return tuple(site for site in self.sites if site.id not in out)

    @property
    def unseen(self) -> tuple[Site, ...]:
        """Sites of which some draws could not report; they may have run any number of times."""
        points = self._session.points
        found = {points[point].id: points[point] for point in self._session.journal.unseen}
        return tuple(site for site in found.values() if not site.splits)

    @property
    def conditional(self) -> tuple[Site, ...]:
        """Sites that are in a branch, or in a loop that may have no trip, wherever traced."""
        return tuple(s for s in self.sites if s.id not in self._session.unconditional)

    @property
    def equal_roots(self) -> dict[str, tuple[str, ...]]:
        """For the class of a Linen model, two of its streams that have one root key."""
        return {model: pair for model, pair in self._session.equal_roots.items() if pair}

    @property
    def notes(self) -> tuple[Note, ...]:
        """What this record cannot see; what it does show is right all the same."""
        points = self._session.points
        found = {
            points[point].id: Note(
                "draw", NOT_SEEN.format(reason.rstrip(".")), points[point].place, points[point]
            )
            for point, reason in self._session.journal.unseen.items()
        }
        self._everything()
        return (*self._session.notes.values(), *found.values())

    @property
    def module_calls(self) -> tuple[ModuleCall, ...]:
        """Calls of modules that declare a rate, whether or not they drew."""
        return tuple(self._session.module_calls.values())

    @property
    def errors(self) -> tuple[str, ...]:
        """What went wrong while recording; empty in a record that can be trusted."""
        return tuple(self._session.journal.errors)

    @property
    def steps(self) -> int:
        """How many steps were marked."""
        return self._session.journal.step

    @property
    def loops(self) -> dict[int, Place]:
        """Where each loop was, by its number in `Iteration`."""
        return dict(self._session.loops)

    @property
    def runs_over(self) -> dict[int, str]:
        """What scans run over, `layers` or `inputs`, by their number, where the shapes say it."""
        return dict(self._session.runs_over)

    @contextmanager
    def as_step(self, number: int) -> Iterator[None]:
        """Let what runs in the block belong to a step of that number, and to no other."""
        wait_for_reports(self._session.journal.error)
        before, self._session.journal.step = self._session.journal.step, number
        try:
            yield
            wait_for_reports(self._session.journal.error)
        finally:
            self._session.journal.step = before

    def layer_alone(self, site: Site, run_seed: int = 0) -> Alone | None:
        """Call the layer of a site alone on ones, with a few keys.

        Returns:
            What it did; None where the layer cannot be called alone.
        """
        layer = self._session.layers.get(site.id)
        if layer is None:
            return None
        with self._session.unseen():
            return alone(layer, run_seed)

    def mark_step(self) -> None:
        """End a step: wait for what has run, and count what comes as the next step."""
        wait_for_reports(self._session.journal.error)
        self._session.journal.step += 1

    def mask(self, draw: Draw) -> np.ndarray[Any, Any]:
        """Make the mask of one draw again: bool[*shape], True where a unit is kept.

        Raises:
            RecordingError: it cannot be made again.
        """
        return self.masks([draw])[0]

    def masks(self, draws: Sequence[Draw]) -> np.ndarray[Any, Any]:
        """Make the masks of draws of one shape again: bool[len(draws), *shape].

        Raises:
            RecordingError: one of them cannot be made again.
        """
        with self._session.unseen():
            return masks(draws)

    def close(self) -> None:
        """Say that nothing more will be reported."""
        self._open = False

    def _everything(self) -> list[Draw]:
        """Read the reports that have come since the last time."""
        if self._open:
            wait_for_reports(self._session.journal.error)
        events = self._session.journal.take()
        for event in events:
            if event.meta.carries and event.arrays[0].bits is None:
                self._session.note("masks", TOO_MANY_MASKS)
            self._all.extend(draws_of(event, self._session, self._runs))
        if events:
            self._all.sort(key=_order)
        return self._all


def _order(draw: Draw) -> tuple[Any, ...]:
    """Put draws in an order that does not depend on when they were reported."""
    return (
        draw.step,
        draw.run,
        tuple(call.number for call in draw.calls),
        draw.point,
        draw.replay,
        tuple((trip.loop, trip.index) for trip in draw.loops),
        tuple(-1 if lane.index is None else lane.index for lane in draw.lanes),
        tuple(position.index for position in draw.positions),
    )
