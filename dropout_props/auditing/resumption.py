"""`resume()`: does a restored run go on where the first one stopped?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dropout_props.auditing.opened import NothingDrawn
from dropout_props.properties.dp911_resumes import resumes
from dropout_props.properties.recorded.missed import said
from dropout_props.properties.recorded.seen import is_dropout, where
from dropout_props.recording import Draw, Recording, RecordingError, recording

if TYPE_CHECKING:
    from dropout_props.properties.recorded.declaration import Finding

__all__ = ["Resumed", "resume"]


@dataclass(frozen=True)
class Resumed:
    """What two continuations of one run drew.

    Attributes:
        findings: for each site whose keys differ, what differs; empty if the run was resumed right.
        masks: how many masks were compared.
        not_seen: what ran in either, or may have run, and is not in the record: masks that only one
            of them lacks are then no finding.
    """

    findings: tuple[Finding, ...]
    masks: int
    not_seen: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise unless both continuations drew the same masks.

        Raises:
            AssertionError: with the sites, and what mends it.
        """
        from dropout_props.auditing.text import causes

        if self.findings:
            raise AssertionError("\n\n".join(causes(self.findings)))


def resume(
    run: Callable[[Any], Any], save: Callable[[Any], Any], restore: Callable[[Any], Any]
) -> Resumed:
    """Go on with a run once from memory and once from what was saved; compare the masks.

    Args:
        run: `run(None)` starts a training, takes a few steps and returns its state; `run(state)`
            takes a few more steps from there and returns the state.
        save: `save(state)` writes a checkpoint and returns what `restore` needs to find it. What it
            returns must be no part of a state that `run` changes in place: copy `nnx.state(model)`.
        restore: `restore(saved)` returns a state.

    Returns:
        What both continuations drew.

    Raises:
        NothingDrawn: the continuation drew no mask.
        RecordingError: a record could not be trusted.
    """
    state = run(None)
    saved = save(state)
    with recording() as straight:
        run(state)
    restored = restore(saved)
    with recording() as resumed:
        run(restored)
    first, second = _keys(straight), _keys(resumed)
    if not first:
        raise NothingDrawn("the run drew no mask after it was saved: let run(state) take steps.")
    notes = (*straight.notes, *resumed.notes)
    not_seen = tuple(dict.fromkeys(said(note) for note in notes))
    findings = []
    for name in dict.fromkeys((*first, *second)):
        one, two = first.get(name, []), second.get(name, [])
        same = sum(a == b for a, b in zip(one, two, strict=False))
        if one != two and not (not_seen and same == min(len(one), len(two))):
            seen = (
                f"{same} of {len(one)} masks after the restart are those of the uninterrupted run;"
                f" the restored run drew {len(two)}"
            )
            findings.append(resumes.finding(name, seen=seen))
    return Resumed(tuple(findings), sum(map(len, first.values())), not_seen)


def _keys(record: Recording) -> dict[str, list[tuple[int, ...]]]:
    """List the keys of the masks of each place, in order."""
    if record.errors:
        raise RecordingError("this record cannot be trusted: " + "; ".join(record.errors))
    found: dict[str, list[tuple[int, ...]]] = {}
    draws: list[Draw] = [d for d in record.draws if is_dropout(d.site) and not d.replay]
    for draw in draws:
        found.setdefault(where(draw.site.place), []).append(draw.key)
    return found
