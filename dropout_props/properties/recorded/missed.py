"""Where a record may lack masks for no fault: nothing is concluded there from their absence.

A branch that is not taken draws nothing, and so does a loop without a trip.

The recorder takes a note of each thing that it cannot see. A mask of a known place can only be
missed where the draws of that place do not report, or in a program that was compiled elsewhere.
Kernels, and bits from outside of `jax.random`, may be masks of no known place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_props.properties.recorded.seen import EVALUATION, Seen, is_dropout, where

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropout_props.recording import Note, Place

__all__ = [
    "left_out",
    "may_have_drawn",
    "missed",
    "missed_at",
    "missed_in_evaluation",
    "ran_unseen",
    "said",
]

HIDING = ("draw", "executable", "kernel", "bits")
"""The kinds of notes that say that draws may be missing."""


def said(note: Note) -> str:
    """Write a note as one sentence with its place."""
    return note.text if note.place is None else f"{where(note.place)}: {note.text}"


def missed(seen: Seen) -> tuple[Note, ...]:
    """List what may have hidden masks of training."""
    return tuple(
        note
        for note in _hiding(seen)
        if note.steps is None or any(step != EVALUATION for step in note.steps)
    )


def missed_in_evaluation(seen: Seen, *, training: bool) -> tuple[Note, ...]:
    """List what may have hidden masks of an evaluation."""
    hiding = _hiding(seen)
    if not training:
        return hiding
    return tuple(note for note in hiding if note.steps is None or EVALUATION in note.steps)


def missed_at(seen: Seen, named: Callable[[Place], bool]) -> bool:
    """Say whether masks of training may have been missed at a place."""
    return any(
        note.kind == "executable"
        or (note.kind == "draw" and note.place is not None and named(note.place))
        for note in missed(seen)
    )


def may_have_drawn(seen: Seen, named: Callable[[Place], bool]) -> bool:
    """Say whether a place without masks was traced and not executed, or was missed."""
    traced = any(is_dropout(site) and named(site.place) for site in seen.sites)
    return traced or missed_at(seen, named)


def left_out(seen: Seen, at: Place) -> bool:
    """Say whether all that draws at a place is in a branch, or in a loop that may have no trip."""
    ids = [
        site.id
        for site in seen.sites
        if is_dropout(site) and f"{site.place.name}/".startswith(f"{at.name}/")
    ]
    return bool(ids) and seen.conditional.issuperset(ids)


def ran_unseen(seen: Seen, step: int) -> bool:
    """Say whether a program that was compiled elsewhere may have run in a step."""
    return any(
        note.kind == "executable" and (note.steps is None or step in note.steps)
        for note in seen.notes
    )


def _hiding(seen: Seen) -> tuple[Note, ...]:
    """List what may have hidden draws, those of initialisation aside."""
    return tuple(
        note
        for note in seen.notes
        if note.kind in HIDING and (note.place is None or note.place.phase != "init")
    )
