"""Writes docs/tutorials.md: which sentences of tutorials are true of which releases of Flax.

python tools/tutorials.py                                   the installed Flax
python tools/tutorials.py 0.10.0 0.12.12                    these releases
python tools/tutorials.py --all --write docs/tutorials.md   every release of the package's table

Each release runs in an environment of its own, with the JAX of its time; uv makes it, as for
`dropout-props gate`. A false sentence is not a failure. The exit code is 0 when every release was
observed; otherwise it is 1, one sentence says why, and no page is written.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.version import InvalidVersion, Version

from dropout_props.environment.releases import supported
from dropout_props.gate import environments, interpreter
from dropout_props.gate.environments import Built
from dropout_props.gate.uv import CannotBuild
from dropout_props.report.markdown_text import escaped
from dropout_props.results import writing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["CannotObserve", "Found", "Release", "main", "observe", "page"]

SENTENCES = Path(__file__).with_name("tutorial_sentences.py")
_SECONDS = 600
_WORDS = {True: "true", False: "**false**"}


class CannotObserve(RuntimeError):
    """A release could not run the sentences; the text says why."""


@dataclass(frozen=True)
class Found:
    """The outcome of one sentence in one release: its fields in `tutorial_sentences.observe`."""

    name: str
    text: str
    true: bool
    seen: str


@dataclass(frozen=True)
class Release:
    """The outcome of all sentences in one release of Flax, and the versions it ran with."""

    flax: str
    jax: str
    python: str
    found: tuple[Found, ...]


def observe(release: str | None, *, python: str | None = None) -> Release:
    """Run every sentence in the environment of a release.

    Args:
        release: of Flax; None for the interpreter that runs this script.
        python: version or path of the interpreter; one that suits the release when left out.

    Raises:
        CannotBuild: there is no such environment.
        CannotObserve: it ended with an error, took too long, or imported another Flax.
    """
    if release is None:
        built = Built(Path(sys.executable), reused=True)
    else:
        built = environments.build(f"flax=={release}", python=python)
    label = f"flax {release or 'as installed'}"
    try:
        done = subprocess.run(  # noqa: S603 - an interpreter that was just made, or this one
            [str(built.interpreter), str(SENTENCES)],
            env=interpreter.variables(built),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CannotObserve(f"{label}: not done after {_SECONDS} s.") from error
    if done.returncode:
        last = interpreter.last_line(done.stderr)
        raise CannotObserve(
            f"{label}: exit status {done.returncode}; its last line: {last}. To see more: "
            f"{built.interpreter} {SENTENCES}"
        )
    document: dict[str, Any] = json.loads(done.stdout)
    found = tuple(Found(**one) for one in document.pop("found"))
    if release is not None and Version(document["flax"]) != Version(release):
        raise CannotObserve(f"{label}: its environment imported flax {document['flax']}.")
    return Release(**document, found=found)


def page(releases: Sequence[Release], *, command: str) -> str:
    """Return the page as Markdown.

    Args:
        releases: oldest first, each with the same sentences.
        command: the command that writes it.
    """
    lines = [
        "# Sentences of tutorials",
        "",
        f"Written by `{command}`; do not edit it by hand.",
        "Tutorials say these sentences about dropout in Linen. Each was run on each release of",
        "Flax in an environment of its own, with the JAX of its time. `python tools/tutorials.py`",
        "runs them on the Flax that is installed. A false sentence is not a failure: releases",
        "differ, and a tutorial keeps the sentence of its day.",
        "",
        "A row covers the releases of the table at the end from the first to the last that it",
        "names. A new row begins where another outcome was observed.",
        "",
        "| sentence | Flax | | observed |",
        "|---|---|---|---|",
    ]
    for found in zip(*(release.found for release in releases), strict=True):
        lines += _rows(releases, found)
    lines += ["", "## Releases", "", "| Flax | JAX | Python |", "|---|---|---|"]
    lines += [f"| {one.flax} | {one.jax} | {one.python} |" for one in releases]
    return "\n".join(lines) + "\n"


def _rows(releases: Sequence[Release], found: Sequence[Found]) -> Iterator[str]:
    """Yield a row for each stretch of releases with the same outcome."""
    text = found[0].text
    stretches = groupby(zip(releases, found, strict=True), key=lambda pair: pair[1])
    for one, pairs in stretches:
        inside = [release.flax for release, _ in pairs]
        span = inside[0] if len(inside) == 1 else f"{inside[0]} to {inside[-1]}"
        yield f"| {text} | {span} | {_WORDS[one.true]} | {escaped(one.seen)} |"
        text = ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script, and return its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("releases", nargs="*", metavar="RELEASE", help="of Flax, as in 0.12.12")
    parser.add_argument("--all", action="store_true", help="every release of the table")
    parser.add_argument("--python", metavar="X.Y", help="the interpreter for the releases")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page here")
    given = parser.parse_args(arguments)
    if given.all and given.releases:
        parser.error("--all runs every release of the table: name none, or leave it out.")
    try:
        releases = sorted(set(supported() if given.all else given.releases), key=Version)
    except InvalidVersion as error:
        parser.error(f"{error}: name releases of Flax as in 0.12.12.")
    words = ["python tools/tutorials.py", *(["--all"] if given.all else releases)]
    try:
        if given.write is not None:
            writing.check_writable(given.write)
        found = [observe(release, python=given.python) for release in releases or [None]]
        text = page(found, command=" ".join(words))
        if given.write is None:
            sys.stdout.write(text)
        else:
            writing.save(text, given.write)
    except (CannotBuild, CannotObserve, writing.CannotWrite) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
