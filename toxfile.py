"""Which interpreters are there for the oldest and the newest pair of Flax and JAX?

tox reads this file by its name. It looks where uv looks, and where pyenv, asdf and mise keep
theirs, whose shims on the PATH only start the version that is selected. It hands the first
interpreter found, in order of preference, to tox.ini through the environment; when there is none,
tox skips the environment and the last line of the run says what was not tested. Nothing is fetched.
"""

import atexit
import os
import subprocess
from pathlib import Path

from tox.config.sets import ConfigSet
from tox.plugin import impl
from tox.session.state import State
from uv import find_uv_bin

# environment -> the versions of Python that its pair of Flax and JAX has wheels for, best first
PYTHONS = {
    "oldest": ("3.10", "3.11", "3.12"),
    "newest": ("3.13", "3.12"),
}


def folders_of_version_managers() -> list[str]:
    """List the folders in which pyenv, asdf and mise keep interpreters."""
    home = Path.home()
    roots = (
        Path(os.environ.get("PYENV_ROOT", home / ".pyenv")) / "versions",
        Path(os.environ.get("ASDF_DATA_DIR", home / ".asdf")) / "installs" / "python",
        Path(os.environ.get("MISE_DATA_DIR", home / ".local/share/mise")) / "installs" / "python",
    )
    return [str(folder) for root in roots for folder in sorted(root.glob("*/bin"))]


def find_python(versions: tuple[str, ...]) -> str | None:
    """Find the first of `versions` that is installed.

    Args:
        versions: versions of Python, best first.

    Returns:
        The path of its interpreter, or None when none of them is installed.
    """
    path = os.pathsep.join([os.environ.get("PATH", ""), *folders_of_version_managers()])
    for version in versions:
        ask = [find_uv_bin(), "python", "find", "--system", "--no-python-downloads", version]
        answer = subprocess.run(  # noqa: S603 - uv's own path and a version from the table above
            ask, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
        )
        if answer.returncode == 0:
            return answer.stdout.strip()
    return None


@impl
def tox_add_core_config(core_conf: ConfigSet, state: State) -> None:  # noqa: ARG001 - tox's names
    """Tell tox.ini which interpreters were found, and the reader which were not."""
    for name, versions in PYTHONS.items():
        python = find_python(versions)
        if python is None:
            sentence = (
                f"not tested here: {name} (no Python {' or '.join(versions)} was found; "
                f"`uv python install {versions[0]}` is one way to get it)"
            )
            atexit.register(print, sentence, flush=True)
        else:
            os.environ[f"DROPOUT_PROPS_{name.upper()}_PYTHON"] = python
