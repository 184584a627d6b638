"""Digests of canonical masks and counts of units kept, for every subject whose output shows a mask.

Equal digests mean that two environments draw the same bits. If they do not, the counts bound, with
an exact interval on each side, how far apart their keep rates can be.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.cases.case import Case
from dropout_props.engine.adapt_case import fit
from dropout_props.properties.sampler import Sampler, came_through
from dropout_props.results.records import KeepCount, MaskDigest
from dropout_props.subjects.operations import Layers, Repeat, WithKey
from dropout_props.subjects.subject import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dropout_props.subjects.subject import Subject

__all__ = ["keep_counts", "mask_digests"]

SHAPES = ((128,), (5, 3))
RATES = (0.1, 0.5, 0.9)
KEEP_RATES = (0.01, 0.1, 0.5, 0.9)
NUM_BLOCKS = 16
_SEED = 7
_TIMES = 3
_NAMES = ("first", "second", "block/third")
_PARTITIONABLE: dict[str, bool | None] = {"default": None, "off": False, "on": True}
_PROPERTY_ID = "snapshot"  # takes the place of a property's id in keys; the run seed is always 0


def mask_digests(subject: Subject) -> tuple[MaskDigest, ...]:
    """Return the digests of all canonical masks that the subject supports."""
    if subject.traits.lacks("mask") is not None:
        return ()
    found: dict[str, str] = {}
    for flag, value in _PARTITIONABLE.items():
        config: Any = jax.config  # only some releases of JAX annotate its flags
        before = bool(config.jax_threefry_partitionable)
        try:
            if value is not None:
                jax.config.update("jax_threefry_partitionable", value)
            for words, x, call in _calls(subject):
                # A layer such as d2l's function cannot take a key: that mask is left out.
                try:
                    found[f"{words}, partitionable {flag}"] = _digest(subject, call(), x)
                except Unsupported:  # noqa: PERF203 (a few dozen calls)
                    continue
        finally:
            jax.config.update("jax_threefry_partitionable", before)
    return tuple(MaskDigest(words, digest) for words, digest in found.items())


def _calls(subject: Subject) -> Iterator[tuple[str, Any, Callable[[], Any]]]:
    """Yield each canonical call in words, its input, and a function that makes it."""
    stream = subject.traits.stream or "dropout"
    keys = {"raw": jax.random.PRNGKey(_SEED), "typed": jax.random.key(_SEED)}
    for shape in SHAPES:
        for rate in RATES:
            case = fit(Case(shape=shape, rate=rate), subject.traits)
            x = jnp.asarray(case.inputs())
            for form, key in keys.items():
                arguments: dict[str, Any] = {"rate": case.rate, "streams": {stream: key}}
                words = f"rate {case.rate:g}, shape {case.shape}, {form} key"

                def call(x: Any = x, a: dict[str, Any] = arguments) -> Any:
                    return (subject.call(x, training=True, **a),)

                yield f"one call, {words}", x, call
                if rate != RATES[1] or shape != SHAPES[0]:
                    continue
                for several_words, several in _several(subject, x, arguments, words, key):
                    yield several_words, x, several


def _several(
    subject: Subject, x: Any, arguments: dict[str, Any], words: str, key: Any
) -> Iterator[tuple[str, Callable[[], Any]]]:
    if subject.traits.repeat:
        yield (
            f"{_TIMES} calls, {words}",
            lambda: subject.run(Repeat(_TIMES), x, **arguments),
        )
    if subject.traits.layers:
        yield f"layers, {words}", lambda: subject.run(Layers(_NAMES), x, **arguments)
    if subject.traits.explicit_key:
        rate = arguments["rate"]
        yield (
            f"explicit key, {words}",
            lambda: subject.run(WithKey(), x, key=key, rate=rate),
        )


def _digest(subject: Subject, outputs: Any, x: Any) -> str:
    """Return a digest of which units are kept, and of nothing else."""
    text = hashlib.blake2b(digest_size=12)
    for one in outputs:
        kept = came_through(subject, one, x)
        text.update(f"{kept.shape}".encode() + np.packbits(kept).tobytes())
    return text.hexdigest()


def keep_counts(subject: Subject) -> tuple[KeepCount, ...]:
    """Count the units kept at each canonical rate, over many keys."""
    if subject.traits.lacks("mask") is not None:
        return ()
    cases = dict.fromkeys(
        replace(fit(Case(shape=SHAPES[0], rate=rate), subject.traits), seed=_SEED)
        for rate in KEEP_RATES
    )
    counts = []
    for case in cases:
        sampler = Sampler(subject, case, _PROPERTY_ID, 0)
        kept = units = 0
        for block in range(NUM_BLOCKS):
            masks = sampler.block(block)
            kept, units = kept + int(masks.sum()), units + masks.size
        null = sampler.keep
        counts.append(KeepCount(case.rate, kept, units, null.lowest, null.highest))
    return tuple(counts)
