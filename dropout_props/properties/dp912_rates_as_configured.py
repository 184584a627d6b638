"""DP912: rates are what `rates={'encoder/*': 0.1}` says."""

from functools import partial

from dropout_props.properties.catalogue import recorded
from dropout_props.properties.recorded.declaration import Answer, Finding
from dropout_props.properties.recorded.masks import keep_null
from dropout_props.properties.recorded.missed import left_out, may_have_drawn, missed_at
from dropout_props.properties.recorded.options import Options, Rate, matches
from dropout_props.properties.recorded.seen import Seen, by_name, declared, where
from dropout_props.recording import Draw, Place

_ROUNDING = {"bfloat16": 2.0**-8, "float16": 2.0**-11}
_FEW = 1e-6


@recorded(
    "DP912",
    "rates as configured",
    statement="Every dropout has the rate that `rates` gives it, in every step.",
    formula="P(unit kept at site s in step t) = 1 - rates(s, t)",
    if_broken="A rate of the configuration does not arrive at the layer that it is meant for.",
    assumes="`rates` maps patterns of paths to a rate, or to a function from the step to a rate.",
    mend="Hand the configured rate to the layer; a scheduled one as an argument of the step.",
    killed_by=(
        "linen/rate_never_arrives",
        "nnx/rate_never_arrives",
        "linen/rate_by_depth_divided_to_zero",
        "linen/rates_swapped",
        "nnx/wrong_rate",
        "linen/keep_rate_given_as_rate",
        "nnx/keep_rate_given_as_rate",
        "linen/result_not_used",
        "linen/schedule_stays_at_first_rate",
        "nnx/schedule_stays_at_first_rate",
    ),
)
def rates_as_configured(seen: Seen, options: Options) -> Answer:
    if not options.training or not options.rates:
        return Answer(applies=False)
    findings: list[Finding] = []
    too_few: list[str] = []
    sites = 0
    for pattern, rate in options.rates.items():
        groups = [
            g
            for g in seen.of_site.values()
            if matches(pattern, g[0].site.place)
            and not options.ignores(rates_as_configured.id, g[0].site.place)
        ]
        own = [group for group in groups if declared(group[0].site) is not None]
        groups = own or groups
        sites += len(groups)
        drawn, unknown = _drawn(seen, groups, rate)
        missing, silent = _missing(seen, options, pattern, rate)
        too_few += [*unknown, *silent]
        findings += [*drawn, *missing]
        if groups or missing or silent or _called(seen, pattern):
            continue
        if may_have_drawn(seen, partial(matches, pattern)):
            too_few.append(f"rates names {pattern!r}: no mask of such a site was seen")
        else:
            text = f"rates names {pattern!r}, and no dropout has such a path"
            mend = "Correct the pattern: record.report() lists the paths."
            findings.append(rates_as_configured.finding(pattern, seen=text, mend=mend))
    excludes = f"the probability of every mask of {sites} sites"
    return Answer(
        tuple(findings),
        too_few=tuple(too_few),
        excludes=excludes,
        applies=bool(sites or not too_few),
    )


def _at(rate: Rate, number: int) -> float:
    return float(rate(number)) if callable(rate) else float(rate)


def _drawn(seen: Seen, groups: list[list[Draw]], rate: Rate) -> tuple[list[Finding], list[str]]:
    """Compare the probability of each mask with the configured rate.

    Returns: what has another rate; and what has the right one only if its coins drop their units,
    which was not shown.
    """
    found, unknown = [], []
    for draws in groups:
        site = draws[0].site
        wrong = []
        for draw in draws:
            expected = _at(rate, seen.number_of(seen.step_of(draw)))
            keep = seen.keeps(draw)
            if keep is not None and not _fits(draw, keep, expected):
                wrong.append((draw, keep, expected))
        if not wrong:
            continue
        draw, keep, expected = wrong[0]
        name = where(site.place)
        if not _shown(seen, draw, keep) and all(_fits(d, 1 - k, e) for d, k, e in wrong):
            unknown.append(
                f"{name}: it draws with probability {keep:g}, and rate {expected:g} is configured:"
                " whether such a coin keeps or drops its unit was not shown"
            )
            continue
        text = (
            f"{len(wrong)} of {len(draws)} masks have another rate: {1 - keep:.6g}"
            f" in step {seen.number_of(seen.step_of(draw))}, where {expected:g} is configured"
        )
        found.append(rates_as_configured.finding(name, seen=text, ids=(site.id,)))
    return found, unknown


def _shown(seen: Seen, draw: Draw, keep: float) -> bool:
    """Say whether it is known what a coin means: by its layer, or by the declared rate."""
    rate = declared(draw.site)
    return seen.drops(draw.site) is not None or (rate is not None and _fits(draw, keep, rate))


def _fits(draw: Draw, keep: float, rate: float) -> bool:
    """Say whether a probability to keep a unit is that of a rate, within rounding."""
    null = keep_null(draw, rate)
    step = _ROUNDING.get(draw.probability_dtype, _FEW)
    return null.lowest - step <= keep <= null.highest + step


def _called(seen: Seen, pattern: str) -> bool:
    return any(matches(pattern, call.place) for call in seen.module_calls)


def _unseen(seen: Seen, at: Place) -> str:
    """Say why a layer that draws may have drawn no mask that was seen; empty if it draws none."""
    if missed_at(seen, lambda place: f"{place.name}/".startswith(f"{at.name}/")):
        return "its masks are not seen"
    return "it was traced and not executed" if left_out(seen, at) else ""


def _missing(
    seen: Seen, options: Options, pattern: str, rate: Rate
) -> tuple[list[Finding], list[str]]:
    """Find layers that should drop units and draw no mask.

    Returns: those layers; and what is said of layers that may have drawn unseen, or not have run.
    """
    found, unknown = [], []
    highest = max(
        (_at(rate, seen.number_of(step)) for step in seen.all_steps), default=_at(rate, 0)
    )
    executed = {draws[0].site.place.name for draws in seen.of_site.values()}
    for name, calls in by_name(seen.calls).items():
        place = calls[0].place
        if not highest or not matches(pattern, place) or name in executed:
            continue
        if options.ignores(rates_as_configured.id, place):
            continue
        if any(other.startswith(f"{name}/") for other in executed):
            continue
        own = calls[0].declared_rate
        drew = any(call.drew for call in calls)
        unseen = _unseen(seen, place) if drew else ""
        if unseen:
            unknown.append(f"{where(place)}: {unseen}")
            continue
        if drew:
            text = "its mask was traced and never computed: nothing uses what the layer returns"
            mend = "Hand what the dropout returns to the next layer."
        elif own is not None and abs(own - highest) > _FEW:
            text = f"it declares rate {own:g}, where {highest:g} is configured"
            mend = ""
        else:
            continue
        found.append(rates_as_configured.finding(where(place), seen=text, mend=mend))
    return found, unknown
