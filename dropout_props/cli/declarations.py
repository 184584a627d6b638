"""Options that declare something about the sites of a program: what `record()` takes as mappings.

Each is written PATTERN=VALUE, may be given several times, and becomes the argument of `record` that
has its name. The values are read by `record` itself, so that both ways in have the same messages.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["declaration_options", "declared"]

_OPTIONS = {
    "rates": ("PATTERN=RATE", "The rate of these sites, as in 'encoder/*=0.1'."),
    "batch_axis": ("PATTERN=AXIS", "Their axis of examples, as in '*=1'."),
    "ignore": ("PATTERN=IDS[: REASON]", "Judge no such property there: 'head/*=DP903: fixed'."),
    "expect_shared": (
        "PATTERN=AXES[: REASON]",
        "Their masks are one along these axes, as in '*/drop_path=1,2: DropPath'.",
    ),
    "expect_inactive": ("PATTERN=REASON", "They must not draw, as in 'frozen/*=not trained'."),
}


def declaration_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, which gets their values under the names of `record`."""
    for name, (form, text) in reversed(_OPTIONS.items()):
        flag = "--" + name.replace("_", "-")
        command = click.option(flag, name, multiple=True, metavar=form, help=text)(command)
    return command


def declared(options: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return the keyword arguments of `record` that the options of a command line declare.

    Raises:
        click.UsageError: a value that is not written PATTERN=VALUE, or a pattern given twice.
    """
    return {name: _mapping(name, options[name]) for name in _OPTIONS if options[name]}


def _mapping(name: str, values: tuple[str, ...]) -> dict[str, Any]:
    flag, (form, _) = "--" + name.replace("_", "-"), _OPTIONS[name]
    found: dict[str, Any] = {}
    for value in values:
        pattern, equals, text = (part.strip() for part in value.partition("="))
        if not (pattern and equals and text):
            raise click.UsageError(f"{flag} {value!r}: write {form}.")
        if pattern in found:
            raise click.UsageError(f"{flag} {value!r}: the pattern {pattern!r} is given twice.")
        found[pattern] = _READ[name](text)
    return found


def _number(text: str) -> Any:
    """Return a number where the text is one; `record` refuses any other text."""
    with suppress(ValueError):
        return int(text)
    with suppress(ValueError):
        return float(text)
    return text


def _ignored(text: str) -> Any:
    ids, _, reason = text.partition(":")
    return tuple(one.strip().upper() for one in ids.split(",")), reason.strip()


def _shared(text: str) -> Any:
    axes, colon, reason = (part.strip() for part in text.partition(":"))
    numbers = [_number(one.strip()) for one in axes.split(",")]
    if not all(isinstance(one, int) for one in numbers):
        return text  # a reason alone: which keys may be shared
    return (tuple(numbers), reason) if colon and reason else tuple(numbers)


_READ: dict[str, Any] = {
    "rates": _number,
    "batch_axis": _number,
    "ignore": _ignored,
    "expect_shared": _shared,
    "expect_inactive": str,
}
