"""`dropout-props selftest`: see the suite fail where it must, and measure that it does not else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dropout_props.cli.options import profile_option, salt_option
from dropout_props.exitcodes import ExitCode

if TYPE_CHECKING:
    from dropout_props.selftest.kills import KillMatrix
    from dropout_props.selftest.zoo import Ask

__all__ = ["command"]

_PATH = click.Path(path_type=Path)


@click.command("selftest")
@click.option("--mutants", "part", flag_value="mutants", help="Plant every bug: each must die.")
@click.option(
    "--mutant", "names", multiple=True, metavar="NAME", help="Plant this one; repeatable."
)
@click.option("--claim", "claims", multiple=True, metavar="ID", help="Ask this one; repeatable.")
@click.option("--full", is_flag=True, help="Ask every claim of every bug, not its own alone.")
@click.option("--salts", type=click.IntRange(min=1), default=1, help="As many, from --salt on.")
@click.option("-n", "processes", type=click.IntRange(min=1), default=1, help="Layers at once.")
@click.option("--json", "place", type=_PATH, help="Write all verdicts here.")
@click.option("--write", "page", type=_PATH, help="Write the page of the docs here.")
@profile_option
@salt_option
def command(
    *,
    part: str | None,
    names: tuple[str, ...],
    claims: tuple[str, ...],
    full: bool,
    salts: int,
    processes: int,
    place: Path | None,
    page: Path | None,
    profile: str,
    salt: int,
) -> int:
    """Test the suite itself: a suite that cannot be seen to fail proves nothing."""
    from dropout_props.cli.comparing import check_reports
    from dropout_props.cli.interrupt import stoppable
    from dropout_props.properties import UnknownClaim, find
    from dropout_props.report import files
    from dropout_props.selftest import zoo

    if part is None:
        raise click.UsageError("nothing to do: give --mutants.")
    check_reports(place, page)
    try:
        asked = zoo.asks(
            profile=profile,
            salts=range(salt, salt + salts),
            mutants=names,
            claims=[find(claim).id for claim in claims],
            full=full,
        )
    except (LookupError, UnknownClaim) as error:
        raise click.UsageError(str(error.args[0])) from error
    if not asked:
        click.echo(
            "nothing is selected: the claims that are left name none of these bugs", err=True
        )
        return ExitCode.NOTHING_SELECTED
    with stoppable():
        matrix = _run(asked, processes, whole=not names and not claims)
    _tell(matrix)
    if place is not None:
        import json
        from dataclasses import asdict

        files.save(json.dumps(asdict(matrix), indent=1) + "\n", place)
    if page is not None:
        from dropout_props.selftest.kill_page import write_page

        more = f" --salts {salts}" if salts > 1 else ""
        shown = f"dropout-props selftest --mutants{more} -n {processes} --write {page}"
        files.save(write_page(matrix, command=shown), page)
    return ExitCode.PASS if matrix.held else ExitCode.FAILURE


def _run(asked: list[Ask], processes: int, *, whole: bool) -> KillMatrix:
    from rich.console import Console
    from rich.progress import Progress

    from dropout_props.selftest import zoo

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("planting", total=len(asked))

        def show(ask: Ask, done: int) -> None:
            progress.update(task, completed=done, description=f"{ask.mutant} ({ask.api})")

        return zoo.run(asked, whole=whole, processes=processes, show=show)


def _tell(matrix: KillMatrix) -> None:
    """Print one line a bug and API, then what did not go as it must."""
    from rich.console import Console
    from rich.table import Table

    table = Table("planted", "api", "killed by", "draws", "s", box=None)
    for mutant, api in dict.fromkeys((k.mutant, k.api) for k in matrix.kills if not k.control):
        kills = [kill for kill in matrix.of(mutant, api) if kill.killed]
        claims = ", ".join(dict.fromkeys(kill.claim for kill in kills))
        draws = max((kill.draws for kill in kills), default=0)
        seconds = sum(kill.seconds for kill in kills) / len(matrix.salts)
        cells = (claims or "survived", f"{draws:.1e}" if draws else "", f"{seconds:.1f}")
        table.add_row(mutant, api, *cells)
    console = Console()
    console.print(table)
    for title, found in (("SURVIVED", matrix.survivors), ("FLAGGED", matrix.flagged)):
        for kill in found:
            console.print(f"{title} {kill}: {kill.shown}", markup=False, highlight=False)
    for claim in matrix.idle:
        console.print(f"IDLE {claim} killed nothing", markup=False, highlight=False)
    planted = len({(k.mutant, k.api) for k in matrix.kills if not k.control})
    controls = len({(k.mutant, k.api) for k in matrix.kills if k.control})
    console.print(
        f"{planted} bugs planted: {len(matrix.survivors)} survived; {controls} controls: "
        f"{len(matrix.flagged)} flagged; {len(matrix.idle)} claims idle; "
        f"profile {matrix.profile}, {len(matrix.salts)} salts",
        markup=False,
        highlight=False,
    )
