"""Options that several commands share, and the functions that validate their values."""

from __future__ import annotations

import os
import secrets
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dropout_props.cases.profiles import PROFILES

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropout_props.engine import Settings
    from dropout_props.engine.configuration import Configuration
    from dropout_props.engine.selection import Selection
    from dropout_props.properties import Property
    from dropout_props.subjects.subject import Subject

__all__ = [
    "RunSeed",
    "budget_option",
    "check_cluster",
    "check_room",
    "cluster_option",
    "configuration",
    "known_option",
    "known_text",
    "profile_option",
    "properties_of",
    "seed_option",
    "selection_of",
    "selection_options",
    "share_devices",
    "subjects_of",
]


class RunSeed(click.ParamType):  # type: ignore[type-arg] # only newer click makes it generic
    """The type of `--seed`: an integer, `random`, or `today`."""

    name = "seed"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,  # noqa: ARG002 (the signature of click)
        ctx: click.Context | None,  # noqa: ARG002
    ) -> int:
        """Return the run seed of a text."""
        if isinstance(value, int):
            return value
        text = str(value)
        if text == "random":
            return secrets.randbelow(2**32)
        if text == "today":
            return int(f"{datetime.now(tz=timezone.utc):%Y%m%d}")
        try:
            return int(text, 0)
        except ValueError:
            raise click.UsageError(
                f"--seed {text!r} is not a number: give an integer, `random` for a new one in each "
                "run, or `today` for one a day."
            ) from None


seed_option = click.option(
    "--seed",
    "run_seed",
    type=RunSeed(),
    default=0,
    show_default=True,
    help="Run seed, an integer that enters every key; `random` and `today` vary it.",
)
profile_option = click.option(
    "--profile",
    type=click.Choice(list(PROFILES)),
    default="ci",
    show_default=True,
    help="How much is drawn: more seconds exclude smaller discrepancies.",
)
budget_option = click.option(
    "--budget",
    type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
    default=1e-9,
    show_default=True,
    help="Chance that a run of correct code fails, at most.",
)

cluster_option = click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Use the workers of this Dask scheduler, as in tcp://10.0.0.1:8786, in place of -n.",
)


_level_option = click.option(
    "--level",
    type=click.Choice(["core", "full", "framework"]),
    help="How much is judged: `core` is what dropout means, `full` adds what a careful author "
    "adds, `framework` what only a framework's own layer promises. By default `framework` for a "
    "layer of Flax or of another framework, and `core` for any other.",
)
_select_option = click.option(
    "--select",
    multiple=True,
    metavar="IDS",
    help="Only these properties: ids or prefixes, such as DP2,DP402. A prefix selects within the "
    "level, a whole id at any level.",
)
_ignore_option = click.option(
    "--ignore", multiple=True, metavar="IDS", help="Not these properties: ids or prefixes."
)


def configuration() -> Configuration:
    """Return the table `[tool.dropout-props]` of the nearest pyproject.toml.

    Raises:
        click.UsageError: the table is invalid.
    """
    from dropout_props.engine.configuration import BadTable, at

    try:
        return at(Path.cwd())
    except BadTable as error:
        raise click.UsageError(str(error)) from error


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --level, --select and --ignore to a command."""
    return _level_option(_select_option(_ignore_option(command)))


def selection_of(
    *,
    level: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    table: Selection,
    properties: tuple[str, ...] = (),
) -> Selection:
    """Return the selection that the options describe.

    Each option replaces the key of the table; whole ids of --property are judged whatever the table
    ignores.

    Args:
        level: the value of --level; None if it was left out.
        select: the values of --select, each a list with commas.
        ignore: the values of --ignore, each a list with commas.
        table: the selection in pyproject.toml.
        properties: the values of --property, whole ids.

    Raises:
        click.UsageError: an entry matches no property.
    """
    from dropout_props.engine.selection import Selection
    from dropout_props.properties import UnknownProperty

    whole = tuple(prop.id for prop in properties_of(properties)) if properties else ()
    table = Selection(level=table.level) if whole else table
    try:
        return Selection(
            level=level or table.level,  # type: ignore[arg-type] # click has checked it
            select=(*whole, *_entries(select)) or table.select,
            ignore=_entries(ignore) or table.ignore,
            per_subject=table.per_subject,
        )
    except UnknownProperty as error:
        raise click.UsageError(str(error)) from error


def _entries(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the entries of lists with commas."""
    return tuple(one.strip() for text in texts for one in text.split(",") if one.strip())


known_option = click.option(
    "--known",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="List of known deviations that replaces the one that ships; `none` for no list.",
)


def known_text(known: Path | None) -> str | None:
    """Return the text of the list that --known names: empty for `none`, None when left out.

    Raises:
        click.UsageError: the file is not a list of known deviations.
    """
    from dropout_props.engine.deviations import BadList, parse, text_of

    if known is None:
        return None
    if str(known) == "none":
        return ""
    try:
        text = text_of(known)
        parse(text, known)
    except BadList as error:
        raise click.UsageError(str(error)) from error
    return text


def subjects_of(names: tuple[str, ...]) -> list[Subject]:
    """Return the subjects with these names; without names, all that ship.

    Raises:
        click.UsageError: a subject is unknown or cannot be loaded.
    """
    from dropout_props.layers import registry
    from dropout_props.subjects.errors import UnknownSubject, WiringError

    try:
        return registry.load_all(names or registry.names())
    except (UnknownSubject, WiringError) as error:
        raise click.UsageError(str(error)) from error


def check_cluster(cluster: str | None, processes: int) -> None:
    """Refuse a cluster together with worker processes of this machine.

    Raises:
        click.UsageError: both were given.
    """
    if cluster is not None and processes > 1:
        raise click.UsageError(
            f"--cluster {cluster} with -n {processes}: the cluster decides how many pairs are "
            "judged at once. Leave -n out."
        )


def share_devices(processes: int) -> None:
    """Let several processes use one GPU; to be called before anything starts JAX.

    By default each takes three quarters of the memory of the GPU at its start.
    """
    if processes > 1:
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")


def check_room(subjects: list[Subject], settings: Settings) -> None:
    """Refuse more subjects than the error budget has shares for, before anything runs.

    Raises:
        click.UsageError: there are too many.
    """
    from dropout_props.engine.budget import no_room

    if error := no_room(len(subjects), settings.budget.capacity):
        raise click.UsageError(error)


def properties_of(ids: tuple[str, ...]) -> list[Property]:
    """Return the properties with these ids; without ids, the whole catalogue.

    Raises:
        click.UsageError: an id is unknown.
    """
    from dropout_props.properties import CATALOGUE, UnknownProperty, find

    try:
        chosen = [find(one) for one in ids] or list(CATALOGUE)
    except UnknownProperty as error:
        raise click.UsageError(str(error)) from error
    return list({prop.id: prop for prop in chosen}.values())
