"""A row a site: the same cells for text, HTML and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from math import isclose
from pathlib import Path
from typing import TYPE_CHECKING

from dropout_props.auditing.without_masks import without_masks
from dropout_props.properties.recorded.missed import missed_at
from dropout_props.properties.recorded.seen import declared

if TYPE_CHECKING:
    from dropout_props.auditing.judge import Judgement
    from dropout_props.auditing.without_masks import WithoutMasks
    from dropout_props.properties.recorded.options import Options
    from dropout_props.properties.recorded.seen import Seen
    from dropout_props.recording import Draw, Site

__all__ = ["HEADINGS", "Row", "rows"]

HEADINGS = ("site", "line", "mask", "shared", "declared", "seen rate", "masks", "keys", "verdict")


@dataclass(frozen=True)
class Row:
    """What there is to say about one site.

    Attributes:
        cells: one text a heading.
        failed: the properties that fail there.
        note: why nothing was judged; empty if something was.
    """

    cells: tuple[str, ...]
    failed: tuple[str, ...]
    note: str = ""


def rows(seen: Seen, judgement: Judgement, options: Options) -> list[Row]:
    """List the sites that drew masks, then those that were traced or called and drew none."""
    found = [_drawn(seen, draws, judgement, options) for draws in seen.of_site.values()]
    return [*found, *(_silent(one, judgement) for one in without_masks(seen))]


def _failed(judgement: Judgement, site: int, name: str) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            f.property
            for f in judgement.findings
            if site in f.site_ids or any(text.startswith(f"{name} (") for text in f.sites)
        )
    )


def _drawn(seen: Seen, draws: list[Draw], judgement: Judgement, options: Options) -> Row:
    site = draws[0].site
    rate = declared(site)
    failed = _failed(judgement, site.id, site.place.name)
    shared = [*site.shared_axes, *options.shared_axes_of(site.place)]
    shared += [a for a, size in enumerate(site.shape) if size == 1 and a not in shared]
    cells = (
        site.place.name,
        _line(site.place.file, site.place.line),
        "x".join(map(str, site.shape)) or "one unit",
        ",".join(map(str, sorted(set(shared)))) or "-",
        "-" if rate is None else f"{rate:g}",
        _rate(seen, draws, judgement),
        str(len(draws)),
        str(len({draw.key for draw in draws})),
        f"FAIL {', '.join(failed)}" if failed else _passed(seen, site),
    )
    return Row(cells, failed)


def _passed(seen: Seen, site: Site) -> str:
    """Say that a site passes, and whether masks of it may have been missed."""
    partly = missed_at(seen, lambda place: place == site.place)
    return "pass, not all seen" if partly else "pass"


def _rate(seen: Seen, draws: list[Draw], judgement: Judgement) -> str:
    """Give the counted rate and its 99.9 % interval; else the one in the program."""
    for one in judgement.judged:
        for bound in one.bounds:
            if one.prop.id == "DP903" and bound.site_ids == (draws[0].site.id,):
                rate = 1 - bound.successes / bound.trials
                return f"{rate:.4f} ({1 - bound.highest:.4f} to {1 - bound.lowest:.4f})"
    keep, own = seen.keeps(draws[0]), declared(draws[0].site)
    if keep is None:
        return "not seen"
    shown = own is None or seen.drops(draws[0].site) is not None or isclose(1 - keep, own)
    return f"{1 - keep:g} by program" if shown else f"coins of {keep:g}"


def _silent(one: WithoutMasks, judgement: Judgement) -> Row:
    failed = _failed(judgement, -1, one.place.name)
    verdict = f"FAIL {', '.join(failed)}" if failed else one.why
    cells = (
        one.place.name,
        _line(one.place.file, one.place.line),
        "-",
        "-",
        "-" if one.rate is None else f"{one.rate:g}",
        "-",
        "0",
        "0",
        verdict,
    )
    return Row(cells, failed, verdict)


def _line(file: str, line: int) -> str:
    return f"{Path(file).name}:{line}"
