"""Measures a warm gate in proportion to one `check` on each side, divided by two cores.

Run it as `python benchmarks/gate_time.py [--base SPEC] [--candidate SPEC] [--profile ci]` on an
idle machine, with this package installed. A first gate makes the environments and fills the
compilation cache. It is followed by a check on each side, one after the other, as a user would run
it; by the same two checks with the compilation cache; and by the gate again. The script prints the
seconds, with start-up, and both ratios.
"""

import argparse
import os
import subprocess
import sys
import time

from dropout_props.gate import interpreter, link
from dropout_props.gate.compilation_cache import settings
from dropout_props.gate.environments import Built, build

_CORES = 2
_LAYERS = ("linen.Dropout", "nnx.Dropout")


def main() -> None:
    """Time both checks and the gate, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", default="flax==0.12.8")
    parser.add_argument("--candidate", default="flax==0.12.12")
    parser.add_argument("--profile", default="ci")
    chosen = parser.parse_args()

    gate = [sys.executable, "-m", "dropout_props", "gate", "--profile", chosen.profile]
    gate += ["--base", chosen.base, "--candidate", chosen.candidate]
    print(f"{'':44}{'s':>7}{'CPU s':>8}")
    timed("the gate, cold", gate)
    sides = [(spec, build(spec)) for spec in (chosen.base, chosen.candidate)]
    alone = [timed(f"check, {spec}", *check(side, chosen.profile)) for spec, side in sides]
    cached = [
        timed(f"check, {spec}, cached", *check(side, chosen.profile, compiled=True))
        for spec, side in sides
    ]
    warm = timed("the gate, warm", gate)
    print(f"warm gate / (both checks / {_CORES}): {warm / (sum(alone) / _CORES):.2f}")
    print(f"the same, with the cache:              {warm / (sum(cached) / _CORES):.2f}")


def check(side: Built, profile: str, *, compiled: bool = False) -> tuple[list[str], dict[str, str]]:
    """Return the command that judges both layers on one side, and its environment variables."""
    command = [str(side.interpreter), "-m", "dropout_props", "check", *_LAYERS]
    variables = interpreter.variables(side) | {"PYTHONPATH": str(link.folder())}
    variables |= settings(side.compiled) if compiled else {}
    return [*command, "--profile", profile], variables


def timed(name: str, command: list[str], variables: dict[str, str] | None = None) -> float:
    """Run a command, print its time, and return its seconds."""
    started, before = time.monotonic(), os.times()
    ended = subprocess.run(  # noqa: S603 - this package, in its own environment
        command,
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds, after = time.monotonic() - started, os.times()
    if ended.returncode not in (0, 1):
        raise SystemExit(f"{name}: exit code {ended.returncode}\n{ended.stderr[-2000:]}")
    used = sum(after[2:4]) - sum(before[2:4])
    print(f"{name:44}{seconds:7.1f}{used:8.1f}", flush=True)
    return seconds


if __name__ == "__main__":
    main()
