"""Equal keys in two draws, and what the two draws are to each other.

A key has 64 bits or more, so that equal keys are no coincidence. Two draws of one key are no fault
if one replays the other, if they are alternatives of one branch, if initialisation and use of one
layer share it, or if the sharing is declared. All others are told apart by where the two draws
differ: in the step, the device, the trip of a loop, the lane, the microbatch, or the place.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dropout_props.properties.recorded.seen import EVALUATION, Seen, is_dropout
from dropout_props.recording.scanned import INPUTS, LAYERS

if TYPE_CHECKING:
    from dropout_props.properties.recorded.options import Options
    from dropout_props.recording import Draw, Site

__all__ = ["Reuse", "reused"]

MODEL_AXES = frozenset({"model", "tensor", "tp", "mp", "pipe", "pipeline", "pp", "stage", "expert"})
"""Names of mesh axes along which examples are not split: one mask for all is right there."""


@dataclass(frozen=True)
class Reuse:
    """Keys that two draws of the same kind share.

    Args:
        kind: `steps`, `devices`, `iterations`, `microbatches`, `lanes`; `places`, two calls in one
            step; `parent`, the first was split; `parameters`, the first made weights; `consumers`,
            two draws in one step of which one is no mask of that shape; `across`, two sites in two
            steps.
        first: the site of the earlier draw.
        second: the site of the later one.
        keys: how many keys are shared so.
        example: the words of one of them.
        draws: how many draws took part.
        outer: the differing loop is around the whole model, and does not run over its layers.
        inputs: that loop runs one model on other inputs; without it, it may run over layers too.
        steps: two steps in which one key was used, for `steps` and `across`.
    """

    kind: str
    first: Site
    second: Site
    keys: int
    example: tuple[int, ...]
    draws: int
    outer: bool = False
    steps: tuple[int, int] = (0, 0)
    inputs: bool = False


def reused(seen: Seen, options: Options) -> tuple[Reuse, ...]:
    """List every reuse of a key in which a mask took part."""
    known = seen.memo.get(id(options))
    if known is None:
        known = seen.memo[id(options)] = (options, _reused(seen, options))
    found: tuple[Reuse, ...] = known[1]
    return found


def _reused(seen: Seen, options: Options) -> tuple[Reuse, ...]:
    pairs = [*_pairs(seen, options), *_parents(seen, options)]
    grouped: dict[tuple[object, ...], list[tuple[Draw, Draw, str, bool]]] = defaultdict(list)
    for pair in pairs:
        first, second, kind, outer = pair
        grouped[kind, first.site.id, second.site.id, outer].append(pair)
    found = []
    for group in grouped.values():
        first, second, kind, outer = group[0]
        keys = {one.key for one, *_ in group}
        draws = {(d.run, d.step, d.instance) for one, two, *_ in group for d in (one, two)}
        steps = (seen.step_of(first), seen.step_of(second))
        found.append(
            Reuse(
                kind,
                first.site,
                second.site,
                len(keys),
                first.key,
                len(draws),
                outer,
                steps,
                outer and seen.runs_over.get(_loop(first, second)) == INPUTS,
            )
        )
    return tuple(found)


def _pairs(seen: Seen, options: Options) -> list[tuple[Draw, Draw, str, bool]]:
    """Compare each draw of a key with the first and with the previous one."""
    by_key: dict[tuple[int, ...], list[Draw]] = defaultdict(list)
    for draw in seen.consumed:
        if draw.step != EVALUATION and not _empty(draw):
            by_key[draw.key].append(draw)
    found = []
    for group in by_key.values():
        if len(group) < 2 or not any(is_dropout(draw.site) for draw in group):  # noqa: PLR2004
            continue
        for at in range(1, len(group)):
            for earlier in {0, at - 1}:
                kind, outer = _kind(group[earlier], group[at], seen)
                if kind and not (
                    _declared(group[earlier], options) and _declared(group[at], options)
                ):
                    found.append((group[earlier], group[at], kind, outer))
    return found


def _empty(draw: Draw) -> bool:
    """Say whether a draw has one outcome only, whatever its key."""
    return draw.probability in (0.0, 1.0) or 0 in draw.site.shape


def _declared(draw: Draw, options: Options) -> bool:
    return options.shares_keys(draw.site.place)


def _parents(seen: Seen, options: Options) -> list[tuple[Draw, Draw, str, bool]]:
    """Find masks whose key was split as well."""
    split = {s.key: s for s in seen.splits if s.site.phase != "init" and s.step != EVALUATION}
    return [
        (split[draw.key], draw, "parent", False)
        for draw in seen.masks
        if draw.key in split and not _empty(draw) and not _declared(draw, options)
    ]


def _kind(one: Draw, two: Draw, seen: Seen) -> tuple[str, bool]:  # noqa: PLR0911 - one a way to differ
    """Say in what two draws of one key differ; empty if they may share it."""
    masks = is_dropout(one.site) and is_dropout(two.site)
    inits = [draw.site.phase == "init" for draw in (one, two)]
    if any(inits):
        weights = two if inits[1] else one
        other = one if inits[1] else two
        same = weights.site.place.path == other.site.place.path
        drops = weights.site.sampler == "bernoulli" or (
            same and weights.site.sampler == other.site.sampler
        )
        fair = all(inits) or not is_dropout(other.site) or drops
        return ("" if fair else "parameters"), False
    if not (is_dropout(one.site) or is_dropout(two.site)):
        return "", False
    if seen.step_of(one) != seen.step_of(two):
        return ("steps" if one.site is two.site or one.site == two.site else "across"), False
    if _alternatives(one, two):
        return "", False
    if one.point != two.point or one.calls != two.calls:
        return ("places" if masks and one.site.shape == two.site.shape else "consumers"), False
    if one.positions != two.positions:
        axes = {
            a.axis for a, b in zip(one.positions, two.positions, strict=True) if a.index != b.index
        }
        return ("" if axes <= MODEL_AXES else "devices"), False
    if one.loops != two.loops:
        return "iterations", _outer(one, two, seen)
    if one.lanes != two.lanes:
        return "lanes", False
    return "microbatches", False


def _alternatives(one: Draw, two: Draw) -> bool:
    """Say whether two draws are in different branches of one choice."""
    taken = {branch.switch: branch.taken for branch in one.branches}
    return any(taken.get(b.switch, b.taken) != b.taken for b in two.branches)


def _outer(one: Draw, two: Draw, seen: Seen) -> bool:
    """Say whether the loop in which two draws differ is around the whole model, not its layers."""
    loop = _loop(one, two)
    if not one.site.place.path or seen.runs_over.get(loop) == LAYERS:
        return False
    place = seen.loops.get(loop)
    return place is not None and not place.path


def _loop(one: Draw, two: Draw) -> int:
    """Find the number of the outermost loop in which two draws differ; 0 if there is none."""
    trips = zip(one.loops, two.loops, strict=False)
    return next((a.loop for a, b in trips if a != b), 0)
