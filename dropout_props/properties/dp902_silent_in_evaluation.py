"""DP902: nothing is dropped in evaluation, and two evaluations agree."""

from dropout_props.properties.catalogue import recorded
from dropout_props.properties.recorded.declaration import Answer, count
from dropout_props.properties.recorded.missed import missed_in_evaluation, said
from dropout_props.properties.recorded.options import Options
from dropout_props.properties.recorded.seen import (
    EVALUATION,
    Seen,
    declared,
    is_dropout,
    looks_like_dropout,
    where,
)
from dropout_props.recording import Draw


@recorded(
    "DP902",
    "silent in evaluation",
    statement="In evaluation no mask is drawn, and the same evaluation gives the same bits twice.",
    formula="draws(evaluation) = 0; f() = f()",
    if_broken="Predictions and validation scores are random, and worse than the model is.",
    assumes="What was recorded with `training=False`, or in `record.evaluate`, is an evaluation. "
    "Coins of many probabilities in code without a rate are samples, and no masks; so are numbers "
    "that are no coins, in a layer that is not named like dropout and gives no zeros for ones.",
    mend="Evaluate with train=False and without a dropout key (Linen); call model.eval() (NNX). "
    "If it is meant: ignore={'*': (('DP902',), 'MC dropout')}.",
    killed_by=(
        "linen/evaluated_in_training_mode",
        "nnx/evaluated_in_training_mode",
        "linen/one_block_on_in_evaluation",
        "nnx/mode_fixed_at_the_call",
    ),
)
def silent_in_evaluation(seen: Seen, options: Options) -> Answer:
    if options.training and not seen.evaluations:
        return Answer(applies=False)
    drawn: dict[int, list[object]] = {}
    places = {}
    ignored = 0
    for draw in seen.consumed:
        evaluated = draw.step == EVALUATION or not options.training
        if not evaluated or not _is_mask(seen, draw) or seen.keeps(draw) == 1.0:
            continue
        if options.ignores(silent_in_evaluation.id, draw.site.place):
            ignored += 1
            continue
        drawn.setdefault(draw.site.id, []).append(draw)
        places[draw.site.id] = draw.site.place
    findings = [
        silent_in_evaluation.finding(
            where(places[site]),
            seen=f"it drew {count(len(draws), 'mask')} in evaluation",
            ids=(site,),
        )
        for site, draws in drawn.items()
    ]
    differing = seen.evaluations.count(False)
    if differing and not findings and not ignored:
        findings.append(
            silent_in_evaluation.finding(
                "the evaluation",
                seen=f"{differing} of {len(seen.evaluations)} evaluations gave other bits again",
                mend="Look for state that an evaluation changes, and for draws elsewhere.",
            )
        )
    agreed = seen.evaluations.count(True)
    excludes = "no mask was drawn in evaluation"
    if ignored:
        excludes += f" but for {count(ignored, 'mask')} that `ignore` lets be drawn"
    if agreed:
        excludes += f"; {agreed} evaluations, each repeated, gave the same bits"
    hidden = missed_in_evaluation(seen, training=options.training)
    too_few = [f"whether masks were drawn in evaluation is not known. {said(n)}" for n in hidden]
    return Answer(tuple(findings), too_few=tuple(too_few[:1]), excludes=excludes)


def _is_mask(seen: Seen, draw: Draw) -> bool:
    """Say whether a draw is a mask: an evaluation may sample outputs, times and noise."""
    site = draw.site
    if not is_dropout(site):
        return False
    if site.sampler == "bernoulli":
        return isinstance(draw.probability, float) or declared(site) is not None
    alone = seen.layers_alone.get(site.id)
    some_dropped = alone is not None and 0 < int((alone.outputs == 0).sum()) < alone.outputs.size
    return looks_like_dropout(site.module) or some_dropped
