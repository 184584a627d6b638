"""`dropout-props selftest`: judges mutants and controls, and measures error rates of the suite."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dropout_props.cli.options import (
    check_cluster,
    cluster_option,
    profile_option,
    seed_option,
    share_devices,
)
from dropout_props.cli.outputs import Outputs
from dropout_props.results.exit_codes import ExitCode

if TYPE_CHECKING:
    from dropout_props.selftest.kill_matrix import Task
    from dropout_props.selftest.kills import KillMatrix

__all__ = ["command"]

_PATH = click.Path(path_type=Path)


@click.command("selftest")
@click.option("--mutants", "mutants", is_flag=True, help="Judge every mutant: each must be killed.")
@click.option("--null", is_flag=True, help="Measure the false fail rate of a run.")
@click.option("--power", is_flag=True, help="Measure the miss rate at each promised discrepancy.")
@click.option(
    "--mutant", "names", multiple=True, metavar="NAME", help="Judge this mutant; repeatable."
)
@click.option(
    "--property",
    "properties",
    multiple=True,
    metavar="ID",
    help="Judge by this property; repeatable.",
)
@click.option(
    "--full",
    is_flag=True,
    help="Judge every mutant by every property, not by those that must kill it.",
)
@click.option(
    "--seeds",
    "run_seeds",
    type=click.IntRange(min=1),
    default=1,
    help="Number of run seeds, from --seed on.",
)
@click.option(
    "-n",
    "processes",
    type=click.IntRange(min=1),
    default=1,
    help="Layers to judge at once, and processes that share --null and --power.",
)
@cluster_option
@click.option("--json", "place", type=_PATH, help="Write all figures to this file, as JSON.")
@click.option(
    "--write", "page", type=_PATH, help="Write the kill matrix to this file, as Markdown."
)
@click.option("--html", "html_path", type=_PATH, help="Write one HTML page to this file.")
@profile_option
@seed_option
def command(
    *,
    mutants: bool,
    null: bool,
    power: bool,
    names: tuple[str, ...],
    properties: tuple[str, ...],
    full: bool,
    run_seeds: int,
    processes: int,
    cluster: str | None,
    place: Path | None,
    page: Path | None,
    html_path: Path | None,
    profile: str,
    run_seed: int,
) -> int:
    """Test the suite itself, on layers with known bugs (mutants) and on correct ones (controls).

    Exit codes: 0 passed, 1 a mutant survived, a control failed, or an error rate exceeded its
    bound, 2 interrupted, 3 Flax and JAX do not work together or a file could not be written,
    4 usage, 5 nothing selected.
    """
    from dropout_props.cli.comparison_output import check_reports
    from dropout_props.cli.errors import CannotRun, require_working_pair
    from dropout_props.cli.interrupt import interruptible
    from dropout_props.engine.pool import CannotStart
    from dropout_props.results.stored import SELFTEST
    from dropout_props.selftest.spread import NotMeasured

    mutants = mutants or bool(names)
    if not (mutants or null or power):
        raise click.UsageError("nothing to do: give --mutants, --null or --power.")
    if page is not None and not mutants:
        raise click.UsageError("--write writes the kill matrix: give --mutants too.")
    check_cluster(cluster, processes)
    share_devices(processes)
    check_reports(place, page, html_path)
    require_working_pair()
    passed: list[bool] = []
    document: dict[str, Any] = {"format": SELFTEST}
    with Outputs() as outputs:
        with interruptible():
            if mutants:
                tasks = _tasks(
                    profile, range(run_seed, run_seed + run_seeds), names, properties, full=full
                )
                if not tasks:
                    note = "nothing is selected: these properties need not kill these mutants"
                    click.echo(note, err=True)
                    return ExitCode.NOTHING_SELECTED
                whole = not (names or properties)
                matrix = _judge_mutants(tasks, processes, cluster, outputs, whole=whole)
                if page is not None:
                    outputs.save(_kill_page(matrix, processes, page), page)
                document["mutants"] = asdict(matrix)
                passed.append(matrix.passed)
            try:
                if null:
                    passed.append(_null(run_seed, processes, document))
                if power:
                    passed.append(_power(run_seed, profile, processes, document))
            except (CannotStart, NotMeasured) as error:
                raise CannotRun(str(error)) from error
        outputs.save(json.dumps(document, indent=1) + "\n", place)
        if html_path is not None:
            from dropout_props.report.html import selftest_page

            outputs.save(selftest_page(document), html_path)
    return ExitCode.PASS if all(passed) else ExitCode.FAILURE


def _tasks(
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


def _judge_mutants(
    tasks: list[Task], processes: int, cluster: str | None, outputs: Outputs, *, whole: bool
) -> KillMatrix:
    from dropout_props.cli.errors import CannotRun
    from dropout_props.cli.selftest_tables import mutant_display, print_kills
    from dropout_props.engine.pool import CannotStart
    from dropout_props.selftest import kill_matrix

    with mutant_display(len(tasks)) as show:
        try:
            matrix = kill_matrix.run(
                tasks, whole=whole, processes=processes, cluster=cluster, show=show
            )
        except CannotStart as error:
            raise CannotRun(str(error)) from error
    outputs.show(lambda: print_kills(matrix))
    return matrix


def _kill_page(matrix: KillMatrix, processes: int, page: Path) -> str:
    from dropout_props.selftest.kill_page import write_page

    more = f" --seeds {len(matrix.run_seeds)}" if len(matrix.run_seeds) > 1 else ""
    command = f"dropout-props selftest --mutants{more} -n {processes} --write {page}"
    return write_page(matrix, command=command)


def _null(run_seed: int, processes: int, document: dict[str, Any]) -> bool:
    from dropout_props.cli.selftest_tables import print_caught, print_measured
    from dropout_props.selftest import null

    figures = print_measured(null.measure(run_seed=run_seed, processes=processes))
    caught = print_caught(null.measure_own_mutants(run_seed=run_seed, processes=processes))
    document["null"] = [asdict(one) for one in figures]
    document["own mutants"] = [asdict(one) for one in caught]
    return all(one.held for one in figures) and all(one.failed for one in caught)


def _power(run_seed: int, profile: str, processes: int, document: dict[str, Any]) -> bool:
    from dropout_props.cli.selftest_tables import print_power
    from dropout_props.selftest import power

    figures = print_power(power.measure(run_seed=run_seed, profile=profile, processes=processes))
    document["power"] = [{**asdict(one), "passed": one.passed} for one in figures]
    return all(one.passed for one in figures)
