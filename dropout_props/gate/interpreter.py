"""Starts the interpreter of a side: by itself, to see what it has, or with this package linked.

Guarantee: nothing of the caller's stands before what the interpreter finds by itself, except a
folder that holds this package alone. The caller's PYTHONPATH comes last, for layers of the reader's
own, as does the working directory.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dropout_props.gate import link, needs, probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropout_props.gate.environments import Built

__all__ = ["Found", "Refused", "by_hand", "callers_path", "command", "examine", "variables"]

_START = (
    "import sys; from importlib import import_module; "
    "sys.path[:] = [sys.argv[1], *filter(None, sys.path)]; "
    "getattr(import_module(sys.argv[2]), sys.argv[3])(sys.argv[4])"
)
_MISLEADING = ("PYTHONPATH", "PYTHONHOME", "PYTHONPLATLIBDIR", "__PYVENV_LAUNCHER__")
"""Variables of the caller's that make an interpreter import what another one has."""


class Refused(RuntimeError):
    """An interpreter that no side can run on; the text says why, and what to do."""


@dataclass(frozen=True)
class Found:
    """What an interpreter has by itself.

    Args:
        python: its version.
        markers: the environment for markers of requirements.
        installed: version of what this package needs; "" without metadata, None where it is absent.
        modules: of flax, jax and jaxlib: `file`, `version`, `listed`, as `probe.module` returns.
    """

    python: str
    markers: dict[str, str]
    installed: dict[str, str | None]
    modules: dict[str, dict[str, Any]]


def examine(
    built: Built,
    *,
    timeout: float,
    started: Callable[[subprocess.Popen[str]], None] = lambda _: None,
) -> Found:
    """See what an interpreter has by itself, and that it has what this package needs.

    Args:
        built: the environment.
        timeout: seconds until it is stopped.
        started: called with the process.

    Raises:
        Refused: it does not run, or lacks something.
    """
    source = Path(probe.__file__).read_text(encoding="utf-8")
    arguments = ["-c", f"{source}\nmain(sys.argv[1])\n", json.dumps(_names())]
    try:
        process = subprocess.Popen(  # noqa: S603 (the interpreter that the reader named)
            [*_python(built), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env=variables(built),
        )
    except OSError as error:
        raise Refused(f"{built.interpreter} cannot be started: {error}.") from error
    started(process)
    with process:
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise Refused(
                f"{built.interpreter} was stopped after {timeout:g} s, before it said what it has "
                "installed: allow more with --timeout."
            ) from error
    found = _read(out) if process.returncode == 0 else None
    if found is None:
        last = ([line.strip() for line in err.splitlines() if line.strip()] or ["nothing"])[-1]
        raise Refused(
            f"{built.interpreter} could not say what it has installed (exit status "
            f"{process.returncode}; its last words: {last[:300]}). Name a Python that runs."
        )
    trouble = needs.lacking(built.interpreter, found)
    if trouble:
        raise Refused(trouble)
    return found


def command(built: Built, module: str, function: str, text: str) -> list[str]:
    """Return the command line that calls a function of this package, with one text.

    Args:
        built: the environment.
        module: of this package.
        function: of that module.
        text: what it is called with.
    """
    return [*_python(built), "-c", _START, str(link.folder()), module, function, text]


def variables(built: Built) -> dict[str, str]:
    """Return the environment variables of a process of a side."""
    kept = {name: value for name, value in os.environ.items() if name not in _MISLEADING}
    kept["JAX_PLATFORMS"] = os.environ.get("JAX_PLATFORMS", "cpu")  # one kind of device everywhere
    kept["PYTHONSAFEPATH"] = "1"  # for the processes that a side starts, from Python 3.11 on
    if built.home is None:
        return kept | {"PYTHONDONTWRITEBYTECODE": "1"}
    return kept | {"PYTHONPYCACHEPREFIX": str(_bytecode(built.home))}


def callers_path() -> list[str]:
    """Return the folders of the caller's PYTHONPATH, where a layer of the reader's own may be."""
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return [str(Path(folder).absolute()) for folder in folders if folder]


def by_hand(built: Built, *words: str) -> str:
    """Return the command that a reader types to see more."""
    return f"PYTHONPATH={link.folder()} {built.interpreter} -m dropout_props {' '.join(words)}"


def _python(built: Built) -> list[str]:
    """Return the program with its options; bytecode of this package must not go beside it."""
    if built.home is None:  # somebody's own, with packages of the user's site perhaps
        return [str(built.interpreter)]
    return [str(built.interpreter), "-I", "-X", f"pycache_prefix={_bytecode(built.home)}"]


def _bytecode(home: Path) -> Path:
    return home / "bytecode"


def _names() -> list[str]:
    try:
        return sorted({one.name for one in needs.needs()})
    except needs.NotInstalled:
        return []


def _read(out: str) -> Found | None:
    """Read the last line: a `.pth` file or `sitecustomize` may have printed before it."""
    try:
        return Found(**json.loads(out.strip().splitlines()[-1]))
    except (IndexError, TypeError, ValueError):
        return None
