"""The kill matrix as a page of Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropout_props.selftest.kills import Kill, KillMatrix

__all__ = ["rows", "write_page"]

_HEAD = """# The kill matrix

Written by `{command}`; do not edit it by hand.
Each planted bug is a dropout with one fault, in Linen and in NNX where it makes sense, and each
is judged by the properties that must see it, in profile `{profile}`, under {run_seeds}. Each control is a
correct layer of another construction, and is judged by the whole catalogue (with as few cases of an
exact property as in `smoke`), under every run seed but the first by the statistical properties in profile
`smoke` (profiles share one budget). The exact property that another stands on is decided once. Draws
and seconds are the most that it took under any run seed; a property that is decided by one counterexample
draws nothing. A live bug is one that the installed Flax has too: its verdict reads KNOWN.

{verdict}
"""


def rows() -> list[tuple[str, str, str]]:
    """Return (bug, api, property) as the zoo and the catalogue have them now."""
    from dropout_props.selftest.mutants import MUTANTS

    return [
        (m.name, api, property_id) for m in MUTANTS for api in m.apis for property_id in m.killed_by
    ]


def write_page(matrix: KillMatrix, *, command: str) -> str:
    """Return the page.

    Args:
        matrix: the verdicts of a run over the whole zoo.
        command: what was run, told to the reader.
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
    planted = {(k.mutant, k.api) for k in matrix.kills if not k.control}
    names = {mutant for mutant, _ in planted}
    yield (
        f"**{len(names)} bugs, planted {len(planted)} times: "
        f"{len(matrix.survivors) or 'none'} survived; {len(matrix.idle) or 'no'} property was idle; "
        f"{len(matrix.flagged) or 'no'} control was flagged.**"
    )
    for kill in (*matrix.survivors, *matrix.flagged):
        yield f"- {kill}"
    for property_id in matrix.idle:
        yield f"- {property_id} killed nothing"


def _bugs(matrix: KillMatrix) -> Iterator[str]:
    from dropout_props.selftest.mutants import MUTANTS

    yield "## Planted bugs"
    yield ""
    yield "| bug | what is wrong | seen in | api | killed by | draws | seconds |"
    yield "|---|---|---|---|---|---|---|"
    for mutant in MUTANTS:
        for api in mutant.apis:
            kills = matrix.of(mutant.name, api)
            for property_id in mutant.killed_by:
                asked = [kill for kill in kills if kill.property_id == property_id]
                if asked:
                    first = [mutant.name, mutant.change, mutant.source]
                    yield _row([*first, api, property_id + _reading(asked), *_cost(asked)])


def _reading(kills: list[Kill]) -> str:
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
            by = {
                verdict: len({kill.property_id for kill in kills if kill.verdict == verdict})
                for verdict in ("pass", "known", "not applicable")
            }
            flagged = ", ".join(str(kill) for kill in kills if kill in matrix.flagged)
            yield _row([control.name, control.change, api, *map(str, by.values()), flagged])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
