"""How a subject is made of an NNX layer: its wiring and traits, inferred where they can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flax import nnx

from dropout_props.subjects import wiring as wires
from dropout_props.subjects.errors import WiringError
from dropout_props.subjects.instantiate import build_example
from dropout_props.subjects.naming import name_of, source_of
from dropout_props.subjects.nnx.adapter import (
    EVALUATION_SEED,
    PARAMS_SEED,
    RNGS_PARAMETER,
    NNXAdapter,
)
from dropout_props.subjects.parts import Parts
from dropout_props.subjects.traits import Traits


def nnx_parts(
    factory: Callable[..., nnx.Module],
    *,
    name: str = "",
    source: str = "",
    params: bool = False,
    **options: Any,
) -> Parts:
    """Makes a subject of an NNX layer; see ``Subject.nnx``.

    Args:
        factory: returns a module; takes the rate and ``rngs``.
        name: what reports call it.
        source: where it comes from, as ``module:attr``.
        params: the layer has parameters, and needs keys to be built.
        **options: fields of ``Traits`` and of ``Wiring`` to set by hand.

    Returns:
        The subject.

    Raises:
        WiringError: it cannot be inferred how the layer takes its rate, mode or rngs.
    """
    given, traits = wires.split_options(options)
    name = name or name_of(factory)
    fixed_rate = traits.get("rate")
    constructor = wires.parameters(factory)
    if RNGS_PARAMETER not in constructor:
        raise WiringError(
            f"{name} takes no keys: its constructor has {', '.join(constructor) or 'nothing'}, "
            f"not {RNGS_PARAMETER}. Hand over a callable that takes it, such as "
            f"lambda rate, rngs: {name}(rate, rngs=rngs)."
        )
    example = build_example(
        factory,
        constructor,
        name=name,
        rate_parameter=given.get("rate_parameter"),
        filled={RNGS_PARAMETER: nnx.Rngs(params=PARAMS_SEED, dropout=EVALUATION_SEED)},
    )
    if not isinstance(example, nnx.Module):
        raise WiringError(
            f"{name} returned a {type(example).__name__}, which is no flax.nnx.Module. Hand over "
            f"a Module class or a callable that returns a module; for a plain function use "
            f"Subject.function, for a flax.linen.Module Subject.linen."
        )
    wiring = wires.infer(
        name=name,
        constructor=constructor,
        call=wires.parameters(type(example).__call__),
        fixed_rate=fixed_rate,
        has_mode_methods=True,
        given=given,
    )
    usual: dict[str, Any] = {
        "named_stream": wiring.stream_parameter is not None,
        "explicit_key": wiring.key_parameter is not None,
        "broadcast_dims": wiring.broadcast_parameter is not None,
        "missing_key_errors": ("ValueError", "KeyError", "AttributeError"),
        "state": True,
    }
    all_traits = Traits(**{"api": "nnx", **usual, **traits})
    return Parts(
        name=name,
        traits=all_traits,
        adapter=NNXAdapter(
            factory=factory,
            wiring=wiring,
            fixed_rate=fixed_rate,
            params=params,
            stream=all_traits.stream or "dropout",
        ),
        source=source or source_of(factory),
    )
