"""Prints the packages of an interpreter, before this package is on its path.

The gate passes the text of this file to the interpreter of a side with `-c`. So the file uses the
standard library alone, and syntax of Python 3.8. The last line of standard output is JSON.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from importlib import metadata, util
from typing import Any

__all__ = ["MODULES", "main", "module"]

MODULES = ("flax", "jax", "jaxlib")
"""Modules that each side must import from its own environment."""


def main(names: str) -> None:
    """Print the packages of this interpreter.

    Args:
        names: distributions to look for, as a JSON list.
    """
    sys.path[:] = [path for path in sys.path if path]  # without the working directory
    found = {
        "python": platform.python_version(),
        "markers": _markers(),
        "installed": {name: _version(name) for name in json.loads(names)},
        "modules": {name: module(name) for name in MODULES},
    }
    sys.stdout.write("\n" + json.dumps(found) + "\n")


def module(name: str) -> dict[str, Any]:
    """Return where a module would be imported from, and which version is installed.

    Returns:
        `file`, None where there is no such module; `version`, None where it has no metadata;
        `listed`: whether the metadata lists the module's file. That of an editable install does
        not, and its version may have changed since.
    """
    version, record = _version(name), ""
    if version:
        record = metadata.distribution(name).read_text("RECORD") or ""
    listed = any(line.startswith(name + "/__init__.py,") for line in record.splitlines())
    return {"file": _file(name), "version": version or None, "listed": listed}


def _version(name: str) -> str | None:
    """Return its version, "" for a module without metadata, None where there is no module."""
    try:
        return metadata.version(name) or ""
    except metadata.PackageNotFoundError:
        return None if _file(name.replace("-", "_")) is None else ""


def _file(name: str) -> str | None:
    try:
        spec = util.find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    return spec.origin or ", ".join(spec.submodule_search_locations or []) or None


def _markers() -> dict[str, str]:
    """Return the environment in which PEP 508 evaluates markers."""
    implementation = sys.implementation
    return {
        "implementation_name": implementation.name,
        "implementation_version": platform.python_version(),
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }
