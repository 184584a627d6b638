"""`dropout-props selftest`: see the suite fail where it must, and measure that it does not else."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dropout_props.cli.options import profile_option, seed_option
from dropout_props.cli.outputs import Outputs
from dropout_props.results.exit_codes import ExitCode

if TYPE_CHECKING:
    from dropout_props.selftest.kill_matrix import Task
    from dropout_props.selftest.kills import KillMatrix

__all__ = ["command"]

_PATH = click.Path(path_type=Path)


@click.command("selftest")
@click.option("--mutants", "plant", is_flag=True, help="Plant every bug: each must die.")
@click.option("--null", is_flag=True, help="Measure the false alarm rate of a whole run.")
@click.option("--power", is_flag=True, help="Measure the miss rate at what each property promises.")
@click.option("--mutant", "names", multiple=True, metavar="NAME", help="Plant this; repeatable.")
@click.option(
    "--property", "properties", multiple=True, metavar="ID", help="Ask this one; repeatable."
)
@click.option("--full", is_flag=True, help="Ask every property of every bug, not its own alone.")
@click.option(
    "--seeds", "run_seeds", type=click.IntRange(min=1), default=1, help="As many, from --seed on."
)
@click.option("-n", "processes", type=click.IntRange(min=1), default=1, help="Layers at once.")
@click.option("--json", "place", type=_PATH, help="Write all figures here.")
@click.option("--write", "page", type=_PATH, help="Write the kill matrix here, as Markdown.")
@profile_option
@seed_option
def command(
    *,
    plant: bool,
    null: bool,
    power: bool,
    names: tuple[str, ...],
    properties: tuple[str, ...],
    full: bool,
    run_seeds: int,
    processes: int,
    place: Path | None,
    page: Path | None,
    profile: str,
    run_seed: int,
) -> int:
    """Test the suite itself: a suite that cannot be seen to fail proves nothing.

    Exit codes: 0 every part held, 1 a bug survived, a control was flagged or a rate did not hold,
    2 interrupted, 3 Flax and JAX do not work together or a file could not be written, 4 usage,
    5 nothing selected.
    """
    from dropout_props.cli.comparison_output import check_reports
    from dropout_props.cli.errors import require_working_pair
    from dropout_props.cli.interrupt import stoppable

    plant = plant or bool(names)
    if not (plant or null or power):
        raise click.UsageError("nothing to do: give --mutants, --null or --power.")
    if page is not None and not plant:
        raise click.UsageError("--write writes the kill matrix: give --mutants too.")
    check_reports(place, page)
    require_working_pair()
    held: list[bool] = []
    document: dict[str, Any] = {}
    with Outputs() as outputs:
        with stoppable():
            if plant:
                asked = _asks(
                    profile, range(run_seed, run_seed + run_seeds), names, properties, full=full
                )
                if not asked:
                    said = "nothing is selected: these properties name none of these bugs"
                    click.echo(said, err=True)
                    return ExitCode.NOTHING_SELECTED
                whole = not (names or properties)
                matrix = _plant(asked, processes, outputs, whole=whole)
                if page is not None:
                    outputs.save(_kill_page(matrix, processes, page), page)
                document["mutants"] = asdict(matrix)
                held.append(matrix.passed)
            if null:
                held.append(_null(run_seed, document))
            if power:
                held.append(_power(run_seed, profile, document))
        outputs.save(json.dumps(document, indent=1) + "\n", place)
    return ExitCode.PASS if all(held) else ExitCode.FAILURE


def _asks(
    profile: str,
    run_seeds: range,
    names: tuple[str, ...],
    properties: tuple[str, ...],
    *,
    full: bool,
) -> list[Task]:
    from dropout_props.properties import find
    from dropout_props.selftest import kill_matrix

    try:
        wanted = [find(property_id).id for property_id in properties]
        return kill_matrix.tasks(
            profile=profile, run_seeds=run_seeds, mutants=names, properties=wanted, full=full
        )
    except LookupError as error:
        raise click.UsageError(str(error.args[0])) from error


def _plant(asked: list[Task], processes: int, outputs: Outputs, *, whole: bool) -> KillMatrix:
    from dropout_props.cli.selftest_tables import planting, tell_kills
    from dropout_props.selftest import kill_matrix

    with planting(len(asked)) as show:
        matrix = kill_matrix.run(asked, whole=whole, processes=processes, show=show)
    outputs.show(lambda: tell_kills(matrix))
    return matrix


def _kill_page(matrix: KillMatrix, processes: int, page: Path) -> str:
    from dropout_props.selftest.kill_page import write_page

    more = f" --seeds {len(matrix.run_seeds)}" if len(matrix.run_seeds) > 1 else ""
    shown = f"dropout-props selftest --mutants{more} -n {processes} --write {page}"
    return write_page(matrix, command=shown)


def _null(run_seed: int, document: dict[str, Any]) -> bool:
    from dropout_props.cli.selftest_tables import tell_caught, tell_measured
    from dropout_props.selftest import null

    figures = tell_measured(null.measure(run_seed=run_seed))
    caught = tell_caught(null.measure_own_mutants(run_seed=run_seed))
    document["null"] = [asdict(one) for one in figures]
    document["own mutants"] = [asdict(one) for one in caught]
    return all(one.held for one in figures) and all(one.failed for one in caught)


def _power(run_seed: int, profile: str, document: dict[str, Any]) -> bool:
    from dropout_props.cli.selftest_tables import tell_power
    from dropout_props.selftest import power

    figures = tell_power(power.measure(run_seed=run_seed, profile=profile))
    document["power"] = [asdict(one) for one in figures]
    return all(one.passed for one in figures)
