"""Diagnosis: the simple explanation that holds, where a property of a mask fails.

Question: what is wrong with the mask, in words?
Guarantee: an explanation is named only where fresh keys confirm it and chance cannot imitate it
(2^-64 for each), so that none is named on a correct layer. It changes no verdict.
Cannot say: anything about the training of a model that hides its mask, or of noise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from dropout_props.engine.diagnosis.again import unlike_again
from dropout_props.engine.diagnosis.conditions import only_where
from dropout_props.engine.diagnosis.evaluated import function_of_input
from dropout_props.engine.diagnosis.inputs import depends_on_input
from dropout_props.engine.diagnosis.modes import JUDGE_EVALUATION, not_switched
from dropout_props.engine.diagnosis.related_keys import related
from dropout_props.engine.diagnosis.scale import wrong_scale
from dropout_props.engine.diagnosis.share import mixed_up
from dropout_props.engine.diagnosis.structure import structure
from dropout_props.properties.declaration import Exact
from dropout_props.properties.mask_text import mask_text
from dropout_props.subjects.compiled.adapter import in_one_program
from dropout_props.subjects.subject import SubjectError

if TYPE_CHECKING:
    from dropout_props.cases.case import Case
    from dropout_props.engine.settings import Settings
    from dropout_props.properties import Property
    from dropout_props.properties.sampler import Sampler
    from dropout_props.subjects.subject import Subject

__all__ = ["Diagnosis", "diagnose", "examine"]

_UNITS = 2**20
_MOST_KEYS, _FEWEST_KEYS = 128, 4
_SHOWN = 3
_LONGER = 4  # units along an axis that had one
_ROLE = "diagnosis"
_SCALE = "DP201"
_IDENTITIES = ("DP101", "DP102")
_SLOW = 4
"""Weight of a case from which on a property compiles more than a mask, such as a transform."""


@dataclass(frozen=True)
class Diagnosis:
    """What fresh keys show about a failure.

    Args:
        words: the explanation in one phrase; empty where none holds.
        masks: the first units of a few masks, as `mask_text` writes them; empty where no mask was
            drawn.
    """

    words: str = ""
    masks: tuple[tuple[str, ...], ...] = ()


def diagnose(subject: Subject, prop: Property, case: Case, settings: Settings) -> str:
    """Return the words of `examine`."""
    return examine(subject, prop, case, settings).words


def examine(subject: Subject, prop: Property, case: Case, settings: Settings) -> Diagnosis:
    """Look for the explanation of a failure.

    Args:
        subject: the subject that failed.
        prop: the property that failed.
        case: the case that failed.
        settings: run seed, and the sampler.
    """
    if prop.id in JUDGE_EVALUATION and (words := not_switched(subject, settings, role=_ROLE)):
        return Diagnosis(words)
    return _of_training(subject, prop, case, settings)


def _of_training(subject: Subject, prop: Property, case: Case, settings: Settings) -> Diagnosis:
    """Look for the explanation in what a training call does."""
    if not subject.traits.output_law.has_two_values or case.size == 0:
        return Diagnosis()
    if case.values in ("zeros", "special"):
        case = replace(case, values="distinct")
    sampler = settings.sampler(subject, replace(case, seed=0), _ROLE, settings.run_seed)
    is_identity = subject.traits.lacks("identity") is None
    if prop.id == _SCALE:  # at a rate of its own: a layer that fails at rate 1 may be wrong at all
        words = wrong_scale(sampler) or (mixed_up(sampler) if is_identity else "")
        return Diagnosis(words or function_of_input(sampler))
    if prop.id in _IDENTITIES and (words := function_of_input(sampler)):
        return Diagnosis(words)
    if not is_identity or not 0.0 < case.rate < 1.0:
        return Diagnosis()
    seen = _at_some_rate(sampler)
    if seen.words or _is_slow(prop):
        return seen
    return replace(seen, words=only_where(sampler, prop))


def _at_some_rate(sampler: Sampler) -> Diagnosis:
    """Return what masks show, at rate 1/2 or at that of the case."""
    # At rate 1/2 a mask shows most; a fault may also be that of the rate.
    rate = sampler.case.rate
    rates = [rate] if sampler.subject.traits.rate is not None else [0.5, rate]
    drawing = replace(sampler, subject=in_one_program(sampler.subject))
    seen = Diagnosis()
    for one in rates:
        case = replace(sampler.case, rate=one)
        seen = _with_longer_axes(replace(drawing, case=case))
        seen = seen if seen.words else _of_masks(replace(drawing, case=case))
        if seen.words:
            return seen
    return replace(seen, words=mixed_up(drawing))


def _with_longer_axes(sampler: Sampler) -> Diagnosis:
    """Return what masks of as many units show where no axis has the length 1.

    Along such an axis nothing shows whether a layer shares its mask.
    """
    case, traits = sampler.case, sampler.subject.traits
    shape = list(case.shape)
    for axis in [axis for axis, length in enumerate(shape) if length == 1]:
        longest = shape.index(max(shape))
        if shape[longest] % _LONGER == 0 and shape[longest] > _LONGER**2:
            shape[longest] //= _LONGER
            shape[axis] = _LONGER
    if tuple(shape) == case.shape or traits.inputs is not None:
        return Diagnosis()
    try:
        return _of_masks(replace(sampler, case=replace(case, shape=tuple(shape))))
    except SubjectError:  # it does not take this shape
        return Diagnosis()


def _is_slow(prop: Property) -> bool:
    """Return whether each case is compiled for many seconds, so that no other cases are tried."""
    exact = prop.decision
    return isinstance(exact, Exact) and exact.weight >= _SLOW and not exact.one_program


@lru_cache(maxsize=64)
def _of_masks(sampler: Sampler) -> Diagnosis:
    """Return what the masks of a case show, whatever property failed."""
    case = sampler.case
    keys = sampler.keys(max(_FEWEST_KEYS, min(_MOST_KEYS, _UNITS // case.size)))
    shared = {axis % len(case.shape) for axis in case.broadcast_dims}
    kept = sampler.many_kept(keys)
    words = (
        unlike_again(sampler, keys, kept)  # the others compare masks of one key, or of two
        or structure(kept, sampler.keep, shared=sorted(shared))
        or related(sampler, sampler.keep)
        or depends_on_input(sampler)
    )
    return Diagnosis(words, tuple(mask_text(mask) for mask in kept[:_SHOWN]))
