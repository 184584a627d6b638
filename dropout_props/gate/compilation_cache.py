"""What JAX compiles on a side is kept beside its environment, for the next gate.

Compiling takes more than half of a side's time. JAX's persistent compilation cache finds a program
by a hash of itself, the compiler, its flags and the device, and gives the machine code back. It is
not to be trusted blindly: JAX 0.5.1 gives wrong code back for some loops. So what did not hold with
code that was kept is asked again, compiled anew, and that answer counts.
"""

from __future__ import annotations

import hashlib
import os
import platform
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dropout_props.results.verdict import Verdict

if TYPE_CHECKING:
    from dropout_props.results.records import RunResult

__all__ = ["doubted", "machine", "settings", "with_answers"]

_HELD = (Verdict.PASS, Verdict.KNOWN, Verdict.NOT_APPLICABLE)
_FOLDER = "JAX_COMPILATION_CACHE_DIR"
_TELLING = ("flags", "model name", "Features")  # of Linux; the last on ARM


def settings(folder: Path | None) -> dict[str, str]:
    """Return the environment variables that make JAX keep all that it compiles.

    Args:
        folder: where; JAX makes it. Nothing is set without one, or where the reader has set one.
    """
    if folder is None or _FOLDER in os.environ:
        return {}
    return {
        _FOLDER: str(folder),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",  # a thousand programs of 50 ms
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def machine() -> str:
    """Return a short hash of the processor: machine code of one kind may not run on another."""
    told = {platform.machine(), platform.processor()}
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        lines = listed.read_text(encoding="utf-8", errors="replace").splitlines()
        told |= {line for line in lines if line.startswith(_TELLING)}
    return hashlib.blake2b("\n".join(sorted(told)).encode(), digest_size=4).hexdigest()


def doubted(result: RunResult) -> dict[str, Any]:
    """Return what is to be asked again, as part of a request; empty where everything held."""
    pairs = [one for one in result.results if one.verdict not in _HELD]
    if not pairs:
        return {}
    return {
        "subjects": list(dict.fromkeys(one.subject for one in pairs)),
        "properties": list(dict.fromkeys(one.property_id for one in pairs)),
    }


def with_answers(result: RunResult, fresh: RunResult) -> tuple[RunResult, list[str]]:
    """Return the result with the second answers in place of what did not hold.

    Returns:
        The result, and the pairs whose verdict is another one, in words.
    """
    second = {(one.subject, one.property_id): one for one in fresh.results}
    answers, changed = [], []
    for one in result.results:
        answer = one if one.verdict in _HELD else second.get((one.subject, one.property_id), one)
        answers.append(answer)
        if answer.verdict is not one.verdict:
            changed.append(
                f"{one.subject} {one.property_id}: {one.verdict} with code that JAX had kept, and "
                f"{answer.verdict} compiled anew, which counts"
            )
    return replace(result, results=tuple(answers)), changed
