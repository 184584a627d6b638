"""DP909: the backward pass replays the masks of the forward pass."""

from collections import defaultdict

from dropout_props.properties.catalogue import recorded
from dropout_props.properties.recorded.declaration import Answer, Finding
from dropout_props.properties.recorded.missed import missed
from dropout_props.properties.recorded.options import Options
from dropout_props.properties.recorded.seen import EVALUATION, Seen, is_dropout, where
from dropout_props.recording import Draw


@recorded(
    "DP909",
    "backward replays",
    statement="The backward pass uses the masks of the forward pass.",
    formula="mask(backward) = mask(forward)",
    if_broken="Gradients are those of another network than the one whose loss was computed.",
    assumes="A replay is one of jax.checkpoint, or a draw in the backward pass of a custom_vjp "
    "whose shape and probability are those of a mask of the forward pass.",
    mend="Draw the mask of the backward pass from the key of the forward pass: save the key.",
    killed_by=(
        "linen/gradient_draws_another_mask",
        "nnx/gradient_draws_another_mask",
        "linen/checkpoint_by_hand_draws_again",
        "jax/remat_draws_again",
    ),
)
def backward_replays(seen: Seen, options: Options) -> Answer:
    if not options.training:
        return Answer(applies=False)
    replays = [d for d in seen.draws if d.replay and is_dropout(d.site) and d.step != EVALUATION]
    findings = [*_replays(replays, seen, options), *_written(seen, options)]
    many = len(replays) + len(seen.backward)
    excludes = f"the keys of {many} masks of backward passes, compared word for word"
    too_few = []
    if findings and missed(seen):
        findings = []
        too_few = ["keys of backward masks are those of no forward mask that was seen"]
    return Answer(
        tuple(findings),
        too_few=tuple(too_few),
        excludes=excludes,
        applies=bool(many) and not too_few,
    )


def _replays(replays: list[Draw], seen: Seen, options: Options) -> list[Finding]:
    """Find replays of jax.checkpoint with a key that no forward pass of the step used.

    One traced region may run several times in a step, and its replays come in another order. Where
    the forward pass itself was left out, as jax.checkpoint may, there is nothing to compare with.
    """
    forward = defaultdict(set)
    for draw in seen.draws:
        if not draw.replay:
            forward[draw.step, draw.instance[:-1]].add(draw.key)
    wrong: dict[int, list[Draw]] = defaultdict(list)
    for draw in replays:
        keys = forward.get((draw.step, draw.instance[:-1]))
        if (
            keys
            and draw.key not in keys
            and not options.ignores(backward_replays.id, draw.site.place)
        ):
            wrong[draw.site.id].append(draw)
    return [
        backward_replays.finding(
            where(draws[0].site.place),
            seen=f"{len(draws)} masks were replayed in the backward pass from another key",
            mend="Make the key outside of jax.checkpoint, and hand it to the layer.",
            ids=(site,),
        )
        for site, draws in wrong.items()
    ]


def _written(seen: Seen, options: Options) -> list[Finding]:
    """Find masks of a hand-written backward pass whose keys no forward pass of the step used."""
    forward = defaultdict(set)
    alike = set()
    for draw in seen.masks:
        forward[seen.step_of(draw)].add(draw.key)
        alike.add((draw.site.shape, draw.probability))
    wrong = defaultdict(list)
    for draw in seen.backward:
        site = draw.site
        if draw.step == EVALUATION or options.ignores(backward_replays.id, site.place):
            continue
        fair = not is_dropout(site) or (site.shape, draw.probability) not in alike
        if not fair and draw.key not in forward[seen.step_of(draw)]:
            wrong[site.id].append(draw)
    return [
        backward_replays.finding(
            where(draws[0].site.place),
            seen=f"{len(draws)} backward masks have keys of no forward pass",
            ids=(site,),
        )
        for site, draws in wrong.items()
    ]
