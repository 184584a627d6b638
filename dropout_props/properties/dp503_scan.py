"""DP503: each step of jax.lax.scan has the mask of its own key."""

from typing import Any

import jax
import numpy as np

from dropout_props.properties.catalogue import Sampler, exact, transform_cases
from dropout_props.properties.outputs import agree
from dropout_props.subjects.compiled.one_program import one_program

_STEPS = 3


@exact(
    "DP503",
    "scan matches a loop",
    statement="In jax.lax.scan, over keys or with the key carried along, each step has the mask of "
    "its own key.",
    formula="scan(train, ks)[t] = train(ks[t], x)",
    if_broken="Every step of a recurrent model drops the same units, because the key was fixed "
    "when the body was traced.",
    needs=("mask", "transforms"),
    killed_by=("scan_same_key", "trace_baked"),
    cases=transform_cases,
    weight=4,
)
def scan(sampler: Sampler) -> None:
    train, x = sampler.output, sampler.inputs()
    keys = sampler.keys(_STEPS, role="steps")
    singly = sampler.key_list(_STEPS, role="steps")

    def carried(key: Any, _: Any) -> Any:
        key, now = jax.random.split(key)
        return key, train(now, x)

    def scans() -> Any:
        _, over_keys = jax.lax.scan(lambda carry, key: (carry, train(key, x)), 0, keys)
        _, with_key = jax.lax.scan(carried, singly[0], None, length=_STEPS)
        return over_keys, with_key

    over_keys, with_key = one_program(scans, split=False)
    agree(sampler, over_keys, np.stack([train(key, x) for key in singly]), "in a scan over keys")
    key, expected = singly[0], []
    for _ in range(_STEPS):
        key, output = carried(key, None)
        expected.append(output)
    agree(sampler, with_key, np.stack(expected), "in a scan that carries the key")
