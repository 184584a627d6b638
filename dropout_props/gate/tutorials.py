"""Puts the sentences of tutorials to the installed Flax, or to a release in its own environment.

The other environment holds this very package, and is asked through the command line: what it
prints as JSON is all that comes back.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dropout_props.gate.environments import build
from dropout_props.report.tutorials import Found, Release

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CannotAsk", "ask_installed", "ask_release", "from_json", "to_json"]


class CannotAsk(RuntimeError):
    """A release gave no answer; the text says why."""


def ask_installed() -> Release:
    """Put each sentence to the Flax of this process.

    Raises:
        BrokenPair: the installed Flax and JAX do not work together.
    """
    from dropout_props.subjects.environment import probe, smoke_test

    smoke_test()
    from dropout_props.subjects.tutorial_sentences import SENTENCES, ask

    versions = probe().versions
    found = tuple(Found(one.name, one.text, *ask(one)) for one in SENTENCES)
    return Release(versions["flax"], versions["jax"], versions["python"], found)


def ask_release(release: str, *, python: str | None = None, timeout: float = 600.0) -> Release:
    """Put each sentence to a release of Flax, with the JAX of its time.

    Args:
        release: of Flax.
        python: version or path of the interpreter; one that suits when left out.
        timeout: seconds for the answers, once the environment is there.

    Raises:
        CannotBuild: there is no such environment.
        CannotAsk: it gave no answer.
    """
    return _ask(f"flax {release}", build(f"flax=={release}", python=python).interpreter, timeout)


def _ask(label: str, interpreter: Path, timeout: float) -> Release:
    arguments = [str(interpreter), "-I", "-m", "dropout_props", "tutorials", "--json"]
    try:
        done = subprocess.run(  # noqa: S603 (an interpreter that was just made)
            arguments,
            env={"JAX_PLATFORMS": "cpu", **os.environ},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CannotAsk(f"{label}: no answer after {timeout:g} s.") from error
    if done.returncode:
        said = ([line for line in done.stderr.splitlines() if line.strip()] or ["nothing"])[-1]
        raise CannotAsk(
            f"{label}: gave no answer (exit status {done.returncode}; its last words: "
            f"{said.strip()[:300]}). To see more: {' '.join(arguments)}"
        )
    return from_json(done.stdout)


def to_json(release: Release) -> str:
    """Return what became of all sentences in one release, as JSON."""
    return json.dumps(asdict(release), indent=1)


def from_json(text: str) -> Release:
    """Read back what `to_json` wrote."""
    document: dict[str, Any] = json.loads(text)
    found = tuple(Found(**one) for one in document.pop("found"))
    return Release(**document, found=found)
