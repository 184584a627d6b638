"""`dropout-props check`: judge subjects, print one table, exit by the contract."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from dropout_props.cli.comparing import check_reports, read_result
from dropout_props.cli.console import console
from dropout_props.cli.errors import CannotRun
from dropout_props.cli.interrupt import let_go, stoppable
from dropout_props.cli.keeping import compare, keep
from dropout_props.cli.options import (
    budget_option,
    claims_of,
    known_option,
    known_text,
    profile_option,
    salt_option,
    subjects_of,
)
from dropout_props.exitcodes import ExitCode, of_run

if TYPE_CHECKING:
    from dropout_props.judging import Settings
    from dropout_props.properties import Claim
    from dropout_props.results import RunResult
    from dropout_props.subject import Subject

__all__ = ["command"]


@click.command("check")
@click.argument("subjects", nargs=-1, metavar="[SUBJECT]...")
@click.option("--claim", "claims", multiple=True, metavar="ID", help="Only this claim; repeatable.")
@profile_option
@salt_option
@budget_option
@known_option
@click.option(
    "-n",
    "processes",
    type=click.IntRange(min=1),
    default=1,
    help="Subjects at once, each in a process; no verdict depends on it.",
)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the result here.")
@click.option(
    "--junit", "junit_path", type=click.Path(path_type=Path), help="Write JUnit XML here."
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    help="Compare with this result file, and exit by what changed.",
)
def command(
    subjects: tuple[str, ...],
    *,
    claims: tuple[str, ...],
    profile: str,
    salt: int,
    budget: float,
    known: Path | None,
    processes: int,
    json_path: Path | None,
    junit_path: Path | None,
    baseline: Path | None,
) -> int:
    """Judge SUBJECTs, all that ship when none is named, against the catalogue.

    A SUBJECT is a name (`dropout-props list --subjects`) or package.module:attr of a layer of
    your own: a Linen or NNX module class, or a function f(key, x, rate, deterministic).

    Exit codes: 0 pass, 1 failure, 2 interrupted, 3 incomplete, 4 usage, 5 nothing selected,
    6 inconclusive.
    """
    chosen_claims = claims_of(claims)
    deviations = known_text(known)
    check_reports(json_path, junit_path)
    stored = None if baseline is None else read_result(baseline)
    _smoke_test()
    chosen_subjects = subjects_of(subjects)
    from dropout_props.judging import Settings

    settings = Settings.of(salt=salt, profile=profile, false_fail_rate=budget).listing(deviations)
    result, interrupted = _run(chosen_subjects, chosen_claims, settings, processes)
    if (json_path or stored) and not interrupted:
        from dropout_props.snapshot import take

        result = replace(result, snapshot=take(chosen_subjects))
    keep(result, json_path=json_path, junit_path=junit_path)
    if interrupted:
        return ExitCode.INTERRUPTED
    return of_run(result) if stored is None else compare(stored, result, baseline=baseline)


def _smoke_test() -> None:
    from dropout_props.subjects.environment import smoke_test
    from dropout_props.subjects.errors import BrokenPair

    try:
        smoke_test()
    except BrokenPair as error:
        raise CannotRun(str(error)) from error


def _run(
    subjects: list[Subject], claims: list[Claim], settings: Settings, processes: int
) -> tuple[RunResult, bool]:
    """Run with a progress display on standard error; keep what is there when interrupted."""
    from dropout_props.cli.progress import progress_of
    from dropout_props.report.terminal import header, print_report
    from dropout_props.run import empty_result, run

    printed = console()
    blank = empty_result(settings, len(subjects) * len(claims))
    interrupted, started = False, monotonic()
    with stoppable(again=True):
        for line in header(blank, settings.promise):
            printed.print(line, highlight=False, soft_wrap=True)
        with progress_of(blank.collected) as progress:
            try:
                result = run(
                    subjects,
                    claims,
                    settings,
                    processes=processes,
                    on_start=progress.start,
                    on_result=progress.finish,
                )
            except KeyboardInterrupt:
                let_go()
                seconds = monotonic() - started
                interrupted = True
                result = replace(blank, results=tuple(progress.done), seconds=seconds)
    print_report(result, printed)
    return result, interrupted
