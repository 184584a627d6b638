"""The recorder while it records: what is being traced, where, inside of which loops."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from dropout_props.recording.errors import RecordingError
from dropout_props.recording.internals import forget_traces
from dropout_props.recording.journal import Journal
from dropout_props.recording.layers import Layer
from dropout_props.recording.notes import Note
from dropout_props.recording.places import Here, here
from dropout_props.recording.scanned import LAYERS, Shapes, runs_over
from dropout_props.recording.sites import ModuleCall, Place, Site
from dropout_props.recording.slots import Slot
from dropout_props.recording.tracekey import fresh_key

_sessions = itertools.count(1)


@dataclass(slots=True)
class Session:
    """The state of one record.

    Attributes:
        id: its number in this process.
        journal: what its probes report.
        thread: the thread that records.
        sites: each site, by everything that makes it one.
        points: for each place in a traced program, or eager draw, the site it belongs to.
        calls: for each call of a traced function, where it was.
        loops: for each loop or branching, where it was.
        elements: for each scan, the shapes of what its body gets of each trip.
        runs_over: for each scan around a model, whether it runs over `layers` or `inputs`; without
            an entry where the shapes do not say.
        layers: for a site of a layer that declares a rate, what it takes to call that alone.
        module_calls: calls of modules that declare a rate.
        enclosing: the loops and branches around the code that is being traced, with the value of
            each, outermost first.
        inside: the modules that declare a rate and are running, outermost first.
        notes: what cannot be seen, by what makes a note one.
        caller: where the function was called whose custom rule is being traced; else None.
        busy: how many samplers of JAX are running; only the outermost is a draw.
        drawn: how many draws were traced or made, those of initialisation aside.
        missed: how often something was met that cannot be seen.
        unconditional: the ids of sites that run whenever the code around them does: outside of
            every branch, and of every loop that may have no trip.
        equal_roots: for the class of a Linen model, two of its streams that have one root key.
    """

    id: int = field(default_factory=lambda: next(_sessions))
    journal: Journal = field(default_factory=Journal)
    thread: int = field(default_factory=threading.get_ident)
    sites: dict[tuple[Any, ...], Site] = field(default_factory=dict)
    points: list[Site] = field(default_factory=list)
    calls: list[Place] = field(default_factory=list)
    loops: dict[int, Place] = field(default_factory=dict)
    elements: dict[int, Shapes] = field(default_factory=dict)
    runs_over: dict[int, str] = field(default_factory=dict)
    layers: dict[int, Layer | None] = field(default_factory=dict)
    module_calls: dict[tuple[Any, ...], ModuleCall] = field(default_factory=dict)
    enclosing: list[tuple[Slot, Any]] = field(default_factory=list)
    inside: list[ModuleCall] = field(default_factory=list)
    notes: dict[tuple[Any, ...], Note] = field(default_factory=dict)
    caller: Here | None = None
    busy: int = 0
    drawn: int = 0
    missed: int = 0
    unconditional: set[int] = field(default_factory=set)
    equal_roots: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def number(self) -> int:
        """Give out the next number of a loop or branching, and note where it is."""
        number = next(self._numbers)
        self.loops[number] = here().place
        return number

    def look_at_scans(self, root: Any) -> None:
        """Note what the scans around a draw run over, as its outermost module shows."""
        for slot, _ in self.enclosing:
            if slot.kind == "scan" and self.runs_over.get(slot.id) != LAYERS:
                found = runs_over(self.elements.get(slot.id, Shapes()), root)
                if found:
                    self.runs_over[slot.id] = found

    def same_thread(self) -> bool:
        """Say whether the caller runs on the thread that records."""
        return threading.get_ident() == self.thread

    def refuse_other_threads(self, what: str) -> None:
        """Raise on every thread but the one that records.

        Raises:
            RecordingError: naming what the other thread did.
        """
        if self.same_thread():
            return
        text = (
            f"{what} was traced by a second thread while a record was open. A record follows one"
            " thread: run the step on the thread that opened the record, or end the record first."
        )
        self.journal.error(text)
        raise RecordingError(text)

    def point(self, **facts: Any) -> int:
        """Register one place of a traced program, or one eager draw.

        Returns:
            Its number.
        """
        key = tuple(facts.values())
        site = self.sites.get(key)
        if site is None:
            site = self.sites[key] = Site(id=len(self.sites), **facts)
        self.points.append(site)
        return len(self.points) - 1

    def note(self, kind: str, text: str, *, place: Place | None = None, now: bool = False) -> None:
        """Say that something cannot be seen, once.

        Args:
            kind: see `Note`.
            text: a sentence.
            place: where it is.
            now: whether it runs at once, and not as a part of a program that may run later again.
        """
        self.missed += 1
        key = (kind, text, place)
        steps = (self.journal.step,) if now else None
        known = self.notes.get(key)
        if known is not None:
            both = known.steps is not None and steps is not None
            steps = tuple(sorted({*(known.steps or ()), *(steps or ())})) if both else None
        self.notes[key] = Note(kind, text, place, steps=steps)

    def here(self) -> Here:
        """Find the place that the program is at; in a custom rule, with the modules of its caller.

        Returns:
            The place and its innermost module.
        """
        where = here()
        caller = self.caller
        if caller is None or where.place.path or not caller.place.path:
            return where
        place = replace(where.place, path=caller.place.path, api=caller.place.api)
        if place.phase != "backward":  # a rule of the backward pass is one wherever it was called
            place = replace(place, phase=caller.place.phase)
        return Here(place, caller.module, caller.arguments, caller.root)

    @contextmanager
    def within_rule(self, caller: Here, known: list[tuple[Slot, Any]]) -> Iterator[None]:
        """Trace a custom derivative rule, or its function.

        Args:
            caller: where the function was called.
            known: the loops around that call, with the values that have reached the rule.
        """
        before = self.enclosing, self.caller
        self.enclosing, self.caller = known, caller
        try:
            with fresh_key():
                yield
        finally:
            self.enclosing, self.caller = before
            forget_traces()

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """Draw without recording it."""
        self.busy += 1
        try:
            yield
        finally:
            self.busy -= 1

    @contextmanager
    def within(self, *known: tuple[Slot, Any]) -> Iterator[None]:
        """Trace the body of a loop or branch, whose index and the like are known."""
        before = self.enclosing
        self.enclosing = [*before, *known]
        try:
            with fresh_key():
                yield
        finally:
            self.enclosing = before
            forget_traces()
