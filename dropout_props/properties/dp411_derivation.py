"""DP411: the mask is, bit for bit, the one of the published derivation."""

from typing import Any

import jax
import numpy as np

from dropout_props.properties import reference_prng
from dropout_props.properties.catalogue import Case, Sampler, Violation, exact, strategies
from dropout_props.properties.exact_cases import every_shape
from dropout_props.subjects.operations import Layers
from dropout_props.subjects.subject import Unsupported

_CONFIG: Any = jax.config  # not every release declares its options
_NAMES = ("first", "block/second", "block/inner/third")


@exact(
    "DP411",
    "published derivation holds",
    statement="The mask is, bit for bit, the one that an independent NumPy threefry draws from the "
    "key that the framework documents, for a layer by itself and for named and nested layers.",
    formula="mask = uniform(fold(key, path, call)) < keep",
    if_broken="A seed no longer gives the masks that it gave before, and stored runs cannot be "
    "reproduced.",
    assumes="threefry2x32 keys, jax_enable_x64 off, and a float rate. Subjects that promise "
    "another derivation, or none, are not tested.",
    level="framework",
    needs=("mask", "scaled", "derivation", "layers"),
    killed_by=("extra_fold", "other_comparison"),
    cases=every_shape(rate=strategies.inner_rates(), values=("distinct", "negative")),
    explicit=(Case(rate=0.5), Case(shape=(129,), rate=0.1)),
    one_program=True,
)
def derivation(sampler: Sampler) -> None:
    case, subject = sampler.case, sampler.subject
    if _CONFIG.jax_enable_x64:
        raise Unsupported("the published derivation is for 32 bits, and jax_enable_x64 is set")
    key, x = sampler.key(), sampler.inputs()
    words = np.asarray(jax.random.key_data(key))
    if words.shape != (2,):
        raise Unsupported("the published derivation is for threefry, and another generator is set")
    streams = sampler.streams(key)
    _expect(sampler, sampler.train(), _key_of(sampler, words, "", 0), "a layer by itself")
    layers = subject.run(Layers(_NAMES), x, rate=case.rate, streams=streams)
    for number, (name, y) in enumerate(zip(_NAMES, layers, strict=True)):
        _expect(sampler, np.asarray(y), _key_of(sampler, words, name, number), f"layer {name}")


def _key_of(sampler: Sampler, words: np.ndarray, name: str, number: int) -> np.ndarray:
    """Return the key of the first call of a layer; the first one built has number 0."""
    if sampler.subject.traits.derivation == "linen":
        return reference_prng.linen_key(words, name.split("/") if name else (), 1)
    forks = sampler.subject.traits.derivation == "nnx fork"
    return reference_prng.nnx_key(words, layer=number, call=0, forks=forks)


def _expect(sampler: Sampler, y: np.ndarray, key: np.ndarray, what: str) -> None:
    case = sampler.case
    partitionable = bool(_CONFIG.jax_threefry_partitionable)
    expected = reference_prng.bernoulli(
        key, case.keep, case.mask_shape, partitionable=partitionable
    )
    unlike = int(np.count_nonzero((y != 0) != expected))
    if unlike:
        raise Violation(f"{what}: {unlike} of {case.size} units differ from the derivation")
