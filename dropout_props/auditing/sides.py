"""A judged record as results that the gate compares: a row a site, and the verdicts."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_props.auditing.text import causes, passed
from dropout_props.auditing.without_masks import without_masks
from dropout_props.properties.recorded.masks import rebuilt
from dropout_props.properties.recorded.missed import missed_at
from dropout_props.properties.recorded.seen import declared
from dropout_props.results.records import PropertyResult, RecordedSite

if TYPE_CHECKING:
    from dropout_props.auditing.judge import Judged, Judgement
    from dropout_props.auditing.opened import Record
    from dropout_props.auditing.without_masks import WithoutMasks
    from dropout_props.properties.recorded.seen import Seen
    from dropout_props.recording import Draw, Place

__all__ = ["property_results", "recorded_sites"]


def recorded_sites(record: Record, program: str) -> tuple[RecordedSite, ...]:
    """List the sites that drew masks in training, then the dropouts that drew none.

    Args:
        record: what was recorded.
        program: its name.
    """
    seen = record.seen
    found = [_drawn(seen, draws, program) for draws in seen.of_site.values()]
    return (*found, *(_silent(one, program) for one in without_masks(seen)))


def property_results(judgement: Judgement, program: str) -> tuple[PropertyResult, ...]:
    """Return the verdicts on a record as those of a subject are returned."""
    return tuple(
        PropertyResult(
            subject=program,
            property_id=one.prop.id,
            name=one.prop.name,
            kind="exact" if one.prop.exact else "statistical",
            verdict=one.verdict,
            shown=_shown(one),
        )
        for one in judgement.judged
    )


def _shown(one: Judged) -> str:
    """Say what a verdict rests on, in one line."""
    if one.findings:
        return " ".join("; ".join(causes(one.findings)).split())
    return passed(one)


def _drawn(seen: Seen, draws: list[Draw], program: str) -> RecordedSite:
    site = draws[0].site
    masks = {draw.key: mask for draw, mask in rebuilt(seen, draws)}
    shared = {*site.shared_axes, *_thin(site.shape, site.input_shape)}
    return RecordedSite(
        program=program,
        path=site.place.name,
        line=_line(site.place),
        shape=site.shape,
        shared=tuple(sorted(shared)),
        declared=declared(site),
        keeps=_probabilities(seen, draws),
        masks=len(draws),
        keys=len({draw.key for draw in draws}),
        digest=_digest(seen, draws, masks),
        compared=sum(draw.key in masks for draw in draws),
        kept=sum(int(np.count_nonzero(mask)) for mask in masks.values()),
        units=sum(mask.size for mask in masks.values()),
        missed=missed_at(seen, lambda place: place == site.place),
    )


def _silent(one: WithoutMasks, program: str) -> RecordedSite:
    return RecordedSite(
        program=program,
        path=one.place.name,
        line=_line(one.place),
        declared=one.rate,
        missed=one.why == "not seen",
    )


def _thin(shape: tuple[int, ...], whole: tuple[int, ...] | None) -> tuple[int, ...]:
    """List the axes along which one mask serves several units of the input."""
    if whole is None or len(whole) != len(shape):
        return ()
    return tuple(a for a, size in enumerate(shape) if size == 1 and whole[a] != 1)


def _probabilities(seen: Seen, draws: list[Draw]) -> tuple[float, ...]:
    """List the keep probabilities in the program; nothing if one of them was not seen."""
    found = [seen.keeps(draw) for draw in draws]
    floats = {p for p in found if p is not None}
    return tuple(sorted(floats)) if None not in found else ()


def _digest(seen: Seen, draws: list[Draw], masks: dict[tuple[int, ...], Any]) -> str:
    """Hash the masks in the order of steps, trips, lanes and devices; a key for one that is not."""
    parts = []
    for draw in draws:
        mask = masks.get(draw.key)
        bits = repr(draw.key).encode() if mask is None else np.packbits(mask).tobytes()
        parts.append((_when(seen, draw), hashlib.blake2b(bits, digest_size=8).hexdigest()))
    text = repr((draws[0].site.shape, sorted(parts)))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _when(seen: Seen, draw: Draw) -> tuple[Any, ...]:
    lanes = tuple(-1 if lane.index is None else lane.index for lane in draw.lanes)
    trips = tuple(trip.index for trip in draw.loops)
    return (seen.step_of(draw), trips, lanes, tuple(p.index for p in draw.positions))


def _line(place: Place) -> str:
    return f"{Path(place.file).name}:{place.line}"
