"""Calls uv, an external program: it finds interpreters, and makes and fills environments.

It downloads no Python.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["CannotBuild", "call", "find_python", "program"]


class CannotBuild(RuntimeError):
    """An environment could not be made; the text says why, and what to do."""


def program() -> str:
    """Return the path of uv.

    Raises:
        CannotBuild: uv is not installed; the text says how to install it.
    """
    beside = Path(sys.executable).parent
    found = shutil.which("uv", path=os.pathsep.join([str(beside), os.environ.get("PATH", "")]))
    if found is None:
        raise CannotBuild(
            "uv makes the environments, and it is not on the PATH: install it with "
            "`pip install uv`, or name two existing interpreters with --base-interpreter and "
            "--candidate-interpreter."
        )
    return found


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run uv, with the interpreters of version managers on its PATH."""
    folders = [str(path) for path in _version_managers()]
    path = os.pathsep.join([os.environ.get("PATH", ""), *folders])
    environment = {
        key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")
    }
    environment |= {"PATH": path, "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1"}
    return subprocess.run(  # noqa: S603 (uv, with arguments made here)
        [program(), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _version_managers() -> list[Path]:
    """Return the folders in which pyenv, asdf and mise install interpreters."""
    home = Path.home()
    roots = (
        Path(os.environ.get("PYENV_ROOT", home / ".pyenv")) / "versions",
        Path(os.environ.get("ASDF_DATA_DIR", home / ".asdf")) / "installs" / "python",
        Path(os.environ.get("MISE_DATA_DIR", home / ".local/share/mise")) / "installs" / "python",
    )
    return [folder for root in roots for folder in sorted(root.glob("*/bin"))]


def find_python(wanted: str) -> str | None:
    """Return the path of an interpreter, or None.

    Args:
        wanted: a version such as ``3.12``, or a path.
    """
    answer = call("python", "find", "--system", "--no-python-downloads", wanted)
    return answer.stdout.strip() if answer.returncode == 0 else None
