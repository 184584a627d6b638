"""Builds a subject from a Linen layer, and infers its wiring and traits where possible."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import flax.linen as nn

from dropout_props.subjects import wiring as wires
from dropout_props.subjects.errors import WiringError
from dropout_props.subjects.instantiate import build_example
from dropout_props.subjects.linen.adapter import LinenAdapter
from dropout_props.subjects.linen.wrapped import wrapped
from dropout_props.subjects.naming import name_of, source_of
from dropout_props.subjects.parts import Parts
from dropout_props.subjects.traits import Traits


def linen_parts(
    factory: Callable[..., nn.Module], *, name: str = "", source: str = "", **options: Any
) -> Parts:
    """Make the parts of a subject from a Linen layer; see `Subject.linen`.

    Raises:
        WiringError: no parameter has a usual name for the rate, or for the mode.
    """
    given, traits = wires.split_options(options)
    name = name or name_of(factory)
    fixed_rate = traits.get("rate")
    constructor = wires.parameters(factory)
    example = build_example(
        factory,
        constructor,
        name=name,
        rate_parameter=given.get("rate_parameter"),
    )
    if not isinstance(example, nn.Module):
        raise WiringError(
            f"{name} returned a {type(example).__name__}, which is not a flax.linen.Module. "
            f"Pass a Module class or a callable that returns a module; for a plain function use "
            f"Subject.function, for an nnx.Module Subject.nnx."
        )
    wiring = wires.infer(
        name=name,
        constructor=constructor,
        call=wires.parameters(type(example).__call__),
        fixed_rate=fixed_rate,
        has_mode_methods=False,
        given=given,
    )
    defaults: dict[str, Any] = {
        "named_stream": wiring.stream_parameter is not None,
        "explicit_key": wiring.key_parameter is not None,
        "broadcast_dims": wiring.broadcast_parameter is not None,
        "missing_key_errors": ("InvalidRngError",),
        "missing_key_names_stream": True,
    }
    all_traits = Traits(**{"api": "linen", **defaults, **traits})
    return Parts(
        name=name,
        traits=all_traits,
        adapter=LinenAdapter(
            factory=partial(wrapped, factory, wiring) if wiring.is_wrapped else factory,
            wiring=wiring,
            fixed_rate=fixed_rate,
            own_stream=all_traits.stream or "dropout",
        ),
        source=source or source_of(factory),
    )
