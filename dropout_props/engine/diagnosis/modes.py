"""Explanation of an evaluation that drops: `eval()` left an NNX layer in training mode.

Guarantee: what is said was seen under the same keys, so no chance is involved in it, except that a
layer without its fault might give equal outputs under all keys: below 2^-64.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_props.cases.case import Case
from dropout_props.engine.adapt_case import fit
from dropout_props.engine.probe import taken
from dropout_props.subjects.subject import SubjectError, Unsupported

if TYPE_CHECKING:
    from dropout_props.engine.settings import Settings
    from dropout_props.properties.sampler import Sampler
    from dropout_props.subjects.nnx.switching import Flag
    from dropout_props.subjects.subject import Subject

__all__ = ["JUDGE_EVALUATION", "not_switched"]

JUDGE_EVALUATION = ("DP101", "DP802")
"""Properties that fail where an evaluation drops."""

# Outputs that differ under all keys, and are equal under all once a flag is flipped: whatever the
# probability of an output is, both have a probability below 40 * 4^-39.
_KEYS = 40
_UNITS = (128,)
_FLAGS = 8  # that are tried, at most


def not_switched(subject: Subject, settings: Settings, *, role: str) -> str:
    """Return how `eval()` failed to switch a layer, or nothing."""
    from dropout_props.subjects.nnx.switching import watched

    seen = watched(subject.adapter)
    if seen is None:
        return ""
    subject = replace(subject, adapter=seen.adapter)
    case = taken(fit(Case(shape=_UNITS), subject.traits), subject)
    sampler = settings.sampler(subject, case, role, settings.run_seed)
    keys = list(sampler.keys(_KEYS, role="modes"))
    try:
        evaluated = _outputs(sampler, keys)
        flags = seen.flags()[:_FLAGS]  # of the module of the last evaluation
        trained = _outputs(sampler, keys, training=True)
    except (SubjectError, Unsupported):
        return ""
    if len(set(evaluated)) < len(keys):
        return ""
    for flag in flags:
        if _explains(sampler, flag, keys):
            return (
                f"eval() did not switch this layer: after it the attribute {flag.name} of "
                f"{flag.owner} is still {flag.value}, and with {not flag.value} the output is the "
                f"same under every key. {_RULE}"
            )
    if evaluated == trained:
        return (
            "eval() did not switch this layer: after it the output is that of training, bit for "
            f"bit, under each of {len(keys)} keys. {_RULE}"
        )
    return ""


_RULE = (
    "NNX's eval() sets the attributes deterministic and use_running_average alone: let the call "
    "read deterministic"
)


def _explains(sampler: Sampler, flag: Flag, keys: list[Any]) -> bool:
    """Return whether the evaluation is right once the flag has its other value."""
    from dropout_props.subjects.nnx.switching import flipped

    subject = replace(sampler.subject, adapter=flipped(sampler.subject.adapter, flag))
    other = replace(sampler, subject=subject)
    try:
        found = set(_outputs(other, keys))
    except Exception:  # noqa: BLE001 (the flag decides about something else)
        return False
    if len(found) > 1:
        return False
    return subject.traits.reference == "eval" or found == {_bits(sampler.inputs())}


def _outputs(sampler: Sampler, keys: list[Any], *, training: bool = False) -> list[bytes]:
    subject, x, rate = sampler.subject, sampler.inputs(), sampler.case.rate
    return [
        _bits(subject.call(x, rate=rate, training=training, streams=sampler.streams(key)))
        for key in keys
    ]


def _bits(array: Any) -> bytes:
    return np.asarray(array).tobytes()
