"""The page of a self-test: the kill matrix as a picture, and the measured error rates.

Guarantees: a mutant that survived, a property that killed nothing and a control that was flagged
are in the first lines, by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dropout_props.report.html.rendering import Banner, number, render
from dropout_props.selftest.kills import Kill, KillMatrix

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["selftest_page"]

_LEFT, _TOP, _CELL = 240, 56, 9
_CLASSES = ("pass", "fail", "known", "soft")


@dataclass(frozen=True)
class _Row:
    """One layer: its cells, a path for each class of the style sheet."""

    title: str
    said: str
    y: int
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Picture:
    """The kill matrix: rows of layers, columns of properties."""

    width: int
    height: int
    columns: tuple[tuple[int, str], ...]
    rows: tuple[_Row, ...]


def selftest_page(document: Mapping[str, Any]) -> str:
    """Write a self-test as one HTML page without other files.

    Args:
        document: what `selftest --json` writes.

    Returns:
        The page.
    """
    matrix = _matrix(document["mutants"]) if "mutants" in document else None
    null, power = document.get("null", []), document.get("power", [])
    missed = [one for one in document.get("own mutants", []) if not one["failed"]]
    trouble = [f"survived: {kill}" for kill in matrix.survivors] if matrix else []
    trouble += [f"flagged: {kill}" for kill in matrix.flagged] if matrix else []
    trouble += [f"idle: {one} killed nothing" for one in matrix.idle] if matrix else []
    trouble += [f"above its bound: {one['part']} {one['what']}" for one in null if not one["held"]]
    trouble += [f"survived: {one['mutant']}, a bug of the suite itself" for one in missed]
    trouble += [
        f"misses too often: {one['property_id']} {one['family']} at rate {one['rate']:g}"
        for one in power
        if not one["passed"]
    ]
    seeds = number(len(matrix.run_seeds), "run seed") if matrix else ""
    banner = Banner(
        outcome="The suite finds every bug that it must find, and accuses no correct layer."
        if not trouble
        else "The suite misses a bug, accuses a correct layer, or exceeds an error rate.",
        bad=bool(trouble),
        tally=_tally(matrix, null, power),
        lines=(f"profile {matrix.profile}, {seeds}",) if matrix else (),
    )
    return render(
        "selftest.html.jinja",
        banner,
        trouble=trouble,
        mutants=_picture(matrix, control=False) if matrix else None,
        controls=_picture(matrix, control=True) if matrix else None,
        null=null,
        power=power,
        own=document.get("own mutants", []),
        cell=_CELL,
        top=_TOP,
    )


def _matrix(found: Mapping[str, Any]) -> KillMatrix:
    """Return the kill matrix of a document."""
    return KillMatrix(
        found["profile"],
        tuple(found["run_seeds"]),
        tuple(found["properties"]),
        tuple(Kill(**one) for one in found["kills"]),
        found["whole"],
    )


def _tally(matrix: KillMatrix | None, null: Sequence[Any], power: Sequence[Any]) -> str:
    parts = []
    if matrix is not None:
        layers = {(k.mutant, k.api, k.control) for k in matrix.kills}
        mutants = sum(not control for *_, control in layers)
        parts = [
            f"{number(mutants, 'mutant')}: {len(matrix.survivors)} survived",
            f"{number(len(layers) - mutants, 'control')}: {len(matrix.flagged)} flagged",
            f"{number(len(matrix.idle), 'property', 'properties')} idle",
        ]
    parts += [f"{number(len(null), 'figure')} of false alarms"] if null else []
    parts += [f"{number(len(power), 'figure')} of power"] if power else []
    return "; ".join(parts)


def _picture(matrix: KillMatrix, *, control: bool) -> _Picture | None:
    """Draw the mutants, or the controls; None where there is none."""
    kills = [one for one in matrix.kills if one.control is control]
    layers = list(dict.fromkeys((one.mutant, one.api) for one in kills))
    if not layers:
        return None
    judged = {one.property_id for one in kills}
    columns = [one for one in matrix.properties if one in judged]
    place = {property_id: _LEFT + _CELL * n for n, property_id in enumerate(columns)}
    by_layer: dict[tuple[str, str], dict[str, list[Kill]]] = {layer: {} for layer in layers}
    for one in kills:
        by_layer[one.mutant, one.api].setdefault(one.property_id, []).append(one)
    rows = tuple(
        _row(layer, by_layer[layer], place, _TOP + _CELL * n, flagged=matrix.flagged)
        for n, layer in enumerate(layers)
    )
    return _Picture(
        width=_LEFT + _CELL * len(columns) + 60,
        height=_TOP + _CELL * len(layers) + 4,
        columns=tuple((place[one] + _CELL // 2, one) for one in columns),
        rows=rows,
    )


def _row(
    layer: tuple[str, str],
    judged: Mapping[str, list[Kill]],
    place: Mapping[str, int],
    y: int,
    *,
    flagged: Iterable[Kill],
) -> _Row:
    accused = {(one.mutant, one.api, one.property_id) for one in flagged}
    paths = dict.fromkeys(_CLASSES, "")
    for property_id, kills in judged.items():
        kind = "fail" if (*layer, property_id) in accused else _kind(kills)
        paths[kind] += f"M{place[property_id]} {y}h{_CELL - 1}v{_CELL - 1}h{1 - _CELL}z"
    killers = [property_id for property_id, kills in judged.items() if _kind(kills) == "pass"]
    name = f"{layer[0]} ({layer[1]})"
    said = f"{name}: killed by {', '.join(killers)}" if killers else name
    missed = [
        one for one, kills in judged.items() if any(k.expected and not k.killed for k in kills)
    ]
    said += f"; survived {', '.join(missed)}" if missed else ""
    return _Row(name, said, y, tuple((kind, path) for kind, path in paths.items() if path))


def _kind(kills: Sequence[Kill]) -> str:
    """Return the class of a cell: one property on one layer, under every run seed."""
    if all(one.killed for one in kills):
        return "known" if any(one.verdict == "known" for one in kills) else "pass"
    return "fail" if any(one.expected for one in kills) else "soft"
