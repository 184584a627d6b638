"""See each draw of `jax.random`, however it was imported.

The public functions look up a private one of their module, `bernoulli` the function `_bernoulli`,
and call it with a typed key. These private ones are replaced. A sampler that uses others inside,
as `gamma` does, is one draw: only the outermost counts. `bits` and `split` pass through two
functions of JAX's key module, which see calls that bypass the rest as well.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import jax

from dropout_props.recording.draw import probed, report_mask
from dropout_props.recording.frameworks import SAMPLER_OF_SPLIT
from dropout_props.recording.internals import dtypes, keys, samplers
from dropout_props.recording.patches import Patches
from dropout_props.recording.session import Session

NOT_SAMPLERS = frozenset({"_split", "_random_bits", "_random_gamma_abstract_eval"})


def install(session: Session, patches: Patches) -> None:
    """Hook every sampler, `random_bits` and `random_split`."""
    for name in sampler_names():
        original = getattr(samplers, name)
        patches.attribute(samplers, name, _sampler(session, name.strip("_"), original))
    patches.attribute(keys, "random_bits", _bits(session, keys.random_bits))
    patches.attribute(keys, "random_split", _split(session, keys.random_split))


def sampler_names() -> list[str]:
    """List the private samplers: functions whose first argument is `key`."""
    found = []
    for name, value in vars(samplers).items():
        if not name.startswith("_") or not callable(value) or name in NOT_SAMPLERS:
            continue
        try:
            parameters = list(inspect.signature(value).parameters)
        except (TypeError, ValueError):
            continue
        if parameters[:1] == ["key"]:
            found.append(name)
    return found


def _sampler(session: Session, name: str, original: Any) -> Callable[..., Any]:
    """Wrap one private sampler."""
    signature = inspect.signature(original)

    def hooked(key: Any, *args: Any, **kwargs: Any) -> Any:
        if session.busy or not _typed(key):
            return original(key, *args, **kwargs)
        bound = signature.bind(key, *args, **kwargs)
        facts = bound.arguments
        shape = facts.get("shape")
        probability = facts.get("p") if name == "bernoulli" else None
        if shape is None:
            shape = jax.numpy.shape(facts.get("p", facts.get("x", ())))
        with probed(
            session,
            name,
            key,
            shape=shape,
            dtype="bool" if name == "bernoulli" else _dtype(facts.get("dtype")),
            mode=str(facts.get("mode", "low")) if name == "bernoulli" else "",
            probability=probability,
        ) as watched:
            return report_mask(session, watched, original(watched.key, *args, **kwargs))

    return hooked


def _bits(session: Session, original: Any) -> Callable[..., Any]:
    """Wrap `random_bits`, which `jax.random.bits` calls."""

    def hooked(key: Any, bit_width: int, shape: Any) -> Any:
        if session.busy:
            return original(key, bit_width, shape)
        with probed(session, "bits", key, shape=shape, dtype=f"uint{bit_width}") as watched:
            return original(watched.key, bit_width, shape)

    return hooked


def _split(session: Session, original: Any) -> Callable[..., Any]:
    """Wrap `random_split`."""

    def hooked(key: Any, shape: Any) -> Any:
        if session.busy:
            return original(key, shape)
        with probed(session, SAMPLER_OF_SPLIT, key, shape=shape, dtype="key") as watched:
            return original(watched.key, shape)

    return hooked


def _typed(key: Any) -> bool:
    """Say whether this is a typed key."""
    dtype = getattr(key, "dtype", None)
    return dtype is not None and bool(dtypes.issubdtype(dtype, dtypes.prng_key))


def _dtype(dtype: Any) -> str:
    """Name a dtype."""
    return "" if dtype is None else str(jax.numpy.dtype(dtype))
