"""The abilities of a subject, and the sentence that says why a subject lacks one.

A property names the abilities that it needs. `Traits.lacks` decides whether a subject has them;
the sentences here are what a report then says.
"""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["ABILITIES", "HELD", "REASONS", "Ability"]

Ability = Literal[
    "mask",
    "scaled",
    "mean",
    "valued",
    "identity",
    "any_rate",
    "eval_mode",
    "streams",
    "named_stream",
    "explicit_key",
    "broadcast_dims",
    "layers",
    "repeat",
    "held",
    "linear",
    "sized",
    "missing_key",
    "nonfinite",
    "empty",
    "transforms",
    "derivation",
    "lifted",
    "state",
    "modes",
    "explicit_mesh",
    "attention",
    "rate_zero",
    "rate_one",
    "wide_dtypes",
]

ABILITIES: tuple[Ability, ...] = get_args(Ability)

REASONS: dict[Ability, str] = {
    "mask": "its output does not show the mask: the dropout is inside the model",
    "scaled": "it adds or multiplies by noise: its outputs are spread around the input, not 0 or "
    "x/keep",
    "mean": "it adds or multiplies by noise: its outputs are spread around the input, not 0 or "
    "x/keep",
    "valued": "it adds or multiplies by noise: its outputs are spread around the input",
    "identity": "its evaluation output is not its input: the dropout follows other layers",
    "any_rate": "its rate is fixed at {rate}",
    "eval_mode": "it has no evaluation mode: models leave the layer out instead",
    "streams": "it takes no keys in named streams",
    "named_stream": "its stream has a fixed name",
    "explicit_key": "it takes no key as an argument of the call",
    "broadcast_dims": "it takes no broadcast_dims",
    "layers": "it cannot occur several times in one model",
    "repeat": "it does not count its calls: one key gives one mask",
    "held": "it does not say that all its calls share one mask",
    "linear": "it does not say that its output is linear in its masks",
    "sized": "it does not say how large a noise it adds, in float32",
    "missing_key": "it promises no error when the key is missing",
    "nonfinite": "it does not promise to drop NaN and infinite inputs",
    "empty": "it takes no input with an empty axis",
    "derivation": "it does not promise how its masks are derived from the key",
    "transforms": "it cannot be traced by JAX: the suite calls it once per key",
    "lifted": "it is a function: the transforms of a framework do not apply to it",
    "state": "it has no state: the caller passes keys to every application",
    "explicit_mesh": "it does not promise to take inputs on meshes with explicit axes",
    "attention": "it does not compute attention weights",
    "rate_zero": "it takes only rates above 0",
    "rate_one": "it takes only rates below 1",
    "modes": "it does not promise which of several settings of its mode counts",
    "wide_dtypes": "it promises no dtype beyond float16, bfloat16 and float32",
}

HELD: dict[str, str] = {
    "repeat": "it holds its mask: every call after the first has the mask of the first",
    "lifted": "it holds its mask: which calls under a transform share one, it does not promise",
    "state": "it holds its mask, which is not the state of a stream",
}
"""Abilities that a layer without the trait `held` may have, and why one with it has not."""
