"""`dropout-props gate`: two environments, both judged at once, and what changed between them."""

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
"""What is asked when nobody is named: the layers that come from Flax itself."""

_INTERPRETER = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True)
class _Side:
    """How one side was named on the command line."""

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
@click.option("--base", metavar="SPEC", help="What is in use, such as 'flax==0.11.2'.")
@click.option("--candidate", metavar="SPEC", help="What may replace it, such as 'flax==0.12.12'.")
@click.option("--with", "extra", multiple=True, metavar="REQ", help="Install this on both sides.")
@click.option("--base-with", multiple=True, metavar="REQ", help="Install this on the base.")
@click.option("--candidate-with", multiple=True, metavar="REQ", help="And on the candidate.")
@click.option("--python", metavar="X.Y", help="Version or path of the interpreter of both sides.")
@click.option("--base-python", metavar="X.Y", help="The same, of the base.")
@click.option("--candidate-python", metavar="X.Y", help="The same, of the candidate.")
@click.option("--base-interpreter", type=_INTERPRETER, help="An environment that exists already.")
@click.option("--candidate-interpreter", type=_INTERPRETER, help="The same, of the candidate.")
@click.option(
    "--property", "properties", multiple=True, metavar="ID", help="Only this property; repeatable."
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
    profile: str,
    run_seed: int,
    budget: float,
    known: Path | None,
    timeout: float,
    json_path: Path | None,
    markdown_path: Path | None,
    junit_path: Path | None,
    strict_bits: bool,
    **sides: Any,
) -> int:
    """Judge SUBJECTs on two releases of Flax, or in two environments, and say what changed.

    Each side is named by a SPEC, and then gets an environment of its own, or by the path of an
    interpreter that exists. Without SUBJECTs, linen.Dropout and nnx.Dropout are asked.

    Exit codes: 0 pass, 1 regressed, contract changed, removed or error, 2 interrupted, 3 one side
    could not run or a report could not be written, 4 usage, 6 inconclusive.
    """
    from dropout_props.cli.options import known_text, properties_of
    from dropout_props.gate.diff import diff

    base, candidate = (_side(role, sides) for role in ("base", "candidate"))
    check_reports(json_path, markdown_path, junit_path)
    request = {
        "subjects": list(dict.fromkeys(subjects or FLAX_LAYERS)),
        "properties": [prop.id for prop in properties_of(properties)] if properties else [],
        "profile": profile,
        "run_seed": run_seed,
        "budget": budget,
        "known": known_text(known),
    }
    results = _run([_asked(side, request, timeout) for side in (base, candidate)])
    for side, result in zip((base, candidate), results, strict=True):
        _keep(side, result)
    comparison = diff(*results, labels=(base.label, candidate.label), strict_bits=strict_bits)
    return publish(
        comparison, json_path=json_path, markdown_path=markdown_path, junit_path=junit_path
    )


def _keep(side: _Side, result: RunResult) -> None:
    """Keep the result of a side in the cache; where it cannot be, that is said, no more."""
    from dropout_props.results import cache, files, writing

    name = re.sub(r"[^A-Za-z0-9.=]+", "-", side.label).strip("-")[-80:]
    try:
        path = cache.folder("gates") / f"{name}.json"
        files.write(result, path)
    except (OSError, writing.CannotWrite) as error:
        click.echo(f"{side.label}: its result is not kept: {error}", err=True)
    else:
        click.echo(f"{side.label}: result kept in {path}", err=True)


def _side(role: str, options: dict[str, Any]) -> _Side:
    spec, interpreter = options[role], options[f"{role}_interpreter"]
    if (spec is None) == (interpreter is None):
        raise click.UsageError(
            f"name the {role} once: --{role} 'flax==0.12.12' makes an environment, "
            f"--{role}-interpreter PATH takes one that exists."
        )
    from dropout_props.environment.releases import BadSpec, parse

    extra = (*options["extra"], *options[f"{role}_with"])
    python = options[f"{role}_python"] or options["python"]
    if interpreter is not None and (extra or python):
        raise click.UsageError(
            f"--{role}-interpreter takes an environment as it is: --with and --python do not go "
            "with it."
        )
    try:
        parse(" ".join([spec or "", *extra]))
    except BadSpec as error:
        raise click.UsageError(str(error)) from error
    return _Side(role, spec, interpreter, python, extra)


def _asked(side: _Side, request: dict[str, Any], timeout: float) -> SideJob:
    from dropout_props.gate.environments import Built, build
    from dropout_props.gate.side_process import SideJob

    if side.interpreter is not None:
        built = Built(side.interpreter.absolute(), reused=True)  # resolving would leave the venv
        return SideJob(side.label, lambda: built, request, timeout)
    spec = side.spec or ""
    prepare = lambda: build(spec, extra=side.extra, python=side.python)  # noqa: E731
    return SideJob(side.label, prepare, request, timeout)


def _run(asked: list[SideJob]) -> list[RunResult]:
    from dropout_props.cli.interrupt import stoppable
    from dropout_props.cli.progress import run_sides

    with stoppable():
        return run_sides(asked)
