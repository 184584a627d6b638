"""What became of the sentences of tutorials: in a terminal, and as a page of Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from dropout_props.report.markdown_text import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Found", "Release", "installed_table", "tutorials_page"]

_WORDS = {True: "true", False: "**false**"}


@dataclass(frozen=True)
class Found:
    """What became of one sentence in one release.

    Args:
        name: of the sentence, short and unique.
        text: the sentence, in Markdown.
        true: whether it is.
        seen: one line of what was observed.
    """

    name: str
    text: str
    true: bool
    seen: str


@dataclass(frozen=True)
class Release:
    """What became of all sentences in one release of Flax.

    Args:
        flax: version.
        jax: version.
        python: version.
        found: one a sentence, in the order of the sentences.
    """

    flax: str
    jax: str
    python: str
    found: tuple[Found, ...]


def installed_table(release: Release) -> Table:
    """Return one row a sentence, for a terminal."""
    table = Table(
        title=f"flax {release.flax}, jax {release.jax}, python {release.python}",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("sentence", ratio=3)
    table.add_column("", no_wrap=True)
    table.add_column("seen", ratio=2)
    for one in release.found:
        table.add_row(one.text, "true" if one.true else "[bold]false[/]", _plain(one.seen))
    return table


def tutorials_page(releases: Sequence[Release], *, command: str) -> str:
    """Return the page.

    Args:
        releases: oldest first, each with the same sentences.
        command: what was run, told to the reader.
    """
    lines = [
        "# Sentences of tutorials",
        "",
        f"Written by `{command}`; do not edit it by hand.",
        "Tutorials say these sentences of dropout in Linen. Each was put to each release of Flax",
        "in an environment of its own, with the JAX of its time: what was seen there makes it true",
        "or false. `dropout-props tutorials` asks the Flax that is installed. False is no failure:",
        "releases differ, and a tutorial keeps the sentence of its day.",
        "",
        "A row speaks of the releases from the first to the last that it names, of those asked,",
        "which the table at the end lists. Where what was seen changed, a new row begins.",
        "",
        "| sentence | Flax | | seen |",
        "|---|---|---|---|",
    ]
    for found in zip(*(release.found for release in releases), strict=True):
        lines += _rows(releases, found)
    lines += ["", "## Asked", "", "| Flax | JAX | Python |", "|---|---|---|"]
    lines += [f"| {one.flax} | {one.jax} | {one.python} |" for one in releases]
    return "\n".join(lines) + "\n"


def _rows(releases: Sequence[Release], found: Sequence[Found]) -> Iterator[str]:
    """Yield a row for each stretch of releases in which the same was seen."""
    text = found[0].text
    stretches = groupby(zip(releases, found, strict=True), key=lambda pair: pair[1])
    for one, pairs in stretches:
        inside = [release.flax for release, _ in pairs]
        span = inside[0] if len(inside) == 1 else f"{inside[0]} to {inside[-1]}"
        yield f"| {text} | {span} | {_WORDS[one.true]} | {escaped(one.seen)} |"
        text = ""


def _plain(text: str) -> str:
    """Keep brackets from being read as styles."""
    return text.replace("[", r"\[")
