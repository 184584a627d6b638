"""DP408: one application uses no key twice."""

from functools import partial
from math import log2, prod
from typing import Any

import jax
import numpy as np

from dropout_props.properties.catalogue import Case, NotRun, Sampler, Violation, exact, strategies
from dropout_props.subjects.compiled.one_program import one_program
from dropout_props.subjects.operations import Layers, Repeat

_RUN = 128  # units
_TIMES = 8
_LOG2_CHANCE = -64.0
_NAMES = ("layer_0", "layer_1", "block/layer_0", "block/layer_2")
_STEPS = 3


@exact(
    "DP408",
    "keys are never reused",
    statement="No two masks share a run of 128 units, at whatever offset, among all calls and "
    "layers of one application and of a second one under the next seed.",
    formula="m_s[i : i + 128] != m_t[j : j + 128] for all i, j and every two calls s, t",
    if_broken="A key, or part of its random bits, is used twice: a counter wraps, or layer, step "
    "and seed are added up.",
    assumes="Two runs of 128 units at a rate from 0.3 to 0.7 are equal with probability below "
    "2^-100. Repeated calls of one layer are not compared with calls of several layers.",
    level="core",
    needs=("mask", "repeat"),
    blocked_by=("DP201", "DP403"),
    killed_by=("counter_wraps", "seed_additive"),
    cases=strategies.cases(
        rate=(0.3, 0.7),
        pool=((6, 5, 8), (257,), (1024,)),
        values=("distinct", "negative"),
    ),
    explicit=(Case(shape=(257,), rate=0.5),),
    weight=4,
    one_program=True,
)
def keys_used_once(sampler: Sampler) -> None:
    x, rate = sampler.inputs(), sampler.case.rate
    if _RUN * log2(rate**2 + (1.0 - rate) ** 2) > _LOG2_CHANCE:
        raise NotRun(f"at rate {rate:g} two runs of {_RUN} units may be equal by chance")
    if prod(sampler.case.mask_shape) < _RUN:
        raise NotRun(f"masks of {prod(sampler.case.mask_shape)} units have no run of {_RUN}")
    calls: dict[str, Any] = {}
    layers: dict[str, Any] = {}
    for key, name in zip(_adjacent_keys(sampler), ("seed s", "seed s + 1"), strict=True):
        given: dict[str, Any] = {"rate": rate, "streams": sampler.streams(key)}
        outputs = sampler.subject.run(Repeat(_TIMES), x, **given)
        calls |= {f"call {n} under {name}": y for n, y in enumerate(outputs, start=1)}
        if sampler.subject.traits.layers:
            outputs = sampler.subject.run(Layers(_NAMES, times=_STEPS), x, **given)
            at = [f"call {n} of {layer}" for layer in _NAMES for n in range(1, _STEPS + 1)]
            layers |= {f"{place} under {name}": y for place, y in zip(at, outputs, strict=True)}
    for masks in (calls, layers):
        _require_no_shared_run({name: sampler.masks_in(y).reshape(-1) for name, y in masks.items()})


def _adjacent_keys(sampler: Sampler) -> list[jax.Array]:
    """Return two keys of adjacent seeds."""
    seed = int(sampler.words(1, role="seed")[0, 0]) // 2 * 2
    return [one_program(partial(jax.random.key, np.uint32(seed + step))) for step in (0, 1)]


def _require_no_shared_run(masks: dict[str, np.ndarray]) -> None:
    """Raise if two of the masks share a run of `_RUN` units."""
    seen: dict[bytes, str] = {}
    for name, mask in masks.items():
        runs = np.lib.stride_tricks.sliding_window_view(mask, _RUN)
        for run in np.packbits(runs, axis=1):
            earlier = seen.setdefault(run.tobytes(), name)
            if earlier != name:
                raise Violation(f"{earlier} and {name} share a run of {_RUN} units")
