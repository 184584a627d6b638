"""`dropout-props matrix`: judges several releases of Flax, and writes the support matrix."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dropout_props.cli.comparison_output import check_reports
from dropout_props.cli.errors import CannotRun
from dropout_props.cli.options import (
    budget_option,
    cluster_option,
    known_option,
    known_text,
    profile_option,
    properties_of,
    seed_option,
)
from dropout_props.cli.outputs import Outputs
from dropout_props.results.exit_codes import ExitCode, of_run, worst

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dropout_props.gate.matrix import Column, Matrix
    from dropout_props.results.records import RunResult

__all__ = ["command"]

_PATH = click.Path(path_type=Path)


@click.command("matrix")
@click.argument("releases", nargs=-1, metavar="[RELEASE]...")
@click.option("--subject", "subjects", multiple=True, help="Judge this subject; repeatable.")
@click.option(
    "--property", "properties", multiple=True, metavar="ID", help="Only this property; repeatable."
)
@click.option(
    "--installed",
    is_flag=True,
    help="Judge subjects of all installed frameworks in this environment, side by side, instead of "
    "releases.",
)
@click.option("--python", metavar="X.Y", help="Version or path of Python.")
@click.option(
    "--results",
    "folder",
    type=_PATH,
    help="Store the results here, and reuse those that are there.",
)
@click.option(
    "--write", "page", type=_PATH, help="Write the page to this file instead of printing it."
)
@click.option("--html", "html_path", type=_PATH, help="Write one HTML page to this file.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=1.0),
    default=3600.0,
    show_default=True,
    help="Seconds after which a release, or a subject of --installed, is stopped.",
)
@click.option(
    "--platform",
    "platforms",
    type=click.Choice(["cpu", "cuda", "tpu"]),
    multiple=True,
    help="Judge on the devices of this platform of JAX; repeatable.  [default: JAX_PLATFORMS, or "
    "cpu]",
)
@cluster_option
@profile_option
@seed_option
@budget_option
@known_option
def command(
    releases: tuple[str, ...],
    *,
    subjects: tuple[str, ...],
    properties: tuple[str, ...],
    installed: bool,
    python: str | None,
    folder: Path | None,
    page: Path | None,
    html_path: Path | None,
    timeout: float,
    platforms: tuple[str, ...],
    cluster: str | None,
    profile: str,
    run_seed: int,
    budget: float,
    known: Path | None,
) -> int:
    """Judge each RELEASE of Flax with the JAX of its time, and say what each step changed.

    By default, the RELEASEs are those of the table that ships. Two run at once; with --cluster, as
    many as a Dask cluster has threads, in environments that its workers make. With several
    --platform, each release is judged on each, and what differs is listed.

    With --installed, the columns are subjects: Flax's two layers, and those of the other frameworks
    that are installed, or each --subject. Each is judged by this interpreter, in a process of its
    own, and the page says what each violates.

    Exit codes: 0 pass, 1 a failure or error in a release, or a step that a gate would fail,
    2 interrupted, 3 a release could not run or a file could not be written, 4 usage,
    6 inconclusive.
    """
    from dropout_props.cli.gate_command import FLAX_LAYERS
    from dropout_props.cli.interrupt import interruptible
    from dropout_props.cli.matrix_installed import side_by_side
    from dropout_props.cli.progress import run_sides
    from dropout_props.environment import releases as table
    from dropout_props.gate import matrix
    from dropout_props.report.matrix import matrix_page
    from dropout_props.results import files

    given = list(dict.fromkeys(subjects))
    request: dict[str, Any] = {
        "subjects": given or list(FLAX_LAYERS),
        "properties": [prop.id for prop in properties_of(properties)] if properties else [],
        "profile": profile,
        "run_seed": run_seed,
        "budget": budget,
        "known": known_text(known),
    }
    check_reports(page, html_path)
    if installed:
        _require_without(
            {"RELEASE": releases, "--python": python, "--cluster": cluster, "--platform": platforms}
        )
    of_caller = os.environ.get("JAX_PLATFORMS") or "cpu"
    platforms = tuple(dict.fromkeys(platforms)) or (of_caller,)
    chosen = matrix.columns_of(_named(releases) or table.supported(), platforms)
    if folder is not None:
        _make(folder)
    if installed:
        options = [f"--subject {one}" for one in given]
        options += [f"--property {one}" for one in request["properties"]]
        options += [f"--known {known}"] if known is not None else []
        words = ["dropout-props matrix --installed", *options, f"--profile {profile}"]
        return side_by_side(
            given,
            request,
            folder=folder,
            page=page,
            html_path=html_path,
            timeout=timeout,
            words=" ".join(words),
        )
    with Outputs() as outputs:
        stored = _stored(folder, chosen)
        with interruptible(), _display(cluster, len(chosen) - len(stored)) as show:

            def finish(column: matrix.Column, result: RunResult) -> None:
                if folder is not None and not result.stopped:
                    outputs.save(files.result_text(result), folder / column.file)
                show(str(column))

            found = matrix.run(
                chosen,
                request,
                run_sides=run_sides,
                python=python,
                timeout=timeout,
                cluster=cluster,
                on_result=finish,
                stored=stored,
            )
        words = ["dropout-props matrix", *releases, f"--profile {profile}"]
        words += [f"--platform {one}" for one in platforms if platforms != ("cpu",)]
        words += [f"--known {known}"] if known is not None else []
        text = matrix_page(found.releases, found.results, found.steps, command=" ".join(words))
        if page is None:
            outputs.say(text)
        elif outputs.save(text, page):
            outputs.say(f"{page}: {len(found.releases)} releases.")
        code = _code(found)
        if html_path is not None:
            from dropout_props.report.html import releases_page

            html = releases_page(found.releases, found.results, found.steps, exit_code=code)
            outputs.save(html, html_path)
        return code


@contextmanager
def _display(cluster: str | None, total: int) -> Iterator[Callable[[str], None]]:
    """Show the releases that a cluster has judged; the sides of this machine show themselves.

    Raises:
        CannotRun: the cluster cannot be used.
    """
    if cluster is None:
        yield lambda _release: None
        return
    from dropout_props.cli.progress import progress_of_releases
    from dropout_props.engine.pool import CannotStart

    try:
        with progress_of_releases(total) as show:
            yield show
    except CannotStart as error:
        raise CannotRun(str(error)) from error


def _code(found: Matrix) -> ExitCode:
    """Return the exit code of all releases and all steps between them."""
    from dropout_props.gate.diff import exit_code

    codes = [
        ExitCode.INCOMPLETE if result.stopped and not result.results else of_run(result)
        for result in found.results
    ]
    return worst([*codes, *map(exit_code, found.steps)])


def _named(releases: tuple[str, ...]) -> tuple[str, ...]:
    """Return the releases.

    Raises:
        click.UsageError: one is not a version.
    """
    from packaging.version import InvalidVersion, Version

    try:
        for release in releases:
            Version(release)
    except InvalidVersion as error:
        raise click.UsageError(f"{error}: name releases of Flax as in 0.12.12.") from error
    return releases


def _require_without(options: dict[str, object]) -> None:
    """Refuse what says where to judge.

    Raises:
        click.UsageError: an option is given.
    """
    for name, value in options.items():
        if value:
            raise click.UsageError(
                f"--installed judges in this environment: leave out {name}, or --installed."
            )


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotRun(f"{folder}: cannot be made: {error.strerror}. Name another.") from error


def _stored(folder: Path | None, columns: tuple[Column, ...]) -> dict[Column, RunResult]:
    from dropout_props.cli.comparison_output import read_result

    if folder is None:
        return {}
    paths = {column: folder / column.file for column in columns}
    return {column: read_result(path) for column, path in paths.items() if path.exists()}
