"""DP906: sites, and the iterations of one site, are independent of each other."""

from collections import defaultdict
from itertools import pairwise
from typing import Any

from dropout_props.properties.catalogue import recorded
from dropout_props.properties.recorded.declaration import Answer, Counts, count
from dropout_props.properties.recorded.masks import agreements
from dropout_props.properties.recorded.options import Options
from dropout_props.properties.recorded.reuse import reused
from dropout_props.properties.recorded.seen import Seen, where
from dropout_props.recording import Draw

_WHAT = "units that agree"
_UNKNOWN = "the loop runs over layers, or over microbatches: its parameters do not say which"
_OF_MICROBATCHES = "For microbatches: jax.random.split(key, microbatches), a child for each."


@recorded(
    "DP906",
    "sites differ",
    statement="The masks of two sites, and of two iterations of one site, are independent.",
    formula="P(unit agrees in mask 1 and mask 2) = keep1 keep2 + rate1 rate2",
    if_broken="Layers drop the same units together: the network is thinned in one way, not in "
    "many.",
    assumes="Masks are rebuilt from their keys; pairs of sites with one shape are compared.",
    mend='Give each iteration a key: split_rngs={"params": True, "dropout": True} (nn.scan), '
    "nnx.split_rngs (NNX), fold_in of the index (jax.lax.scan).",
    killed_by=(
        "linen/scan_shares_the_key",
        "linen/raw_scan_in_module",
        "linen/scan_body_closes_over_dropout",
        "linen/time_steps_share_the_key",
        "nnx/time_steps_share_the_streams",
        "linen/steps_in_scan_share_the_key",
        "nnx/scan_shares_the_streams",
        "nnx/layers_built_from_one_stream",
    ),
    exact=False,
)
def sites_differ(seen: Seen, options: Options) -> Answer:
    if not options.training:
        return Answer(applies=False)
    findings = []
    for one in reused(seen, options):
        if any(options.ignores(sites_differ.id, site.place) for site in (one.first, one.second)):
            continue
        mend = ""
        if one.kind == "iterations":
            keys = count(one.keys, "key")
            text = f"{keys} served {one.draws} iterations: every iteration has one mask"
            outer = one.outer and len(seen.drawn_steps) > 1
            follows = "DP910" if outer and one.inputs else ""
            if one.outer and not one.inputs:
                text, mend = f"{text}; {_UNKNOWN}", f"{sites_differ.mend} {_OF_MICROBATCHES}"
        elif one.kind == "places":
            text, follows = f"{count(one.keys, 'mask')} of one site are those of the other", "DP905"
        else:
            continue
        names = dict.fromkeys((where(one.first.place), where(one.second.place)))
        ids = tuple(dict.fromkeys((one.first.id, one.second.id)))
        findings.append(
            sites_differ.finding(*names, seen=text, mend=mend, follows=follows, ids=ids)
        )
    counts = [*_neighbours(seen, options), *_iterations(seen, options)]
    return Answer(tuple(findings), tuple(counts), applies=bool(counts or findings))


def _neighbours(seen: Seen, options: Options) -> list[Counts]:
    """Count agreements of neighbouring sites of one shape, step by step."""
    by_shape: dict[Any, list[int]] = defaultdict(list)
    for site, draws in seen.of_site.items():
        if not options.ignores(sites_differ.id, draws[0].site.place):
            by_shape[draws[0].site.shape].append(site)
    found = []
    for sites in by_shape.values():
        for first, second in pairwise(sites):
            one, two = seen.of_site[first], seen.of_site[second]
            steps = {_when(seen, d): d for d in reversed(two)}
            pairs = [
                (d, steps[at])
                for at, d in {_when(seen, d): d for d in reversed(one)}.items()
                if at in steps
            ]
            found += _counts(seen, pairs)
    return found


def _when(seen: Seen, draw: Draw) -> tuple[int, int]:
    return seen.step_of(draw), draw.run


def _iterations(seen: Seen, options: Options) -> list[Counts]:
    """Count agreements of iteration 2k and 2k + 1 of a loop."""
    found = []
    for draws in seen.of_site.values():
        if options.ignores(sites_differ.id, draws[0].site.place):
            continue
        trips: dict[Any, dict[int, Draw]] = defaultdict(dict)
        for draw in draws:
            if draw.loops:
                fixed = (draw.step, draw.run, draw.point, draw.calls, draw.loops[:-1], draw.lanes)
                trips[fixed].setdefault(draw.loops[-1].index, draw)
        pairs = [
            (one[index], one[index + 1])
            for one in trips.values()
            for index in one
            if index % 2 == 0 and index + 1 in one
        ]
        found += _counts(seen, pairs)
    return found


def _counts(seen: Seen, pairs: list[tuple[Draw, Draw]]) -> list[Counts]:
    trials = agreements(seen, pairs, _WHAT)
    if trials is None:
        return []
    sites = dict.fromkeys((pairs[0][0].site, pairs[0][1].site))
    names = tuple(where(site.place) for site in sites)
    ids = tuple(site.id for site in sites)
    return [Counts(names, ids, trials, _WHAT, sites_differ.if_broken, sites_differ.mend)]
