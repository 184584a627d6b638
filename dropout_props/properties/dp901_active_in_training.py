"""DP901: every dropout is active in training."""

from dropout_props.properties.catalogue import recorded
from dropout_props.properties.recorded.declaration import Answer, Finding, count
from dropout_props.properties.recorded.missed import left_out, missed, ran_unseen, said
from dropout_props.properties.recorded.options import Options, matches
from dropout_props.properties.recorded.seen import Seen, by_name, declared, is_dropout, where
from dropout_props.properties.recorded.silent import silent_tail, stopped, switched_off

_MODE = "deterministic=not train (Linen); model.train() before training (NNX)"


@recorded(
    "DP901",
    "active in training",
    statement="Every dropout draws masks in every step of training that runs it.",
    formula="for all sites s, steps t: runs(s, t) => draws(s, t) >= 1",
    if_broken="The layer drops nothing: the model trains without the regularisation that it "
    "declares.",
    assumes="A layer is known by its class: its name holds `drop`, or it is attention. A layer "
    "whose rate is 0 is a note. Every marked step trains the model and runs each site, unless the "
    "site is in a branch that is not taken or in a loop without a trip, its rate has become 0, or "
    "the program may have run unseen. A layer that runs in evaluation mode beside an active model "
    "of another class, as a frozen teacher does, is not judged.",
    mend=f"Give the layer the mode of the call: {_MODE}.",
    killed_by=(
        "linen/one_layer_left_off",
        "nnx/one_layer_left_off",
        "linen/train_not_handed_down",
        "linen/mode_inverted",
        "nnx/eval_not_undone",
    ),
)
def active_in_training(seen: Seen, options: Options) -> Answer:
    if not options.training:
        return Answer(applies=False)
    findings = [*_off(seen, options), *_stopped(seen, options), *_expected_off(seen, options)]
    too_few = _hidden(seen)
    if not seen.masks and not findings and not too_few and not _meant_to_be_off(seen, options):
        findings, too_few = _nowhere(seen, options)
    sites, steps = count(len(seen.of_site), "site"), count(len(seen.drawn_steps), "step")
    return Answer(
        tuple(findings),
        notes=(*_at_rate_zero(seen), *_left_out(seen)),
        too_few=tuple(too_few),
        excludes=f"{sites} drew masks, in {steps}",
        applies=bool(seen.masks or not too_few),
    )


def _hidden(seen: Seen) -> list[str]:
    """Say where masks may have been drawn that the record does not show."""
    found = [
        f"{where(call.place)}: whether it drew a mask is not known, since not all that it calls is"
        " seen"
        for call in seen.calls
        if declared(call) and call.missed and not call.drew
    ]
    if missed(seen) and not seen.masks:
        found += [f"no mask was seen, and some may have been missed. {said(missed(seen)[0])}"]
    steps = [step for step in seen.all_steps if ran_unseen(seen, step)]
    steps = [step for step in steps if step not in seen.drawn_steps]
    if seen.marked and seen.masks and steps:
        numbers = ", ".join(str(seen.number_of(step)) for step in steps)
        found.append(f"whether masks were drawn in step {numbers} is not known")
    return found


def _nowhere(seen: Seen, options: Options) -> tuple[list[Finding], list[str]]:
    """Find that no place drew a mask.

    Returns: the counterexample; where every place may have been left out, what is said of them.
    """
    places = [c.place for c in seen.calls]
    places += [s.place for s in seen.sites if s.sampler == "bernoulli"]
    judged = [p for p in places if not options.ignores(active_in_training.id, p)]
    run = sorted({where(place) for place in judged if not left_out(seen, place)})
    if places and not run:
        names = sorted({where(place) for place in judged})
        return [], [f"{name}: it was traced and not executed" for name in names]
    text = "no mask was drawn in training by any of these places"
    mend = f"Give the layers their rate, use what they return, and their mode: {_MODE}"
    if any(is_dropout(site) and not left_out(seen, site.place) for site in seen.sites):
        text = "masks were traced at these places and never computed: nothing uses them"
        mend = "Use what the dropout returns, and what the compiled step returns, in the step."
    return [active_in_training.finding(*run, seen=text, mend=mend)], []


def _left_out(seen: Seen) -> list[str]:
    """Note the sites whose branch was not taken in the last steps."""
    silent = silent_tail(seen)
    if not silent:
        return []
    first, last = seen.number_of(silent[0]), seen.number_of(silent[-1])
    return [
        f"{where(draws[0].site.place)} was not executed in steps {first} to {last}"
        for site, draws in seen.of_site.items()
        if site in seen.conditional
    ]


def _off(seen: Seen, options: Options) -> list[Finding]:
    """Find layers with a rate that were called, and of which no call drew."""
    found = []
    drew = {call.place.path[:1] for call in seen.calls if call.drew}
    drew |= {site.place.path[:1] for draws in seen.of_site.values() for site in [draws[0].site]}
    for calls in by_name(seen.calls).values():
        rate = next((r for c in calls if (r := declared(c))), None)
        place = calls[0].place
        off = rate is not None and not any(call.drew or call.missed for call in calls)
        elsewhere = drew and place.path[:1] not in drew and len(place.path) > 1
        meant = options.inactive(place) or options.ignores(active_in_training.id, place)
        if off and not elsewhere and not meant:
            traced = count(sum(c.traced for c in calls), "call")
            seen_text = f"it declares rate {rate:g}; {traced} traced in training drew no mask"
            found.append(active_in_training.finding(where(place), seen=seen_text))
    return found


def _stopped(seen: Seen, options: Options) -> list[Finding]:
    """Find that the last steps drew nothing, though earlier ones did."""
    sites = {
        site.id: where(site.place)
        for site in stopped(seen)
        if not options.ignores(active_in_training.id, site.place)
    }
    if not sites:
        return []
    silent = silent_tail(seen)
    first, last = seen.number_of(silent[0]), seen.number_of(silent[-1])
    mend = (
        "call model.train() after each evaluation, and evaluate in record.evaluate(...), which is"
        " no step"
        if switched_off(seen)
        else "draw the mask inside of the compiled step, from the key of the step; mark"
        " steps of training alone"
    )
    return [
        active_in_training.finding(
            *sites.values(),
            seen=f"no mask was drawn in steps {first} to {last} of {len(seen.all_steps)}",
            mend=mend,
            follows="" if switched_off(seen) else "DP907",
            ids=tuple(sites),
        )
    ]


def _expected_off(seen: Seen, options: Options) -> list[Finding]:
    """Find sites that drew though they were declared to be inactive."""
    return [
        active_in_training.finding(
            where(draws[0].site.place),
            seen=f"it drew {len(draws)} masks, though expect_inactive says that it draws none",
            mend="take the pattern out of expect_inactive, or put the layer in evaluation mode",
            ids=(site,),
        )
        for site, draws in seen.of_site.items()
        if options.inactive(draws[0].site.place)
        and not options.ignores(active_in_training.id, draws[0].site.place)
    ]


def _at_rate_zero(seen: Seen) -> list[str]:
    """Note layers that drop nothing by configuration."""
    return [
        f"{where(calls[0].place)} has rate 0, and drops nothing"
        for calls in by_name(seen.calls).values()
        if all(call.declared_rate == 0 for call in calls)
    ]


def _meant_to_be_off(seen: Seen, options: Options) -> bool:
    """Say whether every layer is declared to be inactive, or to have rate 0."""
    zero = [pattern for pattern, rate in options.rates.items() if rate == 0]
    return bool(seen.calls) and all(
        options.inactive(call.place) or any(matches(pattern, call.place) for pattern in zero)
        for call in seen.calls
    )
