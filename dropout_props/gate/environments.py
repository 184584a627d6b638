"""Makes one environment for each side, with uv, and caches it under a hash of its requirements.

An environment holds the requirements of the side and the dependencies of this package, not this
package: `link` adds it. So an edit of this package does not make a new environment. A folder is
made under another name and then renamed, so one that has its own name is complete.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dropout_props.environment import releases
from dropout_props.gate import needs, uv
from dropout_props.gate.compilation_cache import machine
from dropout_props.gate.uv import CannotBuild
from dropout_props.results import cache

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from dropout_props.environment.releases import Release

__all__ = ["PLATFORMS", "Built", "build"]

PLATFORMS = {"cpu": (), "cuda": ("jax[cuda12]",), "tpu": ("jax[tpu]",)}
"""Platforms of JAX, with what an environment needs beside JAX itself to use one."""

_RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
_PREFERRED = (_RUNNING, "3.12", "3.11", "3.13", "3.10")


@dataclass(frozen=True)
class Built:
    """An environment that is ready to use.

    Args:
        interpreter: path of its Python.
        reused: whether it was in the cache.
        notes: choices that the gate made for the user, one sentence each.
        compilation_cache: folder of JAX's compilation cache; None where somebody may change the
            environment.
        home: folder of an environment that the gate made; None for an interpreter that the user
            named, beside which nothing is written.
        platform: of JAX, whose devices are used; empty for that of the caller.
    """

    interpreter: Path
    reused: bool
    notes: tuple[str, ...] = ()
    compilation_cache: Path | None = None
    home: Path | None = None
    platform: str = ""


def build(
    spec: str, *, extra: tuple[str, ...] = (), python: str | None = None, platform: str = ""
) -> Built:
    """Return an environment with `spec`, `extra` and the dependencies of this package.

    Args:
        spec: requirements such as ``flax==0.12.12``.
        extra: more requirements. Where one of them is jax, the table of releases chooses none.
        python: version or path of the interpreter; one that suits the release when left out.
        platform: one of `PLATFORMS`, whose devices are used; empty for that of the caller.

    Raises:
        CannotBuild: uv or the interpreter is missing, or the resolver finds no solution.
        releases.BadSpec: `spec` or `extra` is not a list of requirements.
    """
    requirements = releases.parse(" ".join([spec, *extra, *PLATFORMS.get(platform, ())]))
    row = releases.of_requirements(requirements)
    notes = []
    if row is not None:
        notes.append(
            f"{spec}: with jax {row.jax}, of that Flax's time; --with 'jax==...' chooses another"
        )
    interpreter, note = _interpreter(python, row, spec)
    notes += [note] if note else []
    constraints = row.constraints if row else ()
    needed = sorted(map(str, _needs()))
    made_of = {
        "requirements": sorted(map(str, requirements)),
        "constraints": sorted(constraints),
        "python": str(Path(interpreter).resolve()),
        "needs": needed,
    }
    text = json.dumps(made_of, sort_keys=True)
    name = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
    folder = cache.folder("environments") / name
    reused = folder.exists()
    if not reused:
        _make(
            folder,
            interpreter=interpreter,
            requirements=list(map(str, requirements)),
            needed=needed,
            constraints=constraints,
            text=text,
        )
    return Built(
        _python_of(folder),
        reused=reused,
        notes=tuple(notes),
        compilation_cache=folder / f"compiled-{machine()}",
        home=folder,
        platform=platform,
    )


def _needs() -> tuple[Requirement, ...]:
    try:
        return needs.needs()
    except needs.NotInstalled as error:
        raise CannotBuild(str(error)) from error


def _interpreter(python: str | None, row: Release | None, spec: str) -> tuple[str, str]:
    """Return the path of the interpreter, and a note where the gate chose another version."""
    if python is not None:
        found = uv.find_python(python)
        if found is None:
            raise CannotBuild(
                f"{spec}: no Python {python} was found. Give the path of one, or install it, for "
                f"instance with `uv python install {python}`."
            )
        return found, ""
    if row is None:
        return sys.executable, ""
    fitting = [one for one in _PREFERRED if releases.suits(row, one)]
    for version in fitting:
        found = sys.executable if version == _RUNNING else uv.find_python(version)
        if found is not None:
            note = (
                ""
                if version == _RUNNING
                else f"{spec}: on Python {version}, since it does not run on {_RUNNING}"
            )
            return found, note
    raise CannotBuild(
        f"{spec}: it runs on Python {row.python}, and none was found. Install one, for instance "
        f"with `uv python install {fitting[0] if fitting else '3.12'}`, or give its path."
    )


def _make(
    folder: Path,
    *,
    interpreter: str,
    requirements: list[str],
    needed: list[str],
    constraints: tuple[str, ...],
    text: str,
) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".making-") as temporary:
        place = Path(temporary) / "environment"
        made = uv.call("venv", "--quiet", "--python", interpreter, str(place))
        if made.returncode:
            raise CannotBuild(f"uv could not make an environment: {_reason(made.stderr)}")
        listed = Path(temporary) / "constraints.txt"
        listed.write_text("\n".join([*constraints, ""]), encoding="utf-8")
        filled = uv.call(
            "pip",
            "install",
            "--quiet",
            "--python",
            str(_python_of(place)),
            "--constraint",
            str(listed),
            *requirements,
            *needed,
        )
        if filled.returncode:
            raise CannotBuild(
                f"{' '.join(requirements)} cannot be installed: {_reason(filled.stderr)} Check the "
                "release, or choose another --python or --with."
            )
        (place / "made_of.json").write_text(text, encoding="utf-8")
        try:
            place.rename(folder)
        except OSError:  # another gate has made it in the meantime
            if not folder.exists():
                raise
            shutil.rmtree(place, ignore_errors=True)


def _python_of(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _reason(stderr: str) -> str:
    """Return the reason that uv printed, on one line and without box-drawing characters."""
    words = " ".join(stderr.replace("×", " ").replace("╰─▶", " ").replace("│", " ").split())
    return (words[:600] or "uv gave no reason") + ("" if words.endswith(".") else ".")
