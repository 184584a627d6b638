"""Writes the kill matrix as a page of Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropout_props.selftest.kills import Kill, KillMatrix

__all__ = ["rows", "write_page"]

_HEAD = """# The kill matrix

Written by `{command}`; do not edit it by hand.
A mutant is a dropout layer with one bug, in Linen, in NNX or in both. The properties that must
kill it judge it in profile `{profile}`, under {run_seeds}. A control is a correct layer that is
built in another way. The whole catalogue judges it under the first run seed, with as few examples
of an exact property as profile `smoke` has; under every other run seed the statistical properties
judge it in profile `smoke`. All profiles have the same error budget. An exact property that others
depend on is judged once. Draws and seconds are the largest under any run seed; an exact property
draws nothing. A mutant is live if the installed Flax has the same bug: its verdict is KNOWN.

{verdict}
"""


def rows() -> list[tuple[str, str, str]]:
    """Return the (mutant, api, property) that the code declares now, in the order of the page."""
    from dropout_props.selftest.mutants import MUTANTS

    return [
        (m.name, api, property_id) for m in MUTANTS for api in m.apis for property_id in m.killed_by
    ]


def write_page(matrix: KillMatrix, *, command: str) -> str:
    """Return the page.

    Args:
        matrix: verdicts on all mutants and controls.
        command: the command that made the page, for the reader.
    """
    run_seeds = (
        f"{len(matrix.run_seeds)} run seeds"
        if len(matrix.run_seeds) > 1
        else f"run seed {matrix.run_seeds[0]}"
    )
    head = _HEAD.format(
        command=command,
        profile=matrix.profile,
        run_seeds=run_seeds,
        verdict="\n".join(_verdict(matrix)),
    )
    return "\n".join([head, *_bugs(matrix), "", *_properties(matrix), "", *_controls(matrix), ""])


def _verdict(matrix: KillMatrix) -> Iterator[str]:
    layers = {(k.mutant, k.api) for k in matrix.kills if not k.control}
    names = {mutant for mutant, _ in layers}
    yield (
        f"**{len(names)} mutants, {len(layers)} layers: "
        f"{len(matrix.survivors) or 'none'} survived; "
        f"{len(matrix.idle) or 'no'} property was idle; "
        f"{len(matrix.flagged) or 'no'} control was flagged.**"
    )
    for kill in (*matrix.survivors, *matrix.flagged):
        yield f"- {kill}"
    for property_id in matrix.idle:
        yield f"- {property_id} killed nothing"


def _bugs(matrix: KillMatrix) -> Iterator[str]:
    from dropout_props.selftest.mutants import MUTANTS

    yield "## Mutants"
    yield ""
    yield "| mutant | bug | seen in | api | killed by | draws | seconds |"
    yield "|---|---|---|---|---|---|---|"
    for mutant in MUTANTS:
        for api in mutant.apis:
            kills = matrix.of(mutant.name, api)
            for property_id in mutant.killed_by:
                judged = [kill for kill in kills if kill.property_id == property_id]
                if judged:
                    first = [mutant.name, mutant.change, mutant.source]
                    yield _row([*first, api, property_id + _remark(judged), *_cost(judged)])


def _remark(kills: list[Kill]) -> str:
    if not all(kill.killed for kill in kills):
        return " **survived**"
    return " (live)" if any(kill.verdict == "known" for kill in kills) else ""


def _cost(kills: list[Kill]) -> list[str]:
    draws = max(kill.draws for kill in kills)
    return [f"{draws:.1e}" if draws else "", f"{max(kill.seconds for kill in kills):.1f}"]


def _properties(matrix: KillMatrix) -> Iterator[str]:
    from dropout_props.properties import CATALOGUE

    yield "## Properties"
    yield ""
    yield "| property | kills |"
    yield "|---|---|"
    for prop in CATALOGUE:
        killed = dict.fromkeys(
            k.mutant for k in matrix.kills if k.property_id == prop.id and k.killed
        )
        yield _row([f"{prop.id} {prop.name}", ", ".join(killed)])


def _controls(matrix: KillMatrix) -> Iterator[str]:
    from dropout_props.selftest.mutants import CONTROLS

    yield "## Controls"
    yield ""
    yield "| control | construction | api | properties passed | known | not applicable | flagged |"
    yield "|---|---|---|---|---|---|---|"
    for control in CONTROLS:
        for api in control.apis:
            kills = matrix.of(control.name, api)
            counts = {
                verdict: len({kill.property_id for kill in kills if kill.verdict == verdict})
                for verdict in ("pass", "known", "not applicable")
            }
            flagged = ", ".join(str(kill) for kill in kills if kill in matrix.flagged)
            yield _row([control.name, control.change, api, *map(str, counts.values()), flagged])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
