"""`dropout-props check`: judges subjects, and prints and writes the result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from dropout_props.cli.check_output import publish_run
from dropout_props.cli.comparison_output import check_reports, read_result
from dropout_props.cli.console import console
from dropout_props.cli.errors import require_working_pair
from dropout_props.cli.findings import baseline_to_write, findings_of, is_list, places_of
from dropout_props.cli.interrupt import interruptible, stop_repeating
from dropout_props.cli.options import (
    budget_option,
    check_cluster,
    check_room,
    cluster_option,
    configuration,
    known_option,
    known_text,
    profile_option,
    seed_option,
    selection_of,
    selection_options,
    share_devices,
    subjects_of,
)
from dropout_props.results.exit_codes import ExitCode

if TYPE_CHECKING:
    from datetime import datetime

    from dropout_props.engine import Settings
    from dropout_props.engine.selection import Selection
    from dropout_props.properties import Property
    from dropout_props.results.records import RunResult
    from dropout_props.subjects.subject import Subject

__all__ = ["command"]


@click.command("check")
@click.argument("subjects", nargs=-1, metavar="[SUBJECT]...")
@click.option(
    "--property", "properties", multiple=True, metavar="ID", help="Only this property; repeatable."
)
@selection_options
@profile_option
@seed_option
@budget_option
@known_option
@click.option(
    "-n",
    "processes",
    type=click.IntRange(min=1),
    default=1,
    help="Pairs of subject and property to judge at once, in as many worker processes.",
)
@cluster_option
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.0, min_open=True),
    metavar="SECONDS",
    help="Stop a pair that takes longer; no limit by default. Worker processes judge the pairs.",
)
@click.option(
    "--max-seconds",
    type=click.FloatRange(min=0.0, min_open=True),
    metavar="SECONDS",
    help="Begin no pair after this time; the report says how many were not judged, and the exit "
    "code is 3 unless something failed.",
)
@click.option(
    "--json", "json_path", type=click.Path(path_type=Path), help="Write the result to this file."
)
@click.option(
    "--junit", "junit_path", type=click.Path(path_type=Path), help="Write JUnit XML to this file."
)
@click.option(
    "--html",
    "html_path",
    type=click.Path(path_type=Path),
    help="Write one HTML page to this file.",
)
@click.option(
    "--sarif",
    "sarif_path",
    type=click.Path(path_type=Path),
    help="Write SARIF 2.1.0 to this file, for code scanning.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    help="A .toml file of --write-baseline: its failures are known, and only new ones fail. Any "
    "other file is a result to compare with; the exit code then says what changed.",
)
@click.option(
    "--write-baseline",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the failures of this run to FILE, a .toml file for --baseline, each with a reason "
    "and a day on which it expires. Failures that were written do not fail the run.",
)
@click.option(
    "--reason",
    default="not reviewed yet",
    show_default=True,
    help="Reason of each failure that --write-baseline writes.",
)
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Day on which they expire; by default in 90 days.",
)
@click.option(
    "-v",
    "--verbose",
    is_flag=True,
    help="Print every property, the whole text of each failure, and all versions and flags.",
)
def command(
    subjects: tuple[str, ...],
    *,
    verbose: bool,
    properties: tuple[str, ...],
    level: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    profile: str,
    run_seed: int,
    budget: float,
    known: Path | None,
    processes: int,
    cluster: str | None,
    timeout: float | None,
    max_seconds: float | None,
    json_path: Path | None,
    junit_path: Path | None,
    html_path: Path | None,
    sarif_path: Path | None,
    baseline: Path | None,
    write_baseline: Path | None,
    reason: str,
    expires: datetime | None,
) -> int:
    """Judge each SUBJECT; by default those of pyproject.toml, or else every subject that ships.

    A SUBJECT is a name (`dropout-props list --subjects`) or package.module:attr of a layer of
    your own: a Linen or NNX module class, or a function f(key, x, rate, deterministic).

    The first screen says what failed and why, what a pass excludes, and what is known. -v prints
    the rest.

    With -n or --timeout, worker processes judge the pairs. A pair whose process crashes or exceeds
    the timeout is retried once, alone; if that fails too, it is an ERROR. No verdict of another
    pair depends on it, or on -n. With --cluster, the workers of a Dask cluster do the same.

    Exit codes: 0 pass, 1 failure or error, 2 interrupted, 3 the result is incomplete or could not
    be written, 4 usage, 5 nothing selected, 6 inconclusive.
    """
    table = configuration()
    selection = selection_of(
        level=level,
        select=select,
        ignore=ignore,
        properties=properties,
        table=table.selection,
    )
    deviations = table.deviations if known is None else known_text(known)
    if table.profile and _is_default("profile"):
        profile = table.profile
    check_cluster(cluster, processes)
    share_devices(processes)
    check_reports(json_path, junit_path, html_path, sarif_path, write_baseline)
    _check_baselines(baseline, write_baseline)
    findings = findings_of(baseline)
    stored = None if baseline is None or is_list(baseline) else read_result(baseline)
    writing = baseline_to_write(write_baseline, reason=reason, expires=expires)
    require_working_pair()
    chosen_subjects = subjects_of(subjects or table.subjects)
    from dropout_props.engine import Settings
    from dropout_props.engine.unmatched import unmatched

    settings = Settings.of(run_seed=run_seed, profile=profile, false_fail_rate=budget).listing(
        deviations
    )
    settings = settings.allowing(findings)
    check_room(chosen_subjects, settings)
    execution = _Execution(
        processes,
        timeout,
        max_seconds,
        snapshot=bool(json_path or stored),
        cluster=cluster,
        verbose=verbose,
    )
    result, interrupted = _run(chosen_subjects, selection, settings, execution)
    names = [subject.name for subject in chosen_subjects]
    warnings = unmatched(selection, names, listed=table.subjects)
    result = replace(result, notes=(*result.notes, *warnings))

    code = publish_run(
        result,
        verbose=verbose,
        json_path=json_path,
        junit_path=junit_path,
        html_path=html_path,
        sarif_path=sarif_path,
        places=places_of(chosen_subjects),
        writing=writing,
        stored=None if interrupted else stored,
        baseline=baseline,
    )
    return ExitCode.INTERRUPTED if interrupted else code


def _check_baselines(baseline: Path | None, write_baseline: Path | None) -> None:
    """Refuse to write a list of failures that would lose entries or reasons.

    Raises:
        click.UsageError: for the reason that its text gives.
    """
    if write_baseline is None:
        if not (_is_default("reason") and _is_default("expires")):
            raise click.UsageError(
                "--reason and --expires describe a list of failures: give --write-baseline "
                "FILE.toml too."
            )
        return
    if baseline is not None:
        raise click.UsageError(
            f"--write-baseline {write_baseline} with --baseline {baseline}: the new list would "
            "lack the failures that the old one has. Write it without --baseline."
        )
    if write_baseline.is_file():
        raise click.UsageError(
            f"--write-baseline {write_baseline}: the file exists, and its reasons would be lost. "
            "Name another file, or delete this one first."
        )


def _is_default(option: str) -> bool:
    """Return whether the command line leaves an option out."""
    source = click.get_current_context().get_parameter_source(option)
    return source is click.core.ParameterSource.DEFAULT


@dataclass(frozen=True)
class _Execution:
    """How pairs are run: arguments of `dropout_props.engine.run.run`."""

    processes: int
    timeout: float | None
    max_seconds: float | None
    snapshot: bool
    cluster: str | None = None
    verbose: bool = False


def _run(
    subjects: list[Subject], selection: Selection, settings: Settings, execution: _Execution
) -> tuple[RunResult, bool]:
    """Run with a progress display; return the result so far and whether it was interrupted."""
    from dropout_props.cli.progress import progress_of_pairs
    from dropout_props.cli.quiet import printed_by_layers
    from dropout_props.engine.pool import CannotStart
    from dropout_props.engine.run import (
        NotPicklable,
        SameName,
        empty_result,
        in_order,
        number_of,
        run,
    )
    from dropout_props.report.terminal import brief_header, header

    printed, properties = console(), selection.properties_of
    notes = tuple(
        f"{subject.name}: {one} is ignored: {reason}"
        for subject in subjects
        for one, reason in selection.reasons(subject).items()
    )
    number = number_of(subjects, properties)
    blank = replace(empty_result(settings, number, subjects), notes=notes)
    result, interrupted, started, stopped = blank, False, monotonic(), ""
    with interruptible(repeat=True):
        lines = header(blank, settings.promise) if execution.verbose else brief_header(blank)
        for line in lines:
            printed.print(line, highlight=False, soft_wrap=True)
        with (
            progress_of_pairs(blank.collected) as progress,
            printed_by_layers(shown=execution.verbose) as prints,
        ):

            def start(subject: Subject, prop: Property) -> None:
                prints.subject = subject.name
                progress.start(subject, prop)

            try:
                result = run(
                    subjects,
                    properties,
                    settings,
                    processes=execution.processes,
                    timeout=execution.timeout,
                    cluster=execution.cluster,
                    max_seconds=execution.max_seconds,
                    snapshot=execution.snapshot,
                    on_start=start,
                    on_result=progress.finish,
                    on_print=prints.take,
                )
            except KeyboardInterrupt:
                stop_repeating()
                interrupted = True
            except (NotPicklable, SameName) as error:
                raise click.UsageError(str(error)) from error
            except CannotStart as error:
                stopped = str(error)
    said = dict.fromkeys((*notes, *result.notes, *prints.notes))
    result = replace(result, notes=tuple(said))
    if interrupted or stopped:
        results = in_order(progress.done, subjects, properties)
        seconds = monotonic() - started
        result = replace(blank, results=results, seconds=seconds, stopped=stopped)
    if stopped:
        click.echo(f"dropout-props: {stopped}", err=True)
    return result, interrupted
