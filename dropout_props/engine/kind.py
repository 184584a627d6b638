"""Finds whether a subject is a dropout layer, or a model with dropout inside.

Question: what does the subject hold, and does its evaluation return its input?
Guarantee: a subject is judged as a model where it has parameters, takes token ids, or has
submodules beside its dropout that change its evaluation output. Outputs alone never decide: a
layer whose evaluation does not return its input is a broken layer, unless it says otherwise. Nor
is a layer one that declares what its dropped and kept units are, and returns its input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.cases.case import as_dtype
from dropout_props.properties.bits import same_bits
from dropout_props.subjects.operations import Call

if TYPE_CHECKING:
    from dropout_props.cases.case import Case
    from dropout_props.subjects.subject import Subject

__all__ = ["kind_of"]

_RATE = 0.5
_MODEL = {"kind": "model", "law": "composite", "reference": "eval"}
_ZEROS = " (one that is all zero, and would hide what is dropped, has other numbers here)"


def kind_of(subject: Subject, case: Case) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the traits that follow from what a subject holds, and a note where it is a model.

    Args:
        subject: the subject.
        case: an input that it takes.
    """
    traits = subject.traits
    given = jax.ShapeDtypeStruct(case.shape, jnp.dtype(as_dtype(case.dtype)))
    try:
        held = subject.adapter.collections(given, rate=_rate(subject))
    except (Exception, SystemExit):  # noqa: BLE001 (properties say what a subject raises)
        return {}, ()
    found: dict[str, Any] = {}
    if others := sorted(held - {"params"}):
        why = f"it updates {', '.join(others)}, which a transform would have to carry"
        found |= {"lifted": False, "reasons": {**traits.reasons, "lifted": why}}
    since = _since(subject, case, held) if _is_undeclared(subject) else ""
    return (found | _MODEL, (_note(subject, since),)) if since else (found, ())


def _is_undeclared(subject: Subject) -> bool:
    traits = subject.traits
    is_dropout = traits.output_law.has_two_values and traits.reference == "input"
    return traits.kind is None and is_dropout and traits.evaluation == "same"


def _since(subject: Subject, case: Case, held: frozenset[str]) -> str:
    """Return why the subject is a model; empty if it is a layer."""
    says_values = not subject.traits.output_law.is_plain
    if says_values and _returns_input(subject, case):
        return ""
    if "params" in held:
        return f"it has parameters{_ZEROS}"
    if as_dtype(case.dtype).kind in "iub":
        return "it takes token ids"
    given = jax.ShapeDtypeStruct(case.shape, jnp.dtype(as_dtype(case.dtype)))
    try:
        others = subject.adapter.submodules(given, rate=_rate(subject))
    except (Exception, SystemExit):  # noqa: BLE001 (properties say what a subject raises)
        return ""
    if not others or _returns_input(subject, case) is not False:
        return ""
    return f"it has other submodules beside its dropout ({', '.join(others)})"


def _returns_input(subject: Subject, case: Case) -> bool | None:
    """Return whether an evaluation returns its input, bit for bit; None where it raises."""
    if not subject.traits.eval_mode:
        return None
    x = case.inputs()
    try:
        (y,) = subject.adapter.run(
            Call(training=False), jax.device_put(x), rate=_rate(subject), streams={}
        )
        return same_bits(np.asarray(y), x)
    except (Exception, SystemExit):  # noqa: BLE001 (properties say what a subject raises)
        return None


def _note(subject: Subject, since: str) -> str:
    layer = "a dropout layer with parameters of its own says kind='layer'"
    if "token" in since:
        layer = "a layer that drops tokens says kept='unscaled' and dropped="
    elif "submodules" in since:
        layer = "a dropout layer says kind='layer'"
    ignored = "" if subject.traits.output_law.is_plain else ", and dropped= and kept= are not used"
    return (
        f"judged as a model, since {since}: what its dropout does inside is judged by "
        f"dropout_props.record(){ignored}; {layer}"
    )


def _rate(subject: Subject) -> float:
    return _RATE if subject.traits.rate is None else subject.traits.rate
