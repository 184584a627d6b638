"""Which frames belong to libraries, and how a library's modules look.

Nothing here imports a framework: one that the user has not loaded has no modules in the program.
"""

from __future__ import annotations

import importlib.util
import sys
import sysconfig
from functools import cache
from pathlib import Path
from typing import Any

SAMPLER_OF_SPLIT = "split"
LIBRARIES = ("jax", "jaxlib", "flax", "equinox", "haiku", "keras")
RATES = ("rate", "dropout_rate", "drop_rate", "dropout_prob", "drop_prob", "p")
BASES = (
    ("nnx", "flax.nnx", "Module"),
    ("equinox", "equinox", "Module"),
    ("haiku", "haiku", "Module"),
    ("keras", "keras", "Layer"),
)


@cache
def roots() -> tuple[str, ...]:
    """List the folders whose frames are nobody's own code."""
    found = [str(Path(__file__).parent)]
    for name in LIBRARIES:
        spec = importlib.util.find_spec(name)
        found += [str(Path(place)) for place in (spec and spec.submodule_search_locations) or ()]
    return tuple(folder + "/" for folder in found)


@cache
def is_library(file: str) -> bool:
    """Say whether a file belongs to JAX, to a framework or to Python."""
    standard = sysconfig.get_path("stdlib") + "/"
    in_standard = file.startswith(standard) and "site-packages" not in file
    return in_standard or file.startswith(("<frozen", *roots()))


def loaded(module: str) -> Any:
    """Get a module that the program has loaded, or None."""
    return sys.modules.get(module)


def base_of(value: Any) -> str:
    """Name the framework whose module this is; empty if it is none."""
    for api, module, base in BASES:
        library = loaded(module)
        cls = getattr(library, base, None) if library is not None else None
        if cls is not None and isinstance(value, cls):
            return api
    return ""


def is_wrapper(value: Any) -> bool:
    """Say whether a module is what a library wraps a function in, as Equinox's `filter_jit` does.

    Args:
        value: a module of a framework.

    Returns:
        Whether its class is a private one of that framework.
    """
    cls = type(value)
    return cls.__name__.startswith("_") and cls.__module__.split(".")[0] in LIBRARIES


def own_name(value: Any) -> str:
    """Read the name that a module of Haiku or Keras has.

    Args:
        value: a module of a framework.

    Returns:
        The name; empty for other frameworks.
    """
    return str(getattr(value, "name", "")) if base_of(value) in {"haiku", "keras"} else ""


def declared_rate(module: Any) -> float | None:
    """Read the rate that a module declares, if it is a plain number."""
    for name in RATES:
        value = getattr(module, name, None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    return None


def is_array(value: Any) -> bool:
    """Say whether a value is an array; `nnx.Rngs` with a default stream has any attribute."""
    return isinstance(getattr(value, "shape", None), tuple) and hasattr(value, "dtype")


def declares_rate(module: Any) -> bool:
    """Say whether a module has an attribute that is named like a rate."""
    return any(getattr(module, name, None) is not None for name in RATES)


def shared_axes(module: Any) -> tuple[int, ...]:
    """Read the axes along which a module declares one mask."""
    declared = getattr(module, "broadcast_dims", ())
    try:
        return tuple(int(axis) for axis in declared)
    except (TypeError, ValueError):
        return ()
