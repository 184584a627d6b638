"""The keyword arguments of `Subject.linen`, `.nnx` and `.function`, for type checkers.

Each option is a field of `Traits` or of `Wiring`; a test compares the names. A misspelt option is
an error in the editor, and a `WiringError` at run time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypedDict

from dropout_props.subjects.traits import Dropped, Kept, LawName, NoiseName, Spread

__all__ = ["FunctionOptions", "LinenOptions", "NNXOptions", "TraitOptions", "WiringOptions"]


class TraitOptions(TypedDict, total=False):
    """Fields of `Traits`: what a layer promises, which decides the properties that apply to it."""

    law: LawName
    spread: Spread | None
    noise: NoiseName
    dropped: Dropped
    kept: Kept
    evaluation: Literal["same", "scaled"]
    reference: Literal["input", "eval"]
    rate: float | None
    eval_mode: bool
    streams: bool
    stream: str | None
    named_stream: bool
    explicit_key: bool
    broadcast_dims: bool
    shared_axes: tuple[int, ...]
    shares_rest: bool
    layers: bool
    repeat: bool
    held: bool
    linear: bool
    missing_key_errors: tuple[str, ...]
    missing_key_names_stream: bool
    nonfinite: bool
    empty: bool
    min_rank: int
    max_rank: int | None
    dtypes: tuple[str, ...]
    wide_dtypes: tuple[str, ...]
    batching: Literal["vmap", "loop"]
    derivation: Literal["linen", "nnx fork", "nnx stream"] | None
    lifted: bool
    state: bool
    mode_rule: Literal["one place", "call first"] | None
    explicit_mesh: bool
    attention: bool
    rate_zero: bool
    rate_one: bool
    takes: Literal["all", "probed"]
    kind: Literal["layer", "model"] | None
    least_sizes: tuple[int, ...]
    inputs: Any
    reasons: Mapping[str, str]


class WiringOptions(TypedDict, total=False):
    """The names under which a layer takes its rate, mode, stream and key; see `Wiring`."""

    rate_parameter: str | None
    mode_parameter: str | None
    mode_place: Literal["constructor", "call", "method"]
    stream_parameter: str | None
    broadcast_parameter: str | None
    key_parameter: str | None
    sharing_parameter: str | None
    call_kwargs: Mapping[str, Any]
    output: int | str | tuple[int | str, ...]
    mutable: str | tuple[str, ...] | None


class LinenOptions(TraitOptions, WiringOptions, total=False):
    """Options of `Subject.linen`."""


class NNXOptions(TraitOptions, WiringOptions, total=False):
    """Options of `Subject.nnx`.

    `params` says that the layer has parameters, and needs keys to be built.
    """

    params: bool


class FunctionOptions(TraitOptions, total=False):
    """Options of `Subject.function`."""
