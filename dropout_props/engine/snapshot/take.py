"""Takes the snapshot of a run: everything installed, and that of each subject."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

from dropout_props.engine.snapshot.invalid_calls import answers
from dropout_props.engine.snapshot.masks import keep_counts, mask_digests
from dropout_props.engine.snapshot.signatures import signatures
from dropout_props.environment.guards import without_guards
from dropout_props.results.records import Snapshot, SubjectSnapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dropout_props.subjects.subject import Subject

__all__ = ["installed", "take", "take_one"]


def installed() -> dict[str, str]:
    """Return the version of every installed distribution, by its name."""
    found: dict[str, str] = {}
    for one in metadata.distributions():
        name = one.metadata["Name"]
        if name:  # a broken installation may lack it
            found.setdefault(name.lower().replace("_", "-"), one.version)
    return dict(sorted(found.items()))


def take(subjects: Sequence[Subject]) -> Snapshot:
    """Return the snapshot of `subjects` in this environment."""
    return Snapshot(installed=installed(), subjects=tuple(map(take_one, subjects)))


@without_guards()
def take_one(subject: Subject) -> SubjectSnapshot:
    """Return the snapshot of one subject; an error of the subject becomes its `trouble`."""
    try:
        return SubjectSnapshot(
            subject=subject.name,
            masks=mask_digests(subject),
            keeps=keep_counts(subject),
            answers=answers(subject),
            signatures=signatures(subject),
        )
    except (Exception, SystemExit) as error:  # noqa: BLE001 (a subject may raise anything; the run goes on)
        text = " ".join(str(error).split())[:300]
        return SubjectSnapshot(subject=subject.name, trouble=f"{type(error).__name__}: {text}")
