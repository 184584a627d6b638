"""Measures what a first run costs: a small layer on one core, and both dropouts of Flax on two.

Run it as `python benchmarks/first_run.py` on a machine that does nothing else, with this package
installed. Each run is a new process with no cache of compiled programs; its seconds include the
start of Python. One core is one of those that this process may use (Linux alone can say which).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_LAYER = """
import flax.linen as nn
import jax


class MyDropout(nn.Module):
    rate: float

    @nn.compact
    def __call__(self, x, deterministic):
        if deterministic or self.rate == 0.0:
            return x
        kept = jax.random.bernoulli(self.make_rng("dropout"), 1.0 - self.rate, x.shape)
        return jax.numpy.where(kept, x / (1.0 - self.rate), 0.0)
"""
_CACHES = ("JAX_COMPILATION_CACHE_DIR", "JAX_ENABLE_COMPILATION_CACHE")


def main() -> None:
    """Time the runs one after the other, and print a line for each."""
    print(f"{'':44}{'s':>7}{'CPU s':>8}{'compilations':>14}")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "mylayers.py").write_text(_LAYER, encoding="utf-8")
        for profile in ("smoke", "ci"):
            given = ["mylayers:MyDropout", "--profile", profile]
            _timed(f"a small Linen layer, {profile}, one core", given, folder, num_cores=1)
        given = ["linen.Dropout", "nnx.Dropout", "-n", "2"]
        _timed("linen.Dropout nnx.Dropout -n 2, two cores", given, folder, num_cores=2)


def _timed(name: str, given: list[str], folder: str, *, num_cores: int) -> None:
    """Run a check to its end, and print its seconds and compilations.

    Raises:
        SystemExit: a property failed, or could not be judged.
    """
    variables = {name: value for name, value in os.environ.items() if name not in _CACHES}
    written = Path(folder, "result.json")
    command = [sys.executable, "-m", "dropout_props", "check", *given, "--json", str(written)]
    started, before = time.monotonic(), os.times()
    with _cores(num_cores):
        ended = subprocess.run(  # noqa: S603 (this package)
            command, env=variables, cwd=folder, capture_output=True, text=True, check=False
        )
    seconds, after = time.monotonic() - started, os.times()
    if ended.returncode != 0:
        raise SystemExit(f"{name}: exit code {ended.returncode}\n{ended.stdout}\n{ended.stderr}")
    results: list[dict[str, Any]] = json.loads(written.read_text("utf-8"))["run"]["results"]
    compiled = sum(one["compilations"] for one in results)
    used = sum(after[2:4]) - sum(before[2:4])
    print(f"{name:44}{seconds:7.1f}{used:8.1f}{compiled:14}", flush=True)


@contextmanager
def _cores(number: int) -> Iterator[None]:
    """Let processes that start in the block use this many cores."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(usable)[-number:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, usable)


if __name__ == "__main__":
    main()
