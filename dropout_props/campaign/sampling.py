"""What draws the masks of a campaign: the property and the case, as a check would judge them.

Guarantee: what a campaign cannot count is refused before it begins, with what it can.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

import jax

from dropout_props.campaign.errors import Unusable
from dropout_props.engine.cases import fitted
from dropout_props.engine.probe import probe
from dropout_props.environment.guards import without_guards
from dropout_props.properties import CATALOGUE, find
from dropout_props.properties.counting.kinds import PairsOfPositions, countable, kind_of
from dropout_props.properties.mask_statistics import MOST_PAIRED
from dropout_props.properties.sampler import Sampler
from dropout_props.subjects.errors import SubjectError, Unsupported

if TYPE_CHECKING:
    from dropout_props.cases.case import Case
    from dropout_props.properties import Property
    from dropout_props.subjects.subject import Subject

__all__ = ["sampler_of"]

_COUNTABLE = tuple(prop.id for prop in CATALOGUE if countable(prop.id))


@without_guards()
def sampler_of(subject: Subject, property_id: str, case: Case, *, run_seed: int) -> Sampler:
    """Return what draws the masks of a campaign.

    Args:
        subject: the layer.
        property_id: one that is counted by position, or by pairs of them.
        case: shape, rate and dtype; its values and shared axes become those that a check gives
            this layer.
        run_seed: enters every key.

    Raises:
        Unusable: the property is not counted so or does not apply, or the subject does not take
            the case.
    """
    if property_id not in _COUNTABLE:
        raise Unusable(
            f"--property {property_id}: a campaign adds up how often each position is kept, or "
            "both of each two, and this property counts something else. It can count "
            f"{', '.join(_COUNTABLE)}."
        )
    prop, subject = find(property_id), probe(subject).subject
    reason = prop.inapplicable(subject.traits)
    if reason is not None:
        raise Unusable(f"{subject.name}: {property_id} does not apply: {reason}.")
    if not 0.0 < case.rate < 1.0:
        raise Unusable(
            f"--rate {case.rate:g}: at rate 0 and 1 nothing is left to chance. Give a rate between."
        )
    sampler = Sampler(subject, _adapted(case, prop, subject), property_id, run_seed)
    try:
        one, key = sampler.output_of(), sampler.key()
        one(key) if subject.traits.batching == "loop" else jax.eval_shape(one, key)
    except (SubjectError, Unsupported) as error:
        raise Unusable(
            f"{subject.name} does not take {sampler.case}: {error} Give another --shape, --rate or "
            "--dtype; `dropout-props check` judges what it raises."
        ) from error
    kind = kind_of(property_id, sampler.mask_shape)
    if isinstance(kind, PairsOfPositions) and not 1 < prod(kind.mask_shape) <= MOST_PAIRED:
        raise Unusable(
            f"--shape {','.join(map(str, case.shape))}: {property_id} counts each two units of a "
            f"mask. Give a shape whose masks have 2 to {MOST_PAIRED} units, as in --shape 128."
        )
    return sampler


def _adapted(case: Case, prop: Property, subject: Subject) -> Case:
    """Return the case as a check adapts it to the subject, which leaves an adapted one as it is.

    Raises:
        Unusable: that changes the shape, the rate or the dtype.
    """
    if subject.traits.shares and not case.broadcast_dims:  # the shape is right as it is
        case = replace(case, broadcast_dims=subject.traits.shared_of(len(case.shape)))
    adapted = fitted(prop.decision, subject)(case)
    given = {
        "--shape": (case.shape, adapted.shape),
        "--rate": (case.rate, adapted.rate),
        "--dtype": (case.dtype, adapted.dtype),
    }
    if any(one != other for one, other in given.values()):
        shape = ",".join(map(str, adapted.shape))
        raise Unusable(
            f"{subject.name} cannot be counted on {case}. The nearest case is {adapted}: give "
            f"--shape {shape} --rate {adapted.rate:g} --dtype {adapted.dtype}."
        )
    return adapted
