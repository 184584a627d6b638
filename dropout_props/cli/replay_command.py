"""`dropout-props replay ID`: judges a failure again, or prints it as a program or a test."""

from __future__ import annotations

from pathlib import Path

import click

from dropout_props.cli.comparison_output import read_result
from dropout_props.cli.errors import require_working_pair
from dropout_props.cli.options import configuration
from dropout_props.cli.outputs import Outputs
from dropout_props.results.exit_codes import ExitCode

__all__ = ["command"]

_CODES = {
    "FIXED": ExitCode.PASS,
    "FAILED": ExitCode.FAILURE,
    "ERROR": ExitCode.FAILURE,
    "INCONCLUSIVE": ExitCode.INCONCLUSIVE,
    "NOT JUDGED": ExitCode.INCOMPLETE,
}


@click.command("replay")
@click.argument("name", metavar="ID")
@click.option(
    "--result",
    "path",
    type=click.Path(path_type=Path),
    help="Result file with the failure; by default, that of the last `check`.",
)
@click.option("--script", is_flag=True, help="Print a program of JAX and Flax alone instead.")
@click.option("--pytest", "as_test", is_flag=True, help="Print a test file instead.")
def command(name: str, *, path: Path | None, script: bool, as_test: bool) -> int:
    """Judge the failure ID again with the same bits, and say whether it is fixed.

    Exit codes: 0 fixed, 1 failed or error, 2 interrupted, 3 not judged, since the subject does not
    support the operation here, 4 usage, 6 inconclusive.
    """
    from dropout_props.replay.find import NoSuchFailure, find_failure, replay
    from dropout_props.replay.script import NoScript, test_file
    from dropout_props.replay.script import script as script_of
    from dropout_props.results import cache
    from dropout_props.subjects.errors import UnknownSubject, WiringError

    if script and as_test:
        raise click.UsageError("--script and --pytest print one file each: choose one.")
    if path is None and not cache.last_result().exists():
        raise click.UsageError(
            f"no result of a check is stored ({cache.last_result()} does not exist): name a result "
            "file with --result."
        )
    try:
        found = find_failure(read_result(path or cache.last_result()), name)
        if not found.result.property_id.startswith("DP"):
            configuration()  # imports the modules in which the project declares its own
        if script or as_test:
            click.echo(script_of(found) if script else test_file(found), nl=False)
            return ExitCode.PASS
        require_working_pair()
        again = replay(found)
    except (NoSuchFailure, NoScript, UnknownSubject, WiringError) as error:
        raise click.UsageError(str(error)) from error
    result = found.result
    with Outputs() as outputs:
        outputs.say(f"{again.ending.value} {result.subject} {result.property_id} {result.name}")
        outputs.say(f"  then: {result.failure.seen if result.failure else result.shown}")
        outputs.say(f"  now: {again.seen}")
        if again.same is not None:
            word = "the same, bit for bit" if again.same else "different"
            outputs.say(f"  the statistic is {word} (log10 evidence {again.log10_evidence:.6g})")
    return _CODES[again.ending.value]
