"""DP904: what a dropout puts out is 0 or x / keep."""

from typing import Any

import numpy as np

from dropout_props.properties.catalogue import recorded
from dropout_props.properties.recorded.declaration import Answer, count
from dropout_props.properties.recorded.options import Options
from dropout_props.properties.recorded.seen import Seen, declared, where
from dropout_props.recording import Alone

_TOLERANCE = {"bfloat16": 2.0**-6, "float16": 2.0**-9}
_FEW = 1e-5


@recorded(
    "DP904",
    "zero or scaled",
    statement="What a dropout puts out is 0 where a unit is dropped, and x / keep where it is "
    "kept.",
    formula="y = 0 or y = x / (1 - rate)",
    if_broken="Activations have another mean in training than in evaluation.",
    assumes="The layer is called once more after the record, alone, on ones of the shape that it "
    "had there. A layer with parameters, or one whose dropped units are not 0, is a note.",
    mend="Divide kept units by 1 - rate, once.",
    killed_by=("linen/kept_units_not_scaled", "nnx/kept_units_scaled_twice"),
)
def zero_or_scaled(seen: Seen, options: Options) -> Answer:
    if not options.training:
        return Answer(applies=False)
    findings, notes, right = [], [], 0
    for draws in seen.of_site.values():
        site = draws[0].site
        rate = declared(site)
        if not rate or options.ignores(zero_or_scaled.id, site.place):
            continue
        alone = seen.layers_alone.get(site.id)
        few = _TOLERANCE.get(site.input_dtype, _FEW)
        mixed = "" if alone is None else _mixed(alone, 1 - rate, few)
        if mixed:
            findings.append(zero_or_scaled.finding(where(site.place), seen=mixed, ids=(site.id,)))
            continue
        scale = None if alone is None else _scale(alone.outputs)
        if scale is None:
            why = (
                "this layer cannot be called alone on ones"
                if alone is None
                else "called alone on ones, this layer does not give 0 and one other value"
            )
            notes.append(f"{where(site.place)}: {why}")
            continue
        expected = 1 / (1 - rate)
        if abs(scale - expected) <= expected * few:
            right += 1
            continue
        findings.append(
            zero_or_scaled.finding(
                where(site.place),
                seen=(
                    f"of an input of ones, kept units come out as {scale:.6g}, where"
                    f" 1 / (1 - {rate:g}) = {expected:.6g} was expected"
                ),
                mend=f"Divide kept units by 1 - rate = {1 - rate:g}, once.",
                ids=(site.id,),
            )
        )
    excludes = f"{count(right, 'layer')} called alone on ones: each unit was 0 or 1 / keep"
    return Answer(tuple(findings), notes=tuple(notes), excludes=excludes, applies=bool(right))


def _scale(outputs: np.ndarray[Any, Any]) -> float | None:
    """Return the one value that kept units have, if dropped ones are 0 and there is one value."""
    kept = outputs[outputs != 0]
    if not kept.size or kept.size == outputs.size:
        return None
    low, high = float(kept.min()), float(kept.max())
    return high if high - low <= _FEW * abs(high) else None


def _mixed(alone: Alone, keep: float, few: float) -> str:
    """Say that some units of a layer are scaled, and others not or twice; empty where that is not.

    Only a layer is judged whose one coin decides what is dropped. Each kept unit must be 1,
    1 / keep or 1 / keep^2, so that no other factor of a layer is taken for a scale.
    """
    if alone.drops is None or 1 / keep - 1 < 4 * few:
        return ""
    kept = alone.outputs[alone.outputs != 0]
    scales = (1, 1 / keep, 1 / keep**2)
    near = np.array([abs(kept - scale) <= scale * few for scale in scales])
    counts = near.sum(axis=1)
    if not near.any(axis=0).all() or np.count_nonzero(counts) == 1:
        return ""
    found = [f"{n} as {scale:.6g}" for n, scale in zip(counts, scales, strict=True) if n]
    return f"of an input of ones, kept units come out {' and '.join(found)}"
