"""Tell what a scan runs over: the layers of a model, or inputs of one model.

Where every parameter of the model in the body has the shape of an element of its own, the
parameters are stacked, and the trips are layers. Where the elements are others, one set of
parameters meets other inputs: microbatches, time steps, or steps.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.recording.frameworks import loaded

LAYERS, INPUTS = "layers", "inputs"
LIFTED = "flax.core."
"""The modules whose bodies are those of `nn.scan`: it is always a model that it scans."""

Shapes = Counter[tuple[int, ...]]


def is_lifted(body: Any) -> bool:
    """Say whether the body of a scan is that of `nn.scan`."""
    return str(getattr(body, "__module__", "")).startswith(LIFTED)


def shapes(tree: Any) -> Shapes:
    """Count the shapes of arrays, keys of random numbers aside."""
    leaves = [leaf for leaf in jax.tree.leaves(tree) if hasattr(leaf, "dtype")]
    keys = [jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) for leaf in leaves]
    return Counter(np.shape(leaf) for leaf, key in zip(leaves, keys, strict=True) if not key)


def runs_over(elements: Shapes, model: Any) -> str:
    """Say what a scan runs over.

    Args:
        elements: the shapes of what the body gets of each trip.
        model: the outermost module that draws in the body.

    Returns:
        `layers`, `inputs`, or nothing where the shapes do not say.
    """
    own = shapes(_parameters(model))
    if not own:
        return ""
    if own <= elements:
        return LAYERS
    others = any(shape for shape in elements)
    return INPUTS if others and not own & elements else ""


def _parameters(model: Any) -> Any:
    """Get the parameters of a module of Linen or NNX as it is now; None for others."""
    nnx = loaded("flax.nnx")
    if nnx is not None and isinstance(model, nnx.Module):
        return nnx.state(model, nnx.Param)
    scope = getattr(model, "scope", None)
    return None if scope is None else model.variables.get("params")
