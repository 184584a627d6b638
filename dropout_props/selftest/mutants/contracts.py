"""Faults in what a layer requires of its caller: mappings, streams and their names, dtypes."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from dropout_props.selftest.kernel.kernel import Kernel, KeySource, Site
from dropout_props.selftest.mutants.mutant import Mutant

__all__ = ["MUTANTS"]


def _place_of_stream(site: Site) -> Any:
    place = site.streams.index(site.stream) if site.stream in site.streams else 0
    return jax.random.fold_in(site.issue(), place)


def _demand(source: KeySource, stream: str) -> None:
    if not source.has(stream):
        raise ValueError(f"no key for {stream!r}")


def _demand_in_training(site: Site) -> Any:
    raise ValueError(f"no key for {site.stream!r}")


def _integers_cast(x: Any, _rate: float) -> Any:
    return x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(jnp.float32)


def _length_of_name(site: Site) -> Any:
    return jax.random.fold_in(site.issue(), len(site.stream))


MUTANTS = (
    Mutant(
        "dict_alone",
        "keys are accepted only in a dict",
        "flax 0.8.2",
        Kernel(),
        apis=("linen",),
        live=True,
    ),
    Mutant(
        "place_of_stream",
        "the position of the stream in the mapping is folded into the key",
        "keys split and zipped with names",
        Kernel(derive_key=_place_of_stream),
    ),
    Mutant(
        "evaluation_asks_stream",
        "an evaluation requires a key of the stream, and draws none",
        "flax 0.11.0",
        Kernel(before_evaluate=_demand),
        live=True,
    ),
    Mutant(
        "rate0_asks_stream",
        "no case for rate 0: the layer requires a key of the stream",
        "flax#821",
        Kernel(order=("evaluate", "rate_one"), missing_key=_demand_in_training),
        live=True,
    ),
    Mutant(
        "evaluation_unguarded",
        "evaluation accepts integers, which are an error in training",
        "flax, always",
        Kernel(),
        live=True,
    ),
    Mutant(
        "integers_cast_in_evaluation",
        "evaluation converts integers, which are an error in training, to floats",
        "casts at the entry of a model",
        Kernel(evaluate=_integers_cast),
    ),
    Mutant(
        "stream_name_ignored",
        "the name of the stream is not folded into the key",
        "flax, always",
        Kernel(),
        live=True,
    ),
    Mutant(
        "stream_name_by_length",
        "the length of the stream's name is folded into the key",
        "weak hashes of names",
        Kernel(derive_key=_length_of_name),
    ),
)
