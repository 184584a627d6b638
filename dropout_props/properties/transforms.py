"""Calls under the framework's own transforms, and what their outputs must satisfy.

A framework's transform may derive other keys than a plain call does, so bits are compared only
where it promises the masks of plain calls. Elsewhere masks must differ from call to call, and
repeat under the same key.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_props.properties.coincidence import more_keys
from dropout_props.properties.declaration import Violation
from dropout_props.properties.outputs import agree
from dropout_props.subjects.compiled.adapter import in_one_program
from dropout_props.subjects.operations import Under
from dropout_props.subjects.subject import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dropout_props.properties.sampler import Sampler
    from dropout_props.subjects.operations import Transform
    from dropout_props.subjects.subject import Subject

__all__ = ["TIMES", "each_transform", "equal_calls", "outputs_under", "own_masks", "same_as_plain"]

_IN_ONE_PROGRAM = (
    "jit", "vmap", "shared vmap", "scan", "shared scan", "carried scan", "cond", "switch", "while",
)  # fmt: skip

TIMES = 2
"""Calls, rows or steps under each transform."""


def outputs_under(
    sampler: Sampler, transform: Transform, subject: Subject | None = None, *, key: Any = None
) -> list[np.ndarray[Any, Any]]:
    """Return the outputs of one layer under a transform, on `key` or on the sampler's key.

    Plain calls are eager, and so is JAX's own transform around a layer, which may be an error. A
    transform of the framework runs as one program, which calls of the same operations share.
    """
    called = subject or sampler.subject
    if transform in _IN_ONE_PROGRAM:
        called = in_one_program(called)
    outputs = called.run(
        Under(transform, TIMES),
        sampler.inputs(),
        rate=sampler.case.rate,
        streams=sampler.streams(sampler.key() if key is None else key),
    )
    return [np.asarray(output) for output in outputs]


def equal_calls(
    sampler: Sampler, outputs: Sequence[np.ndarray[Any, Any]], transform: Transform
) -> tuple[int, int] | None:
    """Return two calls whose outputs are equal, by more than coincidence; None if there are none.

    The further keys run as one program, which all of them share: the outputs that are given are
    eager where it matters, so that no violation rests on that program alone.

    Args:
        sampler: of the subject that gave the outputs.
        outputs: of the calls under the transform, on the sampler's key.
        transform: the transform; where one equality may be chance, more keys are drawn under it.
    """
    pairs = list(combinations(range(len(outputs)), 2))
    equal = [(i, j) for i, j in pairs if np.array_equal(outputs[i], outputs[j])]
    if not equal:
        return None
    subject = in_one_program(sampler.subject)
    for key in more_keys(sampler, role="again"):
        drawn = outputs_under(sampler, transform, subject, key=key)
        equal = [(i, j) for i, j in equal if np.array_equal(drawn[i], drawn[j])]
        if not equal:
            return None
    return equal[0]


def own_masks(sampler: Sampler, transform: Transform) -> list[np.ndarray[Any, Any]]:
    """Return outputs under a transform; each differs from the others and repeats with its key.

    Raises:
        Violation: two are equal, or the same key gave other ones.
    """
    where = f"under {transform} of the framework"
    outputs = outputs_under(sampler, transform)
    if equal := equal_calls(sampler, outputs, transform):
        raise Violation(f"{where}: calls {equal[0]} and {equal[1]} have the same mask")
    again = outputs_under(sampler, transform, sampler.subject.fresh())
    for one, other in zip(outputs, again, strict=True):
        agree(sampler, other, one, f"{where}, called again with the same key")
    return outputs


def same_as_plain(sampler: Sampler, transform: Transform) -> None:
    """Raise unless the outputs under a transform are those of plain calls.

    Raises:
        Violation: they differ.
    """
    pairs = zip(outputs_under(sampler, transform), outputs_under(sampler, "plain"), strict=True)
    for number, (one, other) in enumerate(pairs):
        agree(sampler, one, other, f"call {number} under {transform} of the framework")


def each_transform(sampler: Sampler, transforms: Sequence[Transform]) -> None:
    """Check each transform that the installed release has; NNX must give the masks of plain calls.

    Raises:
        Unsupported: the release has none of them.
        Violation: outputs under a transform are wrong.
    """
    check = same_as_plain if sampler.subject.traits.api == "nnx" else own_masks
    missing = list(filter(None, [_missing(check, sampler, transform) for transform in transforms]))
    if len(missing) == len(transforms):
        raise missing[0]


def _missing(
    check: Callable[..., Any], sampler: Sampler, transform: Transform
) -> Unsupported | None:
    try:
        check(sampler, transform)
    except Unsupported as error:
        return error
    return None
