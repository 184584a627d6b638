"""Puts the sentences of tutorials to the installed Flax, or to a release in its own environment.

The other environment is started as a side of a gate is, with this very package on its path: what
it prints as JSON is all that comes back.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dropout_props.gate import interpreter
from dropout_props.gate.environments import build
from dropout_props.report.tutorials import Found, Release
from dropout_props.results.exit_codes import ExitCode

if TYPE_CHECKING:
    from dropout_props.gate.environments import Built

__all__ = ["CannotAsk", "answer", "ask_installed", "ask_release", "from_json", "to_json"]


class CannotAsk(RuntimeError):
    """A release gave no answer; the text says why."""


def ask_installed() -> Release:
    """Put each sentence to the Flax of this process.

    Raises:
        BrokenPair: the installed Flax and JAX do not work together.
    """
    from dropout_props.environment.installed import probe, smoke_test

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
    return _ask(f"flax {release}", build(f"flax=={release}", python=python), timeout)


def answer(own: str) -> None:
    """Run in the environment of a release: print what became of each sentence, as JSON.

    Args:
        own: what its interpreter has by itself, as JSON; an import of anything else is refused.
    """
    from dropout_props.environment.errors import BrokenPair
    from dropout_props.gate.own import difference

    trouble, found = "", None
    try:
        found = ask_installed()
    except BrokenPair as error:
        trouble = str(error)
    trouble = difference(json.loads(own)) or trouble
    if trouble or found is None:
        sys.stderr.write(f"{trouble}\n")
        sys.exit(ExitCode.INCOMPLETE)
    sys.stdout.write(to_json(found))


def _ask(label: str, built: Built, timeout: float) -> Release:
    try:
        own = json.dumps(interpreter.examine(built, timeout=timeout).modules)
    except interpreter.Refused as error:
        raise CannotAsk(f"{label}: {error}") from error
    try:
        done = subprocess.run(  # noqa: S603 (an interpreter that was just made)
            interpreter.command(built, "dropout_props.gate.tutorials", "answer", own),
            env=interpreter.variables(built),
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
        if done.returncode == ExitCode.INCOMPLETE:
            raise CannotAsk(f"{label}: {said.strip()}")
        raise CannotAsk(
            f"{label}: gave no answer (exit status {done.returncode}; its last words: "
            f"{said.strip()[:300]}). To see more: {interpreter.by_hand(built, 'tutorials')}"
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
