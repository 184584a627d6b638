"""DP902: nothing is dropped in evaluation, and two evaluations agree."""

from dropout_props.properties.catalogue import recorded
from dropout_props.properties.recorded.declaration import Answer
from dropout_props.properties.recorded.options import Options
from dropout_props.properties.recorded.seen import EVALUATION, Seen, is_dropout, where


@recorded(
    "DP902",
    "silent in evaluation",
    statement="In evaluation no mask is drawn, and the same evaluation gives the same bits twice.",
    formula="draws(evaluation) = 0; f() = f()",
    if_broken="Predictions and validation scores are random, and worse than the model is.",
    assumes="What was recorded with `training=False`, or in `record.evaluate`, is an evaluation.",
    mend="Evaluate with train=False and without a dropout key (Linen); call model.eval() (NNX).",
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
    for draw in seen.consumed:
        evaluated = draw.step == EVALUATION or not options.training
        if evaluated and is_dropout(draw.site) and seen.keeps(draw) != 1.0:
            drawn.setdefault(draw.site.id, []).append(draw)
            places[draw.site.id] = draw.site.place
    findings = [
        silent_in_evaluation.finding(
            where(places[site]), seen=f"it drew {len(draws)} masks in evaluation", ids=(site,)
        )
        for site, draws in drawn.items()
    ]
    differing = seen.evaluations.count(False)
    if differing and not findings:
        findings.append(
            silent_in_evaluation.finding(
                "the evaluation",
                seen=f"{differing} of {len(seen.evaluations)} evaluations gave other bits again",
                mend="Look for state that an evaluation changes, and for draws elsewhere.",
            )
        )
    agreed = seen.evaluations.count(True)
    excludes = "no mask was drawn in evaluation"
    if agreed:
        excludes += f"; {agreed} evaluations, each repeated, gave the same bits"
    return Answer(tuple(findings), excludes=excludes)
