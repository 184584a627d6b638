"""Run a function of a test module in a process that has several devices."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["with_devices"]

ROOT = Path(__file__).parents[2]


def with_devices(devices: int, module: str, function: str, name: str) -> str:
    """Call `module.function(name)` in a fresh process.

    Args:
        devices: how many devices the process has.
        module: the module, as it is imported from the root of the repository.
        function: a function of it that takes one string and returns one.
        name: that string.

    Returns:
        What the function returned.
    """
    program = (
        "import importlib, sys\n"
        "root, module, function, name = sys.argv[1:]\n"
        "sys.path = [*sys.path[1:], root]\n"  # last: what is installed is what is tested
        "print(getattr(importlib.import_module(module), function)(name))\n"
    )
    flags = {"XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}"}  # of the CPU
    answer = subprocess.run(
        [sys.executable, "-c", program, str(ROOT), module, function, name],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"JAX_PLATFORMS": "cpu"} | flags,
        timeout=300,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.splitlines()[-1]
