"""DP910: devices and microbatches have masks of their own."""

from collections import defaultdict
from typing import Any

from dropout_props.properties.catalogue import recorded
from dropout_props.properties.recorded.declaration import Answer, Counts, count
from dropout_props.properties.recorded.masks import agreements
from dropout_props.properties.recorded.options import Options
from dropout_props.properties.recorded.reuse import reused
from dropout_props.properties.recorded.seen import Seen, where
from dropout_props.recording import Draw

_WHAT = "units that agree"
_DEVICE = 'Fold in the index of the device: fold_in(key, jax.lax.axis_index("data")).'


@recorded(
    "DP910",
    "devices differ",
    statement="The masks of two devices, and of two microbatches of one step, are independent.",
    formula="P(unit agrees on device i and device j) = keep^2 + rate^2",
    if_broken="Parts of one batch lose the same units, as if they were one part with less noise.",
    assumes="Devices are distinguished under shard_map and pmap, along axes not named like those "
    "of a split model (`model`, `tensor`, `tp`, `pipe`, `expert` and the like). Microbatches "
    "are runs of one program within a marked step, or trips of a loop around the whole model, "
    "whose parameters are not among what the loop runs over.",
    mend="Split the key, one child for each microbatch: jax.random.split(key, microbatches).",
    killed_by=(
        "linen/devices_share_the_key",
        "jax/devices_share_the_key",
        "linen/microbatches_share_the_key",
        "linen/looped_microbatches_share_the_key",
        "nnx/microbatches_share_the_streams",
    ),
    exact=False,
)
def devices_differ(seen: Seen, options: Options) -> Answer:
    if not options.training:
        return Answer(applies=False)
    findings = []
    for one in reused(seen, options):
        if options.ignores(devices_differ.id, one.first.place):
            continue
        many = one.kind == "iterations" and one.outer and len(seen.drawn_steps) > 1
        if one.kind not in ("devices", "microbatches") and not many:
            continue
        devices = one.kind == "devices"
        unsure = many and not one.inputs
        what = "devices" if devices else "microbatches of one step"
        if unsure:
            what = "the trips of a loop, which may run over microbatches,"
        findings.append(
            devices_differ.finding(
                where(one.first.place),
                seen=f"{count(one.keys, 'key')} served {one.draws} masks: {what} have equal masks",
                mend=_DEVICE if devices else "",
                follows="DP906" if unsure else "",
                ids=(one.first.id,),
            )
        )
    counts = _devices(seen, options)
    return Answer(
        tuple(findings),
        tuple(counts),
        excludes=f"the keys of {len(seen.masks)} masks, compared within each step",
        applies=bool(findings or counts or _microbatches(seen)),
    )


def _microbatches(seen: Seen) -> bool:
    """Say whether a compiled program ran twice within one marked step."""
    first: dict[Any, int] = {}
    return bool(seen.marked) and any(
        first.setdefault((draw.step, draw.instance), draw.run) != draw.run for draw in seen.masks
    )


def _devices(seen: Seen, options: Options) -> list[Counts]:
    """Count agreements of device 2k and 2k + 1."""
    found = []
    for draws in seen.of_site.values():
        site = draws[0].site
        if options.ignores(devices_differ.id, site.place):
            continue
        rows: dict[Any, list[Draw]] = defaultdict(list)
        for draw in draws:
            if draw.positions:
                rows[draw.step, draw.run, draw.point, draw.calls, draw.loops, draw.lanes].append(
                    draw
                )
        pairs = [p for same in rows.values() for p in zip(same[::2], same[1::2], strict=False)]
        trials = agreements(seen, pairs, _WHAT)
        if trials is not None:
            names = (where(site.place),)
            found.append(
                Counts(names, (site.id,), trials, _WHAT, devices_differ.if_broken, _DEVICE)
            )
    return found
