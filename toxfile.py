"""Finds the interpreters for the oldest and the newest pair of Flax and JAX.

tox reads this file by its name. It searches where uv searches, and the folders of pyenv, asdf and
mise, whose shims on the PATH start only the selected version. It passes the first interpreter
found, in order of preference, to tox.ini in an environment variable. Without one, tox skips the
environment, and the last line of the run says what was not tested. Nothing is downloaded.
"""

import atexit
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tox.config.sets import EnvConfigSet
from tox.plugin import impl
from tox.session.state import State

# environment -> the versions of Python that its pair of Flax and JAX has wheels for, best first
PYTHONS = {
    "oldest": ("3.10", "3.11", "3.12"),
    "newest": ("3.13", "3.12"),
}


def folders_of_version_managers() -> list[str]:
    """Return the folders in which pyenv, asdf and mise install interpreters."""
    home = Path.home()
    roots = (
        Path(os.environ.get("PYENV_ROOT", home / ".pyenv")) / "versions",
        Path(os.environ.get("ASDF_DATA_DIR", home / ".asdf")) / "installs" / "python",
        Path(os.environ.get("MISE_DATA_DIR", home / ".local/share/mise")) / "installs" / "python",
    )
    return [str(folder) for root in roots for folder in sorted(root.glob("*/bin"))]


def find_python(uv: str, versions: tuple[str, ...]) -> str | None:
    """Return the path of the first interpreter of `versions` that is installed, or None.

    Args:
        uv: path of uv.
        versions: versions of Python, best first.
    """
    path = os.pathsep.join([os.environ.get("PATH", ""), *folders_of_version_managers()])
    for version in versions:
        command = [uv, "python", "find", "--system", "--no-python-downloads", version]
        answer = subprocess.run(  # noqa: S603 - uv's own path and a version from the table above
            command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
        )
        if answer.returncode == 0:
            return answer.stdout.strip()
    return None


@impl
def tox_add_env_config(env_conf: EnvConfigSet, state: State) -> None:  # noqa: ARG001 - tox's names
    """Set the interpreter of an environment for tox.ini, or print that there is none."""
    versions = PYTHONS.get(env_conf.name or "")
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.defpath]))
    if versions is None or uv is None:  # without uv, tox first makes an environment that has it
        return
    python = find_python(uv, versions)
    if python is None:
        sentence = (
            f"not tested here: {env_conf.name} (it needs Python {' or '.join(versions)}, and none "
            f"was found; `uv python install {versions[0]}` is one way to get it)"
        )
        atexit.register(print, sentence, flush=True)
    else:
        os.environ[f"DROPOUT_PROPS_{env_conf.name.upper()}_PYTHON"] = python
