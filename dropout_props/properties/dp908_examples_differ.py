"""DP908: the examples of a batch have masks of their own, or their sharing is declared."""

from functools import partial
from math import prod

import numpy as np

from dropout_props.properties.catalogue import recorded
from dropout_props.properties.recorded.declaration import Answer, Counts, Finding, count
from dropout_props.properties.recorded.masks import keep_null, rebuilt
from dropout_props.properties.recorded.missed import may_have_drawn
from dropout_props.properties.recorded.options import Options, matches
from dropout_props.properties.recorded.reuse import reused
from dropout_props.properties.recorded.seen import ATTENTION, Seen, declared, where
from dropout_props.recording import Draw
from dropout_props.statistics import Trials, agreement

_WHAT = "units that agree in two examples"


@recorded(
    "DP908",
    "examples differ",
    statement="Each example of a batch has a mask of its own, or the sharing is declared.",
    formula="P(unit agrees in example i and example i + 1) = keep^2 + rate^2",
    if_broken="All examples lose the same units: the noise does not average out over the batch.",
    assumes="Examples lie along axis 0, or along `batch_axis`, and along the lanes of a vmap. "
    "broadcast_dims, attention and one coin for each example count as declared. Shapes are "
    "compared for layers that declare a rate.",
    mend="Split the key and map over the keys: jax.vmap(f)(x, jax.random.split(key, len(x))).",
    killed_by=(
        "linen/vmap_with_one_key",
        "linen/lifted_vmap_shares_the_key",
        "nnx/vmap_shares_the_streams",
        "jax/vmap_with_one_key",
        "linen/mask_shared_by_the_batch",
        "nnx/mask_shared_by_the_batch",
        "linen/mask_shared_by_the_tokens",
        "nnx/mask_shared_by_the_tokens",
        "linen/drop_path_of_the_batch",
        "linen/drop_path_of_the_tokens",
    ),
    exact=False,
)
def examples_differ(seen: Seen, options: Options) -> Answer:
    if not options.training:
        return Answer(applies=False)
    expected, unknown = _expected(seen, options)
    findings = [*_lanes(seen, options), *_shapes(seen, options), *expected]
    counts = []
    for draws in seen.of_site.values():
        if not options.ignores(examples_differ.id, draws[0].site.place):
            counts += _rows(seen, draws, options)
    compared = sum(_sharing(draws[0], options) is not None for draws in seen.of_site.values())
    return Answer(
        tuple(findings),
        tuple(counts),
        too_few=tuple(unknown),
        excludes=f"mask and input of {count(compared, 'layer')}, compared axis by axis",
        applies=bool(seen.masks or findings),
    )


def _lanes(seen: Seen, options: Options) -> list[Finding]:
    """Find one mask for all lanes of a vmap, and equal keys of two lanes."""
    found = []
    for draws in seen.of_site.values():
        site = draws[0].site
        if options.ignores(examples_differ.id, site.place) or options.shares_keys(site.place):
            continue
        shared = [d for d in draws if any(n.index is None and n.size > 1 for n in d.lanes)]
        if shared:
            size = next(n.size for n in shared[0].lanes if n.index is None and n.size > 1)
            text = f"vmap maps {size} lanes; {count(len(shared), 'mask')} served all lanes at once"
            found.append(examples_differ.finding(where(site.place), seen=text, ids=(site.id,)))
    for one in reused(seen, options):
        if one.kind == "lanes" and not options.ignores(examples_differ.id, one.first.place):
            text = f"{count(one.keys, 'key')} served {one.draws} lanes of a vmap"
            found.append(
                examples_differ.finding(where(one.first.place), seen=text, ids=(one.first.id,))
            )
    return found


def _sharing(draw: Draw, options: Options) -> tuple[int, ...] | None:
    """List the axes along which a mask is one and its input is not; None if they do not compare."""
    site = draw.site
    if declared(site) is None or site.input_shape is None or ATTENTION in site.module:
        return None
    if len(site.shape) != len(site.input_shape):
        return None
    pairs = list(zip(site.shape, site.input_shape, strict=True))
    if not all(mask in (1, size) for mask, size in pairs):
        return None
    said = {
        axis % len(pairs)
        for axis in (*site.shared_axes, *options.shared_axes_of(site.place))
        if -len(pairs) <= axis < len(pairs)
    }
    return tuple(
        axis
        for axis, (mask, size) in enumerate(pairs)
        if mask == 1 and size > 1 and axis not in said
    )


