"""The id of a failure, and the inputs that judge it again with the same bits.

Guarantee: the id is a hash of subject, property, case, run seed, profile and kind of decision. So
the same failure has the same id in every process and on every machine.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from dropout_props.cases.case import Case
from dropout_props.results.records import CaseRecord, Failure, Replay

if TYPE_CHECKING:
    from dropout_props.engine.settings import Settings
    from dropout_props.results.records import ExampleResult
    from dropout_props.subjects.subject import Subject

__all__ = ["case_of", "record_of", "with_replay"]

_DIGITS = 10


def record_of(case: Case) -> CaseRecord:
    """Return a case as plain values."""
    return CaseRecord(
        seed=case.seed,
        shape=tuple(case.shape),
        rate=float(case.rate).hex(),
        dtype=case.dtype,
        broadcast_dims=tuple(case.broadcast_dims),
        values=case.values,
    )


def case_of(record: CaseRecord) -> Case:
    """Return the case of a record; it has the same digest."""
    return Case(
        seed=record.seed,
        shape=tuple(record.shape),
        rate=float.fromhex(record.rate),
        dtype=record.dtype,
        broadcast_dims=tuple(record.broadcast_dims),
        values=record.values,
    )


def with_replay(
    failure: Failure,
    subject: Subject,
    property_id: str,
    settings: Settings,
    *,
    decided: str,
    case: Case | None = None,
    example: ExampleResult | None = None,
) -> Failure:
    """Return `failure` with its id, and with the command that replays it.

    Args:
        failure: the paragraph.
        subject: the subject that failed.
        property_id: id of the property.
        settings: run seed and profile enter the id.
        decided: kind of decision, as in `Replay.decided`.
        case: the case that failed, or the one with the most evidence.
        example: counts of that case, for a statistical property.
    """
    digest = case.digest() if case is not None else ""
    parts = (subject.name, property_id, digest, settings.run_seed, settings.profile.name, decided)
    text = "|".join(map(str, parts))
    name = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()[:_DIGITS]
    replay = Replay(
        id=name,
        decided=decided,
        source=subject.source,
        case=None if case is None else record_of(case),
        log10_evidence=None if example is None else example.log10_evidence,
        counts=() if example is None else example.counts,
    )
    command = f"dropout-props replay {name}; or {failure.reproduce}"
    return replace(failure, replay=replay, reproduce=command)
