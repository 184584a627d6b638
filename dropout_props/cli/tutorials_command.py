"""`dropout-props tutorials`: which sentences of tutorials are true, here or release by release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dropout_props.cli.comparison_output import check_reports
from dropout_props.cli.errors import CannotRun
from dropout_props.cli.outputs import Outputs
from dropout_props.results.exit_codes import ExitCode

if TYPE_CHECKING:
    from dropout_props.report.tutorials import Release

__all__ = ["command"]


@click.command("tutorials")
@click.argument("releases", nargs=-1, metavar="[RELEASE]...")
@click.option("--all", "whole", is_flag=True, help="Ask every release of the table that ships.")
@click.option("--python", metavar="X.Y", help="Version or path of the interpreter for RELEASEs.")
@click.option("--write", "page", type=click.Path(path_type=Path), help="Write the page here.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, of the installed Flax.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=1.0),
    default=600.0,
    show_default=True,
    help="Seconds after which a release is given up.",
)
def command(
    releases: tuple[str, ...],
    *,
    whole: bool,
    python: str | None,
    page: Path | None,
    as_json: bool,
    timeout: float,
) -> int:
    """Say which sentences of tutorials are true of each RELEASE of Flax, as a page of Markdown.

    Without RELEASEs, the Flax that is installed is asked. Each RELEASE gets an environment of its
    own, with the JAX of its time. False is no failure: the exit code is 0 for every answer.

    Exit codes: 0 answered, 2 interrupted, 3 a release could not run or the page could not be
    written, 4 usage.
    """
    from dropout_props.report.tutorials import tutorials_page

    row = _row(releases, whole=whole)
    check_reports(page)
    if not row:
        if python or page:
            raise click.UsageError(
                "--python and --write go with releases: name some, as in 0.12.12, or give --all."
            )
        _print_installed(as_json=as_json)
        return ExitCode.PASS
    if as_json:
        raise click.UsageError("--json goes with the installed Flax: name no release, not --all.")
    found = [_ask(release, python, timeout) for release in row]
    words = ["dropout-props tutorials", *(["--all"] if whole else row)]
    text = tutorials_page(found, command=" ".join(words))
    with Outputs() as outputs:
        if page is None:
            outputs.say(text)
        elif outputs.save(text, page):
            outputs.say(f"{page}: {len(found[0].found)} sentences, {len(found)} releases.")
    return ExitCode.PASS


def _row(releases: tuple[str, ...], *, whole: bool) -> list[str]:
    """Return the releases to ask, each once and oldest first."""
    from packaging.version import InvalidVersion, Version

    from dropout_props.environment.releases import supported

    if whole and releases:
        raise click.UsageError("--all asks every release of the table: name none, or leave it out.")
    chosen = set(supported() if whole else releases)
    try:
        return sorted(chosen, key=Version)
    except InvalidVersion as error:
        raise click.UsageError(f"{error}: name releases of Flax as in 0.12.12.") from error


def _print_installed(*, as_json: bool) -> None:
    from rich.console import Console

    from dropout_props.environment.errors import BrokenPair
    from dropout_props.gate.tutorials import ask_installed, to_json
    from dropout_props.report.tutorials import installed_table

    try:
        found = ask_installed()
    except BrokenPair as error:
        raise CannotRun(str(error)) from error
    if as_json:
        click.echo(to_json(found))
    else:
        Console().print(installed_table(found))


def _ask(release: str, python: str | None, timeout: float) -> Release:
    from dropout_props.gate.tutorials import CannotAsk, ask_release
    from dropout_props.gate.uv import CannotBuild

    try:
        found = ask_release(release, python=python, timeout=timeout)
    except (CannotBuild, CannotAsk) as error:
        raise CannotRun(str(error)) from error
    true = sum(one.true for one in found.found)
    click.echo(
        f"flax {found.flax}, jax {found.jax}: {true} of {len(found.found)} sentences are true",
        err=True,
    )
    return found
