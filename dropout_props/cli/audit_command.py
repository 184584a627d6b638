"""`dropout-props audit`: run a program under a record, and judge its dropout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dropout_props.cli.declarations import declaration_options, declared
from dropout_props.cli.errors import CannotRun, require_working_pair
from dropout_props.cli.options import budget_option, seed_option
from dropout_props.cli.outputs import Outputs
from dropout_props.cli.targets import called, target
from dropout_props.results.exit_codes import ExitCode

if TYPE_CHECKING:
    from dropout_props.auditing import Record

__all__ = ["command"]

_FILE = click.Path(path_type=Path)


@click.command("audit")
@click.argument("program", required=False)
@click.option("--evaluation", is_flag=True, help="The program evaluates a model: nothing may draw.")
@click.option("--strict", is_flag=True, help="Exit with 6 where data are too few, or not seen.")
@declaration_options
@seed_option
@budget_option
@click.option("--json", "json_path", type=_FILE, help="Write the record here.")
@click.option("--junit", "junit_path", type=_FILE, help="Write JUnit XML here.")
@click.option("--html", "html_path", type=_FILE, help="Write one HTML page to this file.")
@click.option("--merge", "merge", is_flag=True, help="Compare the record FILEs of processes.")
@click.argument("files", nargs=-1, type=_FILE)
def command(
    program: str | None,
    files: tuple[Path, ...],
    *,
    evaluation: bool,
    strict: bool,
    run_seed: int,
    budget: float,
    json_path: Path | None,
    junit_path: Path | None,
    html_path: Path | None,
    merge: bool,
    **declarations: tuple[str, ...],
) -> int:
    """Run PROGRAM (package.module:function) under a record, and judge every dropout in it.

    The function takes no argument, or `record`, on which it may call record.step(). With --merge,
    all arguments are files that `audit --json` wrote in several processes.

    Exit codes: 0 pass, 1 failure, 2 interrupted, 3 no trustworthy or no written result, 4 usage,
    5 nothing was drawn, 6 too few data with --strict.
    """
    if program is None:
        raise click.UsageError("name a program, package.module:function, or --merge and files.")
    about_sites = declared(declarations)
    if merge:
        if about_sites:
            raise click.UsageError("--merge compares files; declare sites where they are recorded.")
        given = {"--evaluation": evaluation, "--json": json_path, "--html": html_path}
        if unfit := [option for option, value in given.items() if value]:
            raise click.UsageError(
                f"--merge with {unfit[0]}: it is of one program, so give it where the file is "
                "recorded. --merge takes --strict and --junit."
            )
        return _merge([Path(program), *files], strict=strict, junit_path=junit_path)
    if files:
        raise click.UsageError(f"{files[0]}: one program at a time; files belong to --merge.")
    function = target(program)
    require_working_pair()
    from dropout_props.auditing import record
    from dropout_props.auditing.opened import NothingDrawn
    from dropout_props.auditing.options import read_options
    from dropout_props.recording import RecordingError

    try:
        read_options(**about_sites)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    options = {"training": not evaluation, "run_seed": run_seed, "budget": budget, **about_sites}
    try:
        with record(**options) as seen:
            called(function, seen)
        judgement = seen.judgement
    except NothingDrawn as error:
        click.echo(f"dropout-props: {error}", err=True)
        return ExitCode.NOTHING_SELECTED
    except RecordingError as error:
        raise CannotRun(str(error)) from error
    with Outputs() as outputs:
        outputs.say(seen.report())
        outputs.save(seen.to_json() if json_path else "", json_path)
        outputs.save(seen.to_html() if html_path else "", html_path)
        outputs.save(_junit(seen, program) if junit_path else "", junit_path)
    if judgement.failed:
        return ExitCode.FAILURE
    return ExitCode.INCONCLUSIVE if strict and judgement.says_too_little else ExitCode.PASS


def _junit(seen: Record, program: str) -> str:
    """Write a test case a property."""
    from dropout_props.auditing.text import causes, passed
    from dropout_props.report.junit import rows_junit

    return rows_junit(
        "dropout-props audit",
        [
            (
                program,
                f"{one.prop.id} {one.prop.name}",
                one.verdict,
                "\n\n".join(causes(one.findings)) if one.findings else passed(one),
            )
            for one in seen.judgement.judged
        ],
    )


def _merge(paths: list[Path], *, strict: bool, junit_path: Path | None) -> int:
    """Compare the records of several processes."""
    from dropout_props.auditing.files import merged, read, verdicts
    from dropout_props.report.junit import rows_junit

    names = list(map(str, paths))
    try:
        records = [read(path.read_text(encoding="utf-8"), str(path)) for path in paths]
    except (OSError, ValueError) as error:
        raise click.UsageError(str(error)) from error
    lines, fails = merged(records, names)
    with Outputs() as outputs:
        outputs.say("\n".join(lines))
        text = rows_junit("dropout-props audit", verdicts(records, names)) if junit_path else ""
        outputs.save(text, junit_path)
    if fails:
        return ExitCode.FAILURE
    too_few = any(one["too_few"] for content in records for one in content["properties"])
    too_little = too_few or any(content.get("not_seen") for content in records)
    return ExitCode.INCONCLUSIVE if strict and too_little else ExitCode.PASS
