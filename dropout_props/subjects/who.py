"""Who wrote the layer of a subject, and whose code draws its masks.

The default level and the known deviations of a framework depend on it. It is read off the layer
itself, never off the name that reports print.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dropout_props.subjects.subject import Subject

__all__ = ["all_in", "drawing_modules", "is_of_framework", "layer_of", "place_of"]

# The last holds functions that call the layer of a framework, and nothing else.
_FRAMEWORKS = ("flax", "equinox", "haiku", "keras", "dropout_props.layers.frameworks")

_SAMPLERS = ("bernoulli", "uniform", "bits", "normal")
_RATE = 0.5


def is_of_framework(subject: Subject) -> bool:
    """Return whether a framework wrote the layer itself, under whatever name: Flax or another."""
    layer = layer_of(subject)
    module = getattr(layer, "__module__", None) or ""
    return any(_is_in(module, framework) for framework in _FRAMEWORKS)


def layer_of(subject: Subject) -> Any:
    """Return the class or function of the layer itself; None where there is none."""
    adapter: Any = subject.adapter
    layer: Any = getattr(adapter, "factory", None) or getattr(adapter, "function", None)
    while hasattr(layer, "func"):  # a functools.partial of it, or of what passes more arguments
        is_ours = _is_in(getattr(layer.func, "__module__", None) or "", "dropout_props.subjects")
        layer = layer.args[0] if is_ours and layer.args else layer.func
    return layer


def place_of(subject: Subject) -> str:
    """Return ``module:name`` of the class or function of the layer itself; empty without one."""
    layer = layer_of(subject)
    module, name = (getattr(layer, one, None) for one in ("__module__", "__qualname__"))
    return f"{module}:{name}" if module and name else ""


def drawing_modules(subject: Subject, shape: Sequence[int]) -> frozenset[str]:
    """Return the names of the modules whose code draws random numbers in one training call.

    Args:
        subject: the layer, which is called once.
        shape: an input that the layer takes.

    Returns:
        The modules that call a sampler of `jax.random`, and an empty name if the call draws more
        than they do, as a module does that imported the sampler itself; none where it raises.
    """
    import jax
    import jax.numpy as jnp

    from dropout_props.subjects.keys import key_of_seed

    rate = _RATE if subject.traits.rate is None else subject.traits.rate
    dtype = next(iter(subject.traits.dtypes), "float32")
    streams = {subject.traits.stream or "dropout": key_of_seed(0)}

    def call() -> Any:
        x = jnp.ones(tuple(shape), dtype)
        return subject.fresh().call(x, rate=rate, training=True, streams=streams)

    with _callers() as found:
        try:
            if subject.traits.lacks("transforms"):
                call()
                return frozenset(found)
            num_draws = _num_draws(jax.make_jaxpr(call)().jaxpr)
        except Exception:  # noqa: BLE001 (it is any layer; a property has judged its errors)
            return frozenset()
    return frozenset([*found, *[""] * (num_draws > len(found))])


def all_in(modules: frozenset[str], packages: Sequence[str]) -> bool:
    """Return whether there are modules, and each is one of the packages or inside of one."""
    return bool(modules) and all(any(_is_in(one, p) for p in packages) for one in modules)


def _is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _num_draws(jaxpr: Any) -> int:
    """Return how often a program draws random bits."""
    inner = [
        getattr(part, "jaxpr", part)
        for one in jaxpr.eqns
        for value in one.params.values()
        for part in (value if isinstance(value, (tuple, list)) else (value,))
        if hasattr(part, "eqns") or hasattr(part, "jaxpr")
    ]
    own = sum(one.primitive.name == "random_bits" for one in jaxpr.eqns)
    return own + sum(map(_num_draws, inner))


@contextmanager
def _callers() -> Iterator[list[str]]:
    """Collect the module of each call of a sampler of `jax.random` while the block runs."""
    import jax

    found: list[str] = []
    usual = {name: getattr(jax.random, name) for name in _SAMPLERS}

    def watched(sampler: Any) -> Any:
        def sample(*arguments: Any, **options: Any) -> Any:
            found.append(str(sys._getframe(1).f_globals.get("__name__")))  # noqa: SLF001
            return sampler(*arguments, **options)

        return sample

    try:
        for name, sampler in usual.items():
            setattr(jax.random, name, watched(sampler))
        yield found
    finally:
        for name, sampler in usual.items():
            setattr(jax.random, name, sampler)
