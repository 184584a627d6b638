"""Starts the interpreter of a side: alone, to list its packages, or with this package linked.

Guarantee: on `sys.path`, one folder comes before the interpreter's own entries, and it holds this
package alone. The caller's PYTHONPATH and the working directory come last, for the user's layers.
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

__all__ = [
    "Found",
    "Refused",
    "by_hand",
    "callers_path",
    "command",
    "examine",
    "last_line",
    "variables",
]

_START = (
    "import sys; from importlib import import_module; "
    "sys.path[:] = [sys.argv[1], *filter(None, sys.path)]; "
    "getattr(import_module(sys.argv[2]), sys.argv[3])(sys.argv[4])"
)
_MISLEADING = ("PYTHONPATH", "PYTHONHOME", "PYTHONPLATLIBDIR", "__PYVENV_LAUNCHER__")
"""Variables of the caller that make an interpreter import the packages of another one."""


class Refused(RuntimeError):
    """A side cannot run on this interpreter; the text says why, and what to do."""


@dataclass(frozen=True)
class Found:
    """The packages of an interpreter, without anything that the gate adds.

    Args:
        python: its version.
        markers: the environment in which markers of requirements are evaluated.
        installed: version of each dependency of this package; "" where it has no metadata, None
            where it is not installed.
        modules: for flax, jax and jaxlib what `probe.module` returns: `file`, `version`, `listed`.
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
    """List the packages of an interpreter, and check that no dependency is missing.

    Args:
        built: the environment.
        timeout: seconds until it is stopped.
        started: called with the process.

    Raises:
        Refused: it does not run, or a dependency of this package is missing.
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
                f"{built.interpreter} was stopped after {timeout:g} s, before it had listed its "
                "packages: allow more with --timeout."
            ) from error
    found = _read(out) if process.returncode == 0 else None
    if found is None:
        raise Refused(
            f"{built.interpreter} could not list its packages (exit status "
            f"{process.returncode}; its last line: {last_line(err)}). Name a Python that runs."
        )
    trouble = needs.lacking(built.interpreter, found)
    if trouble:
        raise Refused(trouble)
    return found


def command(built: Built, module: str, function: str, text: str) -> list[str]:
    """Return the command line that calls a function of this package on a side.

    Args:
        built: the environment.
        module: module of this package.
        function: function of that module.
        text: its one argument.
    """
    return [*_python(built), "-c", _START, str(link.folder()), module, function, text]


def variables(built: Built) -> dict[str, str]:
    """Return the environment variables for a process of a side."""
    inherited = {name: value for name, value in os.environ.items() if name not in _MISLEADING}
    # One kind of device everywhere, unless a side names its own.
    inherited["JAX_PLATFORMS"] = built.platform or os.environ.get("JAX_PLATFORMS", "cpu")
    # Two sides run at once: on one GPU, neither may take most of its memory at its start.
    inherited.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    inherited["PYTHONSAFEPATH"] = "1"  # for the processes that a side starts, from Python 3.11 on
    if built.home is None:
        return inherited | {"PYTHONDONTWRITEBYTECODE": "1"}
    return inherited | {"PYTHONPYCACHEPREFIX": str(_bytecode(built.home))}


def callers_path() -> list[str]:
    """Return the folders of the caller's PYTHONPATH, where a layer of the user may be."""
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return [str(Path(folder).absolute()) for folder in folders if folder]


def last_line(text: str) -> str:
    """Return the last line of a text that is not empty, at most 300 characters of it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "none"


def by_hand(built: Built, *words: str) -> str:
    """Return a command for the user that shows the whole error."""
    return f"PYTHONPATH={link.folder()} {built.interpreter} -m dropout_props {' '.join(words)}"


def _python(built: Built) -> list[str]:
    """Return the program with its options, such that Python writes no bytecode beside the link."""
    if built.home is None:  # the user's interpreter, perhaps with packages of the user's site
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
