"""Run each program once under a record, and keep what was judged for every test that needs it.

Programs that need several devices run in one fresh process, which is started at the first question.
"""

import json
from functools import cache
from typing import Any, cast

import flax
import jax
import pytest
from packaging.version import Version

from dropout_props.auditing.opened import record
from dropout_props.auditing.resumption import resume
from dropout_props.selftest.wirings import WIRINGS, NoRecord, Run
from dropout_props.selftest.wirings.restored import Resumable
from tests.recording.programs import PROGRAMS
from tests.recording.several_devices import with_devices

STEPS = 6
WRONG = {str(wiring): wiring for wiring in WIRINGS}
RIGHT = {str(program): program for program in PROGRAMS}


def failed(kind: str, name: str) -> frozenset[str]:
    """Return the properties that fail on a program.

    Args:
        kind: `wrong`, `mended` or `right`.
        name: of a wiring or of a right program.
    """
    owner: Any = RIGHT[name] if kind == "right" else WRONG[name]
    if owner.needs and Version(flax.__version__) < Version(owner.needs):
        pytest.skip(f"needs Flax {owner.needs}")
    if owner.devices > 1:
        return frozenset(_on_devices(owner.devices)[f"{kind} {name}"])
    return _judged(_run_of(kind, owner), owner.options)


def _run_of(kind: str, owner: Any) -> Run:
    return cast("Run", owner.run if kind == "right" else getattr(owner, kind))


def _judged(run: Run, options: Any, run_seed: int = 0) -> frozenset[str]:
    """Record a program and judge it; an evaluation if that is what the options say."""
    if not options.get("training", True):
        outcome = run(NoRecord(), 0)  # what it was trained to does not change how it is called
        assert outcome.evaluate is not None
        with record(**options, run_seed=run_seed) as seen:
            outcome.evaluate()
            outcome.evaluate()
        return seen.judgement.failed
    with record(**options, run_seed=run_seed) as seen:
        run(seen, STEPS)
    resumed = _resumed(run) if isinstance(run, Resumable) else frozenset()
    return seen.judgement.failed | resumed


def _resumed(run: Resumable) -> frozenset[str]:
    """Judge whether a training goes on where it stopped."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint"

        def few_steps(state: Any) -> Any:
            return run.train(NoRecord(), run.start() if state is None else state, 2)[0]

        def save(state: Any) -> Path:
            run.save(state, path)
            return path

        found = resume(few_steps, save, run.restore)
    return frozenset(finding.property for finding in found.findings)


@cache
def _on_devices(devices: int) -> dict[str, list[str]]:
    """Judge every program that needs several devices, in one process."""
    answer: dict[str, list[str]] = json.loads(
        with_devices(devices, __name__, "judge_all", str(devices))
    )
    return answer


def judge_all(devices: str) -> str:
    """Judge every program for that many devices; this is what the other process runs."""
    jax.config.update("jax_disable_most_optimizations", val=True)  # no mask depends on them
    found = {}
    for kind, owners in (("wrong", WRONG), ("mended", WRONG), ("right", RIGHT)):
        for name, owner in owners.items():
            if owner.devices == int(devices):
                run = _run_of(kind, owner)
                found[f"{kind} {name}"] = sorted(_judged(run, owner.options))
    return json.dumps(found)
