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
is judged by the claims that must see it, in profile `{profile}`, under {salts}. Each control is a
correct layer of another construction, and is judged by the whole catalogue (with as few cases of an
exact claim as in `smoke`), under every salt but the first by the statistical claims in profile
`smoke` (profiles share one budget). The exact claim that another stands on is decided once. Draws
and seconds are the most that it took under any salt; a claim that is decided by one counterexample
draws nothing. A live bug is one that the installed Flax has too: its verdict reads KNOWN.

{verdict}
"""


def rows() -> list[tuple[str, str, str]]:
    """Return (bug, api, claim) as the zoo and the catalogue have them now."""
    from dropout_props.selftest.mutants import MUTANTS

    return [(m.name, api, claim) for m in MUTANTS for api in m.apis for claim in m.killed_by]


def write_page(matrix: KillMatrix, *, command: str) -> str:
    """Return the page.

    Args:
        matrix: the verdicts of a run over the whole zoo.
        command: what was run, told to the reader.
    """
    salts = f"{len(matrix.salts)} salts" if len(matrix.salts) > 1 else f"salt {matrix.salts[0]}"
    head = _HEAD.format(
        command=command, profile=matrix.profile, salts=salts, verdict="\n".join(_verdict(matrix))
    )
    return "\n".join([head, *_bugs(matrix), "", *_claims(matrix), "", *_controls(matrix), ""])


def _verdict(matrix: KillMatrix) -> Iterator[str]:
    planted = {(k.mutant, k.api) for k in matrix.kills if not k.control}
    names = {mutant for mutant, _ in planted}
    yield (
        f"**{len(names)} bugs, planted {len(planted)} times: "
        f"{len(matrix.survivors) or 'none'} survived; {len(matrix.idle) or 'no'} claim was idle; "
        f"{len(matrix.flagged) or 'no'} control was flagged.**"
    )
    for kill in (*matrix.survivors, *matrix.flagged):
        yield f"- {kill}"
    for claim in matrix.idle:
        yield f"- {claim} killed nothing"


def _bugs(matrix: KillMatrix) -> Iterator[str]:
    from dropout_props.selftest.mutants import MUTANTS

    yield "## Planted bugs"
    yield ""
    yield "| bug | what is wrong | seen in | api | killed by | draws | seconds |"
    yield "|---|---|---|---|---|---|---|"
    for mutant in MUTANTS:
        for api in mutant.apis:
            kills = matrix.of(mutant.name, api)
            for claim in mutant.killed_by:
                asked = [kill for kill in kills if kill.claim == claim]
                if asked:
                    first = [mutant.name, mutant.change, mutant.source]
                    yield _row([*first, api, claim + _reading(asked), *_cost(asked)])


def _reading(kills: list[Kill]) -> str:
    if not all(kill.killed for kill in kills):
        return " **survived**"
    return " (live)" if any(kill.verdict == "known" for kill in kills) else ""


def _cost(kills: list[Kill]) -> list[str]:
    draws = max(kill.draws for kill in kills)
    return [f"{draws:.1e}" if draws else "", f"{max(kill.seconds for kill in kills):.1f}"]


def _claims(matrix: KillMatrix) -> Iterator[str]:
    from dropout_props.properties import CATALOGUE

    yield "## Claims"
    yield ""
    yield "| claim | kills |"
    yield "|---|---|"
    for claim in CATALOGUE:
        killed = dict.fromkeys(k.mutant for k in matrix.kills if k.claim == claim.id and k.killed)
        yield _row([f"{claim.id} {claim.name}", ", ".join(killed)])


def _controls(matrix: KillMatrix) -> Iterator[str]:
    from dropout_props.selftest.mutants import CONTROLS

    yield "## Controls"
    yield ""
    yield "| control | construction | api | claims passed | known | not applicable | flagged |"
    yield "|---|---|---|---|---|---|---|"
    for control in CONTROLS:
        for api in control.apis:
            kills = matrix.of(control.name, api)
            by = {
                verdict: len({kill.claim for kill in kills if kill.verdict == verdict})
                for verdict in ("pass", "known", "not applicable")
            }
            flagged = ", ".join(str(kill) for kill in kills if kill in matrix.flagged)
            yield _row([control.name, control.change, api, *map(str, by.values()), flagged])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
