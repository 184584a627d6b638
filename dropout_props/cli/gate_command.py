"""`dropout-props gate`: judges subjects in two environments at once, and says what changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dropout_props.cli.comparison_output import check_reports, publish, report_options
from dropout_props.cli.options import budget_option, known_option, profile_option, seed_option

if TYPE_CHECKING:
    from dropout_props.gate.side_process import SideJob
    from dropout_props.results.records import RunResult

__all__ = ["FLAX_LAYERS", "command"]

FLAX_LAYERS = ("linen.Dropout", "nnx.Dropout")
"""The subjects of `gate` and `matrix` when none is named: Flax's own layers."""

_INTERPRETER = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True)
class _Side:
    """One side, as the command line names it."""

    role: str
    spec: str | None
    interpreter: Path | None
    python: str | None
    extra: tuple[str, ...]

    @property
    def label(self) -> str:
        return f"{self.role} {self.spec or self.interpreter}"


@click.command("gate")
@click.argument("subjects", nargs=-1, metavar="[SUBJECT]...")
@click.option("--base", metavar="SPEC", help="Requirements in use, such as 'flax==0.11.2'.")
@click.option(
    "--candidate", metavar="SPEC", help="Requirements of the upgrade, as in 'flax==0.12.12'."
)
@click.option("--with", "extra", multiple=True, metavar="REQ", help="Install this on both sides.")
@click.option("--base-with", multiple=True, metavar="REQ", help="Install this on the base.")
@click.option(
    "--candidate-with", multiple=True, metavar="REQ", help="Install this on the candidate."
)
@click.option("--python", metavar="X.Y", help="Version or path of Python on both sides.")
@click.option("--base-python", metavar="X.Y", help="The same, for the base.")
@click.option("--candidate-python", metavar="X.Y", help="The same, for the candidate.")
@click.option(
    "--base-interpreter", type=_INTERPRETER, help="Use the environment of this interpreter."
)
@click.option("--candidate-interpreter", type=_INTERPRETER, help="The same, for the candidate.")
@click.option(
    "--property", "properties", multiple=True, metavar="ID", help="Only this property; repeatable."
)
@click.option(
    "--record",
    "program",
    metavar="PROGRAM",
    help="Run this function (package.module:function) under a record, and compare its dropout.",
)
@profile_option
@seed_option
@budget_option
@known_option
@click.option(
    "--timeout",
    type=click.FloatRange(min=1.0),
    default=3600.0,
    show_default=True,
    help="Seconds after which a side is stopped.",
)
@report_options
def command(
    subjects: tuple[str, ...],
    *,
    properties: tuple[str, ...],
    program: str | None,
    profile: str,
    run_seed: int,
    budget: float,
    known: Path | None,
    timeout: float,
    json_path: Path | None,
    markdown_path: Path | None,
    junit_path: Path | None,
    html_path: Path | None,
    strict_bits: bool,
    **sides: Any,
) -> int:
    """Judge each SUBJECT on two releases of Flax, or in two environments, and say what changed.

    Name each side by a SPEC, for which uv makes an environment, or by the path of an existing
    interpreter. By default, the SUBJECTs are linen.Dropout and nnx.Dropout; with --record, none.

    Exit codes: 0 pass, 1 regressed, contract changed, removed or error, or a site of PROGRAM that
    changed other than in its bits, 2 interrupted, 3 one side could not run or a report could not be
    written, 4 usage, 5 PROGRAM draws nothing on both sides, 6 inconclusive.
    """
    from dropout_props.cli.options import known_text, properties_of
    from dropout_props.gate.diff import diff

    base, candidate = (_side(role, sides) for role in ("base", "candidate"))
    check_reports(json_path, markdown_path, junit_path, html_path)
    default = () if program else FLAX_LAYERS
    request = {
        "subjects": list(dict.fromkeys(subjects or default)),
        "record": _checked(program),
        "properties": [prop.id for prop in properties_of(properties)] if properties else [],
        "profile": profile,
        "run_seed": run_seed,
        "budget": budget,
        "known": known_text(known),
    }
    results = _run([_job(side, request, timeout) for side in (base, candidate)])
    for side, result in zip((base, candidate), results, strict=True):
        _store(side, result)
    if program and not any(one.snapshot is None or one.snapshot.sites for one in results):
        click.echo(
            f"{program} draws nothing on either side; `dropout-props audit {program}` gives the "
            "usual reasons.",
            err=True,
        )
    comparison = diff(*results, labels=(base.label, candidate.label), strict_bits=strict_bits)
    return publish(
        comparison,
        json_path=json_path,
        markdown_path=markdown_path,
        junit_path=junit_path,
        html_path=html_path,
    )


def _checked(program: str | None) -> str:
    """Refuse the name of a program that is written wrongly, before anything is built.

    Raises:
        click.UsageError: naming the rule.
    """
    from dropout_props.environment.program import NoProgram, split_name

    try:
        return ":".join(split_name(program)) if program else ""
    except NoProgram as error:
        raise click.UsageError(f"--record {error}") from error


def _store(side: _Side, result: RunResult) -> None:
    """Store the result of a side in the cache; a cache that is not writable is only reported."""
    from dropout_props.results import cache, files, writing

    name = re.sub(r"[^A-Za-z0-9.=]+", "-", side.label).strip("-")[-80:]
    try:
        path = cache.folder("gates") / f"{name}.json"
        files.write(result, path)
    except (OSError, writing.CannotWrite) as error:
        click.echo(f"{side.label}: its result is not stored: {error}", err=True)
    else:
        click.echo(f"{side.label}: result stored in {path}", err=True)


def _side(role: str, options: dict[str, Any]) -> _Side:
    spec, interpreter = options[role], options[f"{role}_interpreter"]
    if (spec is None) == (interpreter is None):
        raise click.UsageError(
            f"name the {role} once: --{role} 'flax==0.12.12' makes an environment, "
            f"--{role}-interpreter PATH uses an existing one."
        )
    from dropout_props.environment.releases import BadSpec, parse

    extra = (*options["extra"], *options[f"{role}_with"])
    python = options[f"{role}_python"] or options["python"]
    if interpreter is not None and (extra or python):
        raise click.UsageError(
            f"--{role}-interpreter uses an environment as it is: leave out --with and --python."
        )
    try:
        parse(" ".join([spec or "", *extra]))
    except BadSpec as error:
        raise click.UsageError(str(error)) from error
    return _Side(role, spec, interpreter, python, extra)


def _job(side: _Side, request: dict[str, Any], timeout: float) -> SideJob:
    from dropout_props.gate.environments import Built, build
    from dropout_props.gate.side_process import SideJob

    if side.interpreter is not None:
        built = Built(
            side.interpreter.absolute(), reused=True
        )  # resolve() would leave the virtual environment
        return SideJob(side.label, lambda: built, request, timeout)
    spec = side.spec or ""
    prepare = lambda: build(spec, extra=side.extra, python=side.python)  # noqa: E731
    return SideJob(side.label, prepare, request, timeout)


def _run(jobs: list[SideJob]) -> list[RunResult]:
    from dropout_props.cli.interrupt import interruptible
    from dropout_props.cli.progress import run_sides

    with interruptible():
        return run_sides(jobs)