def _shapes(seen: Seen, options: Options) -> list[Finding]:
    """Compare the shape of each mask with that of the input.

    One coin for each example, as DropPath flips, shares all other axes, and is no fault.
    """
    found = []
    for draws in seen.of_site.values():
        site = draws[0].site
        axes = _sharing(draws[0], options)
        if not axes or options.ignores(examples_differ.id, site.place):
            continue
        assert site.input_shape is not None
        batch = options.batch_axis_of(site.place) % len(site.shape)
        mapped = any(lane.index is not None for lane in draws[0].lanes)
        one_coin = prod(site.shape) == (1 if mapped else site.shape[batch])
        if one_coin and (mapped or batch not in axes):
            continue
        named = ", ".join(map(str, axes))
        whole = f"examples (axis {batch})" if batch in axes and not mapped else f"axis {named}"
        text = (
            f"the mask has shape {site.shape}, the input {site.input_shape}: it is shared along"
            f" {whole}, in {len(draws)} draws, and nothing declares that"
        )
        mend = (
            "Draw the mask in the shape of the whole input, x.shape; or declare the sharing with"
            f" expect_shared={{'*{site.place.name.split('/')[-1]}': ({named},)}}."
        )
        found.append(
            examples_differ.finding(where(site.place), seen=text, mend=mend, ids=(site.id,))
        )
    return found


def _expected(seen: Seen, options: Options) -> tuple[list[Finding], list[str]]:
    """Find declared sharing that does not come true, and that of sites that were not executed."""
    found, unknown = [], []
    for pattern, (axes, _) in options.expect_shared.items():
        draws = [d[0] for d in seen.of_site.values() if matches(pattern, d[0].site.place)]
        mend = "Correct the pattern or the axes in expect_shared, or take it out."
        if not draws and may_have_drawn(seen, partial(matches, pattern)):
            unknown.append(f"expect_shared names {pattern!r}: no mask of such a site was seen")
        elif not draws:
            text = f"expect_shared names {pattern!r}, and no mask was drawn at such a site"
            found.append(examples_differ.finding(pattern, seen=text, mend=mend))
        for draw in draws:
            shape = draw.site.shape
            other = [a for a in axes if not -len(shape) <= a < len(shape) or shape[a] != 1]
            if other:
                text = f"the mask has shape {shape}: axis {other[0]} is not shared as declared"
                found.append(
                    examples_differ.finding(
                        where(draw.site.place), seen=text, mend=mend, ids=(draw.site.id,)
                    )
                )
    return found, unknown


def _rows(seen: Seen, draws: list[Draw], options: Options) -> list[Counts]:
    """Count agreements of example 2k and 2k + 1 within each mask."""
    site = draws[0].site
    if not site.shape:
        return []
    axis = options.batch_axis_of(site.place) % len(site.shape)
    counted: dict[float, list[int]] = {}
    nulls = {}
    for draw, mask in rebuilt(seen, draws):
        rows = np.moveaxis(mask, axis, 0)
        half = len(rows) // 2
        if not half:
            continue
        keep = seen.keeps(draw)
        assert keep is not None
        total = counted.setdefault(keep, [0, 0])
        agree = rows[: 2 * half : 2] == rows[1 : 2 * half : 2]
        total[0] += int(np.count_nonzero(agree))
        total[1] += agree.size
        nulls[keep] = agreement(keep_null(draw, 1 - keep))
    if not counted:
        return []
    trials = Trials(
        np.array([k for k, _ in counted.values()]),
        np.array([n for _, n in counted.values()]),
        np.array([nulls[p].lowest for p in counted]),
        np.array([nulls[p].highest for p in counted]),
        _WHAT,
    )
    return [
        Counts(
            (where(site.place),),
            (site.id,),
            trials,
            _WHAT,
            examples_differ.if_broken,
            examples_differ.mend,
        )
    ]
