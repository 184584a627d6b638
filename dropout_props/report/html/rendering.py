"""Fills a template with values; every page has the look of `base.html.jinja` and `page.css`.

Guarantees: every text is escaped; a page loads nothing and needs no script. All rules of the style
sheet are below the class `dp`, so that a fragment changes nothing else in a notebook.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from dropout_props.results.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["SIGNS", "Banner", "css", "environment_line", "number", "render"]

SIGNS = {
    Verdict.PASS: "✓",
    Verdict.FAIL: "✗",
    Verdict.INCONCLUSIVE: "?",
    Verdict.BLOCKED: "…",
    Verdict.NOT_APPLICABLE: "·",
    Verdict.KNOWN: "k",
    Verdict.ERROR: "!",
}
"""The sign of a verdict, in a table with one column for each subject or release."""

_FIRST = ("python", "flax", "jax", "jaxlib", "numpy")


@dataclass(frozen=True)
class Banner:
    """The first lines of a page.

    Attributes:
        outcome: the outcome in one sentence; it is the title too.
        bad: whether the outcome is not a plain pass.
        tally: numbers, on one line.
        lines: completeness and environment, a line each.
    """

    outcome: str
    bad: bool
    tally: str
    lines: Sequence[str] = ()


def css(name: object) -> str:
    """Return a verdict or a class of changes as the name of a class of the style sheet."""
    return str(name).replace(" ", "-")


def number(count: int, noun: str, plural: str = "") -> str:
    """Return a number and its noun, in the plural where that is right."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def environment_line(versions: Mapping[str, str], flags: Mapping[str, str]) -> str:
    """Return the versions that matter most and the device, on one line."""
    parts = [f"{name} {versions[name]}" for name in _FIRST if name in versions]
    parts += [flags["device"]] if "device" in flags else []
    return ", ".join(parts) or "versions unknown"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("dropout_props.report.html"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["css"] = css
    environment.filters["number"] = number
    environment.filters["sign"] = SIGNS.__getitem__
    return environment


def render(template: str, banner: Banner, *, fragment: bool = False, **values: Any) -> str:
    """Write a page.

    Args:
        template: name of a file in the folder `templates`.
        banner: the first lines.
        fragment: leave out what a page has and a notebook brings: the head.
        values: what the template shows.
    """
    page = _environment().get_template(template)
    return page.render(banner=banner, fragment=fragment, **values)
