"""DP907: the masks of two steps are independent."""

from collections import defaultdict
from typing import Any

from dropout_props.properties.catalogue import recorded
from dropout_props.properties.recorded.declaration import Answer, Counts, Finding, count
from dropout_props.properties.recorded.masks import agreements
from dropout_props.properties.recorded.missed import missed
from dropout_props.properties.recorded.options import Options
from dropout_props.properties.recorded.reuse import reused
from dropout_props.properties.recorded.seen import Seen, is_dropout, where
from dropout_props.properties.recorded.silent import stopped, switched_off
from dropout_props.recording import Draw

_WHAT = "units that agree"


@recorded(
    "DP907",
    "steps differ",
    statement="The masks of two steps of training are independent.",
    formula="P(unit agrees in step t and step t + 1) = keep^2 + rate^2",
    if_broken="The same units are dropped in every step: a smaller network is trained, and the "
    "rest of the units never learn.",
    assumes="Steps are those that record.step() marks, or else the runs of a compiled program. "
    "Masks are rebuilt from their keys.",
    mend="Fold the number of the step into the key: jax.random.fold_in(key, step).",
    killed_by=(
        "linen/one_key_for_all_steps",
        "nnx/one_key_for_all_steps",
        "linen/parent_split_again_each_step",
        "linen/same_seed_every_epoch",
        "nnx/same_seed_every_epoch",
        "nnx/streams_not_carried",
        "linen/key_made_while_tracing",
        "linen/mask_made_while_tracing",
        "nnx/mask_made_at_construction",
        "nnx/jitted_without_nnx",
        "linen/bridged_stream_misspelt",
        "linen/stream_misspelt",
    ),
    exact=False,
)
def steps_differ(seen: Seen, options: Options) -> Answer:
    if not options.training:
        return Answer(applies=False)
    findings = [*_same_keys(seen, options), *_made_once(seen)]
    counts = _neighbours(seen, options)
    steps = len(seen.drawn_steps)
    one = ("the record holds one step: mark more of them with record.step()",)
    too_few = one if steps == 1 and not findings else ()
    return Answer(
        tuple(findings),
        tuple(counts),
        too_few=too_few,
        excludes=f"the keys of {steps} steps, compared word for word",
        applies=bool(seen.masks or findings),
    )


def _same_keys(seen: Seen, options: Options) -> list[Finding]:
    """Find keys that served in two steps, or in two trips of a loop around the whole model."""
    found = []
    for one in reused(seen, options):
        if options.ignores(steps_differ.id, one.first.place):
            continue
        names = tuple(dict.fromkeys((where(one.first.place), where(one.second.place))))
        ids = tuple(dict.fromkeys((one.first.id, one.second.id)))
        if one.kind == "steps":
            first, second = (seen.number_of(step) for step in one.steps)
            text = (
                f"{count(one.keys, 'key')} served {one.draws} masks; steps {first} and {second}"
                " have equal masks"
            )
            found.append(steps_differ.finding(*names, seen=text, ids=ids))
        elif one.kind == "iterations" and one.outer and len(seen.drawn_steps) < 2:  # noqa: PLR2004
            text = f"the loop around the model runs {one.draws} times on {count(one.keys, 'key')}"
            found.append(steps_differ.finding(*names, seen=text, follows="DP906", ids=ids))
    return found


def _made_once(seen: Seen) -> list[Finding]:
    """Find masks that were made while the step was traced, or when the model was built."""
    if seen.masks:
        if switched_off(seen) or len(seen.drawn_steps) > 1:
            return []
        once = {site.id: site for site in stopped(seen)}
        text = "one mask was drawn, while the step was traced; every later step uses it"
    else:
        if missed(seen) or any(not call.drew and call.declared_rate for call in seen.calls):
            return []
        once = {
            d.site.id: d.site
            for d in seen.consumed
            if d.site.sampler == "bernoulli"
            and d.site.place.api != "linen"
            and not is_dropout(d.site)
        }
        text = "the only masks were drawn when the model was built; no step drew one"
    mend = "Draw the mask in the step, from the key of the step, and not before."
    return [
        steps_differ.finding(where(site.place), seen=text, mend=mend, ids=(site.id,))
        for site in once.values()
    ]


def _neighbours(seen: Seen, options: Options) -> list[Counts]:
    """Count agreements of step 2k and step 2k + 1, draw by draw."""
    found = []
    for draws in seen.of_site.values():
        site = draws[0].site
        if options.ignores(steps_differ.id, site.place):
            continue
        steps: dict[Any, list[Draw]] = defaultdict(list)
        for draw in draws:
            steps[draw.instance].append(draw)
        pairs = [
            pair for same in steps.values() for pair in zip(same[::2], same[1::2], strict=False)
        ]
        pairs = [(one, two) for one, two in pairs if seen.step_of(one) != seen.step_of(two)]
        trials = agreements(seen, pairs, _WHAT)
        if trials is not None:
            names = (where(site.place),)
            found.append(
                Counts(names, (site.id,), trials, _WHAT, steps_differ.if_broken, steps_differ.mend)
            )
    return found
