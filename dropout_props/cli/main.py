"""`dropout-props`: the group of commands, and the one place where bad input becomes a message."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module

import click

from dropout_props import __version__
from dropout_props.exitcodes import ExitCode
from dropout_props.gate.cache import folder

__all__ = ["main"]

# Command -> what it does. Its module is dropout_props.cli.<command>, loaded when it is called.
_COMMANDS = {
    "baseline": "Keep a result in a repository, and renew it.",
    "check": "Judge dropout layers against the catalogue.",
    "diff": "Say what changed between two result files.",
    "explain": "Say what one claim claims, and what it rests on.",
    "gate": "Say what changes between two releases of Flax, or two environments.",
    "list": "List the claims of the catalogue, or the subjects that ship.",
    "matrix": "Judge a row of releases of Flax, and write the support matrix.",
    "plan": "Say what each claim can see, and how much it draws; samples nothing.",
    "replay": "Ask a failure again, with the same bits.",
    "selftest": "See the suite fail on planted bugs, and measure its error rates.",
    "schema": "Print the JSON Schema of result files.",
    "tutorials": "Say which sentences of tutorials are true, of the installed Flax or of releases.",
}


class _Lazy(click.Group):
    """A group whose commands are imported when they are called, so that --help is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"dropout_props.cli.{cmd_name}_command")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dropout-props")
def _group() -> None:
    """Does a dropout layer do what dropout means, here, now?"""


def _keep_hypothesis_out_of_the_way() -> None:
    """Keep what Hypothesis caches in this package's cache, not in the user's working directory."""
    if "HYPOTHESIS_STORAGE_DIRECTORY" not in os.environ:
        with suppress(OSError):  # a home that cannot be written is no reason not to run
            os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(folder("hypothesis"))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; every error that a user can mend is one paragraph and a code."""
    _keep_hypothesis_out_of_the_way()
    try:
        code = _group.main(args=arguments, prog_name="dropout-props", standalone_mode=False)
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.ClickException as error:
        click.echo(f"dropout-props: {error.format_message()}", err=True)
        code = getattr(error, "exit_code", ExitCode.USAGE)
        if isinstance(error, click.UsageError):
            code = ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("dropout-props: interrupted.", err=True)
        code = ExitCode.INTERRUPTED
    sys.exit(code or 0)
