"""DP307: no set of units has a fixed parity."""

from dropout_props.properties.catalogue import Case, NotRun, Sampler, Violation, exact
from dropout_props.properties.large_masks import LARGE, large_cases, large_masks, place
from dropout_props.statistics import FixedParity, Interval, fixed_parity, num_masks_for

_LOG2_CHANCE = -64.0
_SMALL = 1024  # units of a mask whose every set of units is looked at
_RUNS = (1024, 512, 256, 128)  # units of a run, of which a larger mask is made
_NAMED = 8
_SMALL_CASES = (
    Case(shape=(128,), rate=0.5),
    Case(shape=(128,), rate=0.1),
    Case(shape=(16, 16), rate=0.5),
)
"""The square one shows a mask that is its own transpose."""


@exact(
    "DP307",
    "no parity is fixed",
    statement="There is no set of units of which an even, or an odd, number is kept in every mask, "
    "or in every run of units along a large mask.",
    formula="rank over GF(2) of the matrix of masks, with a column of ones, is full",
    if_broken="A unit follows from some others, as one copied from another, a checksum or a shift "
    "register does: fewer units are independent than there seem to be.",
    assumes="Support (DP201). Among independent units any of all the sets has a fixed parity with "
    "a probability below 2^-64 a case.",
    level="core",
    needs=("mask",),
    explained_by=("DP306",),
    killed_by=("checksum_unit", "shift_register"),
    cases=large_cases,
    explicit=(*_SMALL_CASES, *LARGE),
    weight=25,
    one_program=True,
)
def rank(sampler: Sampler) -> None:
    keep, case = sampler.keep, sampler.case
    if keep.highest == 1.0 or keep.lowest == 0.0:
        raise NotRun(f"at rate {case.rate} every parity is fixed")
    if sampler.size <= _SMALL:
        _across_masks(sampler, keep)
    else:
        _along_masks(sampler, keep)


def _across_masks(sampler: Sampler, keep: Interval) -> None:
    needed = num_masks_for(sampler.size, keep, log2_chance=_LOG2_CHANCE)
    masks = sampler.many_masks(sampler.keys(needed))
    found = fixed_parity(masks.reshape(len(masks), -1))
    if found is not None:
        said = _said(found, masks[0].shape)
        raise Violation(f"in each of {len(masks)} masks {said}")


def _along_masks(sampler: Sampler, keep: Interval) -> None:
    for name, mask in large_masks(sampler).items():
        flat = mask.reshape(-1)
        for run in _RUNS:
            rows = flat[: flat.size // run * run].reshape(-1, run)
            if len(rows) >= num_masks_for(run, keep, log2_chance=_LOG2_CHANCE):
                break
        else:
            raise NotRun(f"a mask of {flat.size} units is too small at rate {sampler.case.rate}")
        found = fixed_parity(rows)
        if found is not None:
            said = _said(found, (run,))
            raise Violation(f"in each of the {len(rows)} runs of {run} units of {name} {said}")


def _said(found: FixedParity, shape: tuple[int, ...]) -> str:
    places = [place(unit, shape) for unit in found.units]
    if len(places) == 1:
        return f"unit {places[0]} is {'kept' if found.is_odd else 'dropped'}"
    more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
    which = ", ".join(places[:_NAMED])
    return f"{'an odd' if found.is_odd else 'an even'} number of the units {which}{more} is kept"
