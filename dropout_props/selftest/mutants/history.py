"""Faults of state and history: keys that depend on earlier calls or on the process."""

from __future__ import annotations

import os
import threading
from typing import Any

import jax
import jax.numpy as jnp

from dropout_props.selftest.kernel.kernel import Kernel, KeySource, Site
from dropout_props.selftest.mutants.mutant import Mutant

__all__ = ["MUTANTS"]

_evaluations: list[str] = []


def _note(_source: KeySource, stream: str) -> None:
    _evaluations.append(stream)


def _by_evaluations(site: Site) -> Any:
    return jax.random.fold_in(site.issue(), len(_evaluations))


def _by_thread(site: Site) -> Any:
    key = site.issue()
    here = threading.current_thread() is threading.main_thread()
    return key if here else jax.random.fold_in(key, 1)


def _by_process(site: Site) -> Any:
    return jax.random.fold_in(site.issue(), os.getpid())


def _by_devices(site: Site) -> Any:
    return jax.random.fold_in(site.issue(), jax.device_count())


def _own_count(site: Site) -> Any:
    number = site.memory.get("own", 0)
    site.memory["own"] = number + 1
    return jax.random.fold_in(site.root_key, number)


def _unmoved_count(site: Site) -> Any:
    return site.key_at()


def _take_params(source: KeySource, _stream: str) -> None:
    if source.has("params"):
        source.issue("params")


def _params_for_missing(site: Site) -> Any:
    return site.issue("params") if site.has("params") else site.issue()


def _zeros_of_one_device(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    return jax.lax.select(mask, x / keep_rate, jnp.zeros(x.shape, x.dtype))


MUTANTS = (
    Mutant(
        "unsharded_zeros",
        "the zeros are made on one device, even where the input is sharded",
        "flax#5209",
        Kernel(combine=_zeros_of_one_device),
        live=True,
    ),
    Mutant(
        "evaluations_counted",
        "the number of evaluations of all layers is folded into the key",
        "flax 0.10.2, nn.jit after an evaluation",
        Kernel(derive_key=_by_evaluations, before_evaluate=_note),
    ),
    Mutant(
        "thread_folded",
        "a thread other than the main thread derives other keys",
        "flax 0.10.2, nn.jit in a thread",
        Kernel(derive_key=_by_thread),
    ),
    Mutant(
        "process_folded",
        "the process id is folded into the key",
        "seeds from os.getpid()",
        Kernel(derive_key=_by_process),
    ),
    Mutant(
        "device_counted",
        "the number of devices is folded into the key",
        "seeds offset by world size",
        Kernel(derive_key=_by_devices),
    ),
    Mutant(
        "own_counter",
        "the layer counts its calls in an attribute, not in its state",
        "Python attributes in place of variables",
        Kernel(derive_key=_own_count),
        apis=("nnx",),
        live=True,
    ),
    Mutant(
        "params_key_taken",
        "the layer draws a key of params, if there is one, and does not use it",
        "flax 0.11, nnx.Dropout built on one stream",
        Kernel(when_built=_take_params),
    ),
    Mutant(
        "frozen_count",
        "the key of the present count is used, and the count does not advance",
        "flax 0.10.1, raw transforms",
        Kernel(derive_key=_unmoved_count),
        live=True,
    ),
    Mutant(
        "params_fallback",
        "the key of params replaces the missing key",
        "flax 0.8.2",
        Kernel(missing_key=_params_for_missing),
        apis=("linen",),
        live=True,
    ),
)
