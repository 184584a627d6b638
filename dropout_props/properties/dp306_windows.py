"""DP306: no two windows of large masks are alike."""

from dropout_props.properties.catalogue import NotRun, Sampler, Violation, exact
from dropout_props.properties.large_masks import LARGE, large_cases, large_masks, place
from dropout_props.statistics import Alike, alike_windows, window_width

_LOG2_CHANCE = -64.0


@exact(
    "DP306",
    "no window repeats",
    statement="In masks of up to 2^22 units (2^28 in nightly) no two windows of 128 units, at any "
    "two places, are equal or opposite, and none of 256 units are mirror images: within a mask, "
    "and between masks of consecutive seeds and of consecutive fold_in.",
    formula="mask(k)[i : i + 128] is neither mask(k')[j : j + 128] nor its opposite, for all i, j",
    if_broken="The mask is made of tiles, rows or images that repeat, or of blocks whose seeds "
    "meet those of the next key: large tensors have far fewer independent units than there seem to "
    "be.",
    assumes="Support (DP201). Among independent units any two windows are alike with a probability "
    "below 2^-64 a case; at rates other than 1/2 the windows are as wide as that takes.",
    level="core",
    needs=("mask",),
    killed_by=("tile65536", "image_shared", "seed_plus_tile"),
    cases=large_cases,
    explicit=LARGE,
    weight=25,
    one_program=True,
)
def windows(sampler: Sampler) -> None:
    keep, case = sampler.keep, sampler.case
    if keep.highest == 1.0 or keep.lowest == 0.0:
        raise NotRun(f"at rate {case.rate} all windows are alike")
    masks = large_masks(sampler)
    names, flat = list(masks), [mask.reshape(-1) for mask in masks.values()]
    width = window_width(sum(mask.size for mask in flat), keep, log2_chance=_LOG2_CHANCE)
    if 2 * width > flat[0].size:
        raise NotRun(f"a mask of {flat[0].size} units is too small at rate {case.rate}")
    found = alike_windows(flat, width=width)
    if found is not None:
        raise Violation(_said(found, names, next(iter(masks.values())).shape))


def _said(found: Alike, names: list[str], shape: tuple[int, ...]) -> str:
    (one, first), (two, second) = found.first, found.second
    if found.backwards:
        relation, way = "mirror", "backwards from"
    else:
        relation, way = "repeat", f"{abs(second - first)} units on, from"
    opposite = ", each the opposite" if found.opposite else ""
    where = "" if one == two else f" of {names[two]}"
    return (
        f"{found.width} units of {names[one]} from {place(first, shape)} on {relation} those"
        f"{where} {way} {place(second, shape)}{opposite}"
    )
