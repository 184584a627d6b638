"""DP505 and DP514 shard over the accelerators of a process that has two or more.

The isolated process plays it: it has eight devices, of which five are called a GPU here. What it
says of the devices of the host is healed, so that a violation is one on the accelerators.
"""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import jax
import pytest

from dropout_props.properties import dp505_sharded, dp514_explicit_mesh, find
from dropout_props.properties.declaration import Violation
from dropout_props.subjects.isolated import num_accelerators, run_isolated

_EXPLICIT = hasattr(jax, "set_mesh") and hasattr(jax.sharding, "AxisType")


def _judged(property_id: str, name: str, shape: tuple[int, ...]) -> str:
    from dropout_props.cases.case import Case
    from dropout_props.layers import registry
    from dropout_props.properties.sampler import Sampler
    from dropout_props.selftest.mutants import MUTANTS

    mutants = {one.name: one for one in MUTANTS}
    subject = mutants[name].subject("nnx") if name in mutants else registry.load(name)
    modules: dict[str, Any] = {"DP505": dp505_sharded, "DP514": dp514_explicit_mesh}
    decision: Any = find(property_id).decision

    def healed(function: Any, sampler: Sampler, count: int) -> Any:
        if property_id == "DP514":
            return {}
        spread = function(sampler, count)
        return spread | {"mapped": spread["folded"]}

    with (
        patch.object(modules[property_id], "run_isolated", healed),
        patch.object(jax, "default_backend", lambda: "gpu"),
        patch.object(jax, "local_device_count", lambda: 5),
    ):
        try:
            decision.check(Sampler(subject, Case(shape=shape, rate=0.5), property_id))
        except Violation as error:
            return str(error)
    return ""


@pytest.mark.parametrize(
    ("property_id", "shape", "wrong", "seen"),
    [
        ("DP505", (128,), "shard_same", "the shards of shard_map over 4 gpu devices"),
        pytest.param(
            "DP514",
            (16, 24),
            "unsharded_zeros",
            "explicit mesh of 4 gpu devices, axis 0 sharded",
            marks=pytest.mark.skipif(not _EXPLICIT, reason="no meshes with explicit axes"),
        ),
    ],
)
def test_accelerators_are_sharded_over(
    property_id: str, shape: tuple[int, ...], wrong: str, seen: str
) -> None:
    """The largest power of two of them: a right layer passes, and a wrong one is seen there."""
    assert run_isolated(_judged, property_id, "d2l.dropout_layer", shape) == ""
    assert seen in run_isolated(_judged, property_id, wrong, shape)


@pytest.mark.parametrize(
    ("backend", "count", "used"),
    [("cpu", 8, 0), ("gpu", 1, 0), ("gpu", 2, 2), ("tpu", 7, 4), ("gpu", 16, 8)],
)
def test_the_devices_of_a_host_are_no_accelerators(
    monkeypatch: pytest.MonkeyPatch, backend: str, count: int, used: int
) -> None:
    """The isolated process has them; and every shape that can be cut into 8 can be cut into 4."""
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    monkeypatch.setattr(jax, "local_device_count", lambda: count)
    assert num_accelerators() == used
