"""Builds a subject from an NNX layer, and infers its wiring and traits where possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flax import nnx

from dropout_props.environment.guards import without_guards
from dropout_props.subjects import wiring as wires
from dropout_props.subjects.errors import WiringError
from dropout_props.subjects.instantiate import build_example
from dropout_props.subjects.naming import name_of, source_of
from dropout_props.subjects.nnx.adapter import (
    EVALUATION_SEED,
    PARAMS_SEED,
    RNGS_PARAMETER,
    NNXAdapter,
    kinds_of,
)
from dropout_props.subjects.parts import Parts
from dropout_props.subjects.traits import Traits


@without_guards()
def nnx_parts(
    factory: Callable[..., nnx.Module],
    *,
    name: str = "",
    source: str = "",
    params: bool = False,
    **options: Any,
) -> Parts:
    """Make the parts of a subject from an NNX layer; see `Subject.nnx`.

    Args:
        factory: takes the rate and `rngs`, and returns a module.
        name: the name that reports print.
        source: where the layer is defined, as `module:attr`.
        params: the layer has parameters, and requires keys when it is built.
        **options: fields of `Traits` and of `Wiring`, instead of inferred ones.

    Returns:
        The parts of the subject.

    Raises:
        WiringError: no parameter has a usual name for the rate, the mode or the rngs.
    """
    given, traits = wires.split_options(options)
    name = name or name_of(factory)
    if given.pop("mutable", None) is not None:
        raise WiringError(
            f"mutable={options['mutable']!r}: {name} is an nnx.Module, which updates its variables "
            "itself; leave mutable out"
        )
    fixed_rate = traits.get("rate")
    constructor = wires.parameters(factory)
    if RNGS_PARAMETER not in constructor:
        raise WiringError(
            f"{name} takes no keys: its constructor has {', '.join(constructor) or 'nothing'}, "
            f"not {RNGS_PARAMETER}. Pass a callable that takes it, such as "
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
            f"{name} returned a {type(example).__name__}, which is not a flax.nnx.Module. Pass "
            f"a Module class or a callable that returns a module; for a plain function use "
            f"Subject.function, for a flax.linen.Module Subject.linen."
        )
    params = params or "params" in kinds_of(example)
    wiring = wires.infer(
        name=name,
        constructor=constructor,
        call=wires.parameters(type(example).__call__),
        fixed_rate=fixed_rate,
        has_mode_methods=True,
        given=given,
    )
    defaults: dict[str, Any] = {
        "named_stream": wiring.stream_parameter is not None,
        "explicit_key": wiring.key_parameter is not None,
        "broadcast_dims": wiring.broadcast_parameter is not None,
        "missing_key_errors": ("ValueError", "KeyError", "AttributeError"),
        "state": True,
    }
    all_traits = Traits(**{"api": "nnx", **defaults, **traits})
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
