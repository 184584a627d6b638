"""`dropout-props`: the group of commands, and the place where every error becomes a message."""

from __future__ import annotations

import errno
import os
import sys
import threading
import traceback
from contextlib import nullcontext, suppress
from importlib import import_module
from typing import TYPE_CHECKING

import click

from dropout_props import __version__
from dropout_props.cli.interrupt import interruptible
from dropout_props.environment.collector import own_process
from dropout_props.results.cache import folder
from dropout_props.results.exit_codes import ExitCode
from dropout_props.results.writing import STANDARD_OUTPUT, sentence

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["main"]

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)

# Command -> its help. Its module is dropout_props.cli.<command>_command, imported when called.
_COMMANDS = {
    "audit": "Run a program under a record, and judge every dropout in it.",
    "baseline": "Describe a stored result, or renew it.",
    "campaign": "Count one property of one layer on many devices and hosts.",
    "check": "Judge dropout layers against the catalogue.",
    "diff": "Say what changed between two result files.",
    "explain": "Print what a property states, how it is judged, and known deviations.",
    "gate": "Say what changes between two releases of Flax, or two environments.",
    "list": "List the properties of the catalogue, or the subjects that ship.",
    "matrix": "Judge several releases of Flax, and write the support matrix.",
    "plan": "Print what each property detects, and how much it draws; samples nothing.",
    "replay": "Judge a failure again with the same bits.",
    "report": "Print a stored result, or write it as a page.",
    "selftest": "Judge layers with known bugs, and measure the error rates of the suite.",
    "schema": "Print the JSON Schema of result files.",
    "sites": "Trace a program, and list its dropout without running it.",
}


_GONE = {"tutorials": "python tools/tutorials.py"}
"""Commands of 0.1 -> their replacements. The note is printed until 0.3."""

_RENAMED = {"--claim": "--property", "--salt": "--seed", "--salts": "--seeds"}
"""Options of 0.1 -> their new names. The old names are accepted until 0.3."""


def _renamed(arguments: list[str]) -> list[str]:
    """Replace the options of an earlier release, with a note on standard error."""
    found: list[str] = []
    for position, argument in enumerate(arguments):
        if argument == "--":
            return found + arguments[position:]
        name, equals, value = argument.partition("=")
        if name in _RENAMED:
            note = f"{name} is now called {_RENAMED[name]}; the old name is accepted until 0.3."
            click.echo(f"dropout-props: {note}", err=True)
        found.append(f"{_RENAMED.get(name, name)}{equals}{value}")
    return found


class _Lazy(click.Group):
    """A group that imports a command when it is called, so that --help is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (the signature of click)
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name in _GONE:
            raise click.UsageError(
                f"the command {cmd_name} was removed; in a checkout of dropout_props, "
                f"`{_GONE[cmd_name]}` does the same."
            )
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"dropout_props.cli.{cmd_name}_command")
        command: click.Command = module.command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args:  # some releases of click print the help and exit with 0
            raise click.UsageError(f"no command was given.\n\n{ctx.get_help()}")
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dropout-props")
def _group() -> None:
    """Judge whether a dropout layer does what dropout means, with declared error rates."""


def _set_hypothesis_folder() -> None:
    """Let Hypothesis store its files in this package's cache, not in the working directory."""
    if "HYPOTHESIS_STORAGE_DIRECTORY" not in os.environ:
        with suppress(OSError):  # a cache that is not writable must not fail the run
            os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(folder("hypothesis"))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line, and exit; an error of the user is one paragraph and an exit code.

    Args:
        arguments: those of the command line; None for those of this process, which ends with it.
    """
    if arguments is None:
        own_process()
    _set_hypothesis_folder()
    code = _run(arguments)
    for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2)):
        _flush(stream, descriptor)
    sys.exit(int(code))


def _run(arguments: list[str] | None) -> int:  # noqa: PLR0911 (one for each way to end)
    """Run the command line, and return the exit code."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    try:
        with interruptible() if in_main_thread else nullcontext():
            given = sys.argv[1:] if arguments is None else arguments
            code = _group.main(
                args=_renamed(given), prog_name="dropout-props", standalone_mode=False
            )
            if sys.stdout is not None:  # a closed one is None
                sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return int(stop.exit_code)
    except click.UsageError as error:
        return _say(error.format_message(), ExitCode.USAGE)
    except click.ClickException as error:
        return _say(error.format_message(), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return _say("interrupted.", ExitCode.INTERRUPTED)
    except (BrokenPipeError, SystemExit):  # click exits with 1 when a pipe has no reader
        return ExitCode.INCOMPLETE
    except Exception as error:  # noqa: BLE001 (1 would mean a failed property)
        return _unexpected(error)
    return int(code or 0)


def _say(text: str, code: int) -> int:
    """Print a message on standard error, and return the exit code."""
    with suppress(OSError):
        click.echo(f"dropout-props: {text}", err=True)
    return code


def _unexpected(error: Exception) -> int:
    """Print an unexpected error, and return 3: there is no trustworthy result."""
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return _say(sentence(error.filename or STANDARD_OUTPUT, error), ExitCode.INCOMPLETE)
    with suppress(OSError):
        traceback.print_exc()
    return _say(
        "this is a fault of dropout_props, not a verdict; please report it with these lines.",
        ExitCode.INCOMPLETE,
    )


def _flush(stream: TextIO | None, descriptor: int) -> None:
    """Flush a stream, or drop its text: Python would try again at its exit, and exit with 120."""
    try:
        if stream is not None:
            stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            if stream is not None and stream.fileno() == descriptor:
                os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
