"""`dropout-props baseline`: describes a stored result, or renews it and says what changes.

No other command changes a stored result.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dropout_props.cli.comparison_output import check_reports, read_result
from dropout_props.cli.console import console
from dropout_props.cli.errors import CannotRun, require_working_pair
from dropout_props.cli.outputs import Outputs
from dropout_props.results.exit_codes import ExitCode

if TYPE_CHECKING:
    from dropout_props.results.records import RunResult

__all__ = ["command"]


@click.command("baseline")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--update",
    "update",
    is_flag=True,
    help="Judge the baseline's subjects and properties again, and store the new result.",
)
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    help="With --update: store this result file instead of judging again.",
)
def command(path: Path, *, update: bool, source: Path | None) -> int:
    """Describe the baseline FILE; with --update, renew it and say what changed.

    A baseline is a result file. `dropout-props check --baseline FILE` compares with it and never
    changes it. Make the first one with `dropout-props check --json FILE`, or with --from.

    Exit codes: 0 described or stored, with whatever verdicts, 2 interrupted, 3 the new result is
    incomplete or could not be written, 4 usage.
    """
    from dropout_props.results import files
    from dropout_props.results.writing import STANDARD_OUTPUT

    if source is not None and not update:
        raise click.UsageError("--from stores a result in the baseline, and so needs --update.")
    if not update:
        _describe(path)
        return ExitCode.PASS
    if not path.exists() and source is None:
        raise click.UsageError(
            f"{path}: there is no baseline yet; make one with `dropout-props check --json {path}`."
        )
    if path == STANDARD_OUTPUT or (path.exists() and not path.is_file()):
        raise click.UsageError(f"{path}: a baseline is read and replaced: name a regular file.")
    check_reports(path)
    old = read_result(path) if path.exists() else None
    new = read_result(source) if source is not None else _judge_again(path)
    if not new.complete or new.stopped:
        raise CannotRun("the new result is incomplete and was not stored: run it again.")
    with Outputs() as outputs:
        if old is not None:
            outputs.show(lambda: _say_what_changes(path, old, new))
        if outputs.save(files.result_text(new), path):
            outputs.say(f"{path}: stored {len(new.results)} results.")
    return ExitCode.PASS


def _describe(path: Path) -> None:
    from dropout_props.report.terminal import tally_line

    result = read_result(path)
    versions = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    click.echo(
        f"{path}: {tally_line(result)}; {versions}; run seed {result.run_seed}, {result.profile}"
    )


def _judge_again(path: Path) -> RunResult:
    """Judge the pairs of a baseline again, with its run seed, profile and budget."""
    from dataclasses import replace

    from dropout_props.cli.options import check_room, properties_of, subjects_of
    from dropout_props.cli.progress import progress_of_pairs
    from dropout_props.engine import Settings
    from dropout_props.engine.run import run
    from dropout_props.engine.snapshot import take

    old = read_result(path)
    require_working_pair()
    subjects = subjects_of(tuple(dict.fromkeys(one.subject for one in old.results)))
    properties = properties_of(tuple(dict.fromkeys(one.property_id for one in old.results)))
    settings = Settings.of(
        run_seed=old.run_seed, profile=old.profile, false_fail_rate=old.false_fail_rate
    )
    check_room(subjects, settings)
    with progress_of_pairs(len(subjects) * len(properties)) as progress:
        result = run(
            subjects, properties, settings, on_start=progress.start, on_result=progress.finish
        )
    return replace(result, snapshot=take(subjects))


def _say_what_changes(path: Path, old: RunResult, new: RunResult) -> None:
    from dropout_props.gate.diff import Incomparable, diff
    from dropout_props.report.changes import print_changes

    try:
        comparison = diff(old, new, labels=(f"{path} as it was", "as it is now"))
    except Incomparable as error:
        click.echo(f"{path}: replaced without a comparison: {error}")
        return
    print_changes(comparison, console())
