"""DP903: each dropout keeps at its declared rate."""

from glob import escape

import numpy as np

from dropout_props.properties.catalogue import recorded
from dropout_props.properties.recorded.declaration import Answer, Counts, Finding, count
from dropout_props.properties.recorded.masks import keep_null, rebuilt
from dropout_props.properties.recorded.options import Options
from dropout_props.properties.recorded.seen import (
    COINS,
    Seen,
    declared,
    looks_like_dropout,
    where,
)
from dropout_props.recording import Draw
from dropout_props.statistics import Trials

_ROUNDING = 1e-6
_DROPS = "Drop with probability rate: jax.random.bernoulli(key, rate, x.shape)."


@recorded(
    "DP903",
    "declared rate",
    statement="Each dropout keeps units with probability 1 - rate, for the rate that it declares.",
    formula="P(unit kept) = 1 - rate",
    if_broken="The layer regularises more, or less, than its configuration says.",
    assumes="A coin of a layer keeps its unit, or drops it, as the zeros show that the layer gives "
    "for ones when it is called alone; where they do not show it, a probability that is the rate "
    "in one of the two readings is a note. One that is the rate in neither may be that of a coin "
    "that is no dropout: it is not judged, which `strict=True` says. "
    "The declared rate is the attribute `rate`, `dropout_rate`, `drop_rate`, "
    "`dropout_prob`, `drop_prob` or `p` of the module. Masks are rebuilt from their keys; where "
    "they cannot be, the probability in the program alone is compared.",
    mend="Keep with probability 1 - rate: jax.random.bernoulli(key, 1 - rate, x.shape).",
    killed_by=("linen/rate_used_as_keep_rate", "nnx/rate_used_as_keep_rate"),
    exact=False,
)
def declared_rate(seen: Seen, options: Options) -> Answer:
    if not options.training:
        return Answer(applies=False)
    findings: list[Finding] = []
    counts, notes, too_few, compared = [], [], [], 0
    for draws in seen.of_site.values():
        site = draws[0].site
        if options.ignores(declared_rate.id, site.place):
            continue
        wrong = _other_rate(seen, draws)
        if wrong is not None:
            text, certain = wrong
            if certain:
                mend = _DROPS if seen.drops(site) else ""
                findings.append(
                    declared_rate.finding(where(site.place), seen=text, mend=mend, ids=(site.id,))
                )
            elif strange := [d for d in draws if not _right_in_one_reading(seen, d)]:
                too_few.append(f"{where(site.place)}: {text}; {_either(strange[0])}")
            else:
                notes.append(f"{where(site.place)}: {text}")
            continue
        compared += declared(site) is not None and any(seen.keeps(d) is not None for d in draws)
        found = _kept(seen, draws)
        if found is None and site.sampler not in COINS:
            notes.append(f"{where(site.place)}: it draws no coins, so its rate is not judged")
        elif found is None:
            too_few.append(f"{where(site.place)}: its masks cannot be rebuilt, so none was counted")
        else:
            counts.append(found)
    by_program = f"the probability in the program of {count(compared, 'site')}"
    return Answer(
        tuple(findings),
        tuple(counts),
        tuple(notes),
        tuple(too_few),
        excludes="" if counts else by_program,
        applies=bool(counts or compared),
    )


def _other_rate(seen: Seen, draws: list[Draw]) -> tuple[str, bool] | None:
    """Compare the probability in the program with the declared rate, exactly.

    A module of another kind may declare a rate for its parts, and flip a coin of its own: only a
    layer that is named like dropout, or the complement of the right probability, is a fault. So is
    neither where the layer did not show what its coin means.

    Returns: what was seen, and whether it is a fault; None if the rate is the declared one.
    """
    site = draws[0].site
    rate = declared(site)
    if rate is None:
        return None
    wrong = [d for d in draws if (keep := seen.keeps(d)) is not None and not _inside(keep, d, rate)]
    if not wrong:
        return None
    p = wrong[0].probability
    assert isinstance(p, float)
    drops, coins = seen.drops(site), f"with probability {p:g} in {len(wrong)} of {len(draws)} masks"
    if drops is None:
        text = f"it declares rate {rate:g}, and draws {coins}: whether such a coin keeps or drops"
        return f"{text} its unit was not shown", False
    done, right = ("dropped", rate) if drops else ("kept", 1 - rate)
    text = f"it declares rate {rate:g}, so that units are {done} with probability {right:g}, and"
    text += f" draws {coins}"
    swapped = abs(p - (1 - right)) < _ROUNDING
    if swapped and drops:
        text += ": the keep probability is used as the rate"
    elif swapped:
        text += ": the rate is used as the keep probability"
    return text, swapped or looks_like_dropout(site.module)


def _right_in_one_reading(seen: Seen, draw: Draw) -> bool:
    """Say whether a coin has the declared rate, or may have: if it keeps units, or drops them."""
    keep, rate = seen.keeps(draw), declared(draw.site)
    if keep is None or rate is None or _inside(keep, draw, rate):
        return True
    return seen.drops(draw.site) is None and _inside(1 - keep, draw, rate)


def _either(draw: Draw) -> str:
    """Say what a coin is whose probability is the declared rate in neither reading."""
    p, pattern = draw.probability, escape(draw.site.place.name)
    text = f"probability {p:g} is not that rate in any reading. If the coin is no dropout, declare "
    if p in (0.0, 1.0):
        text = (
            f"a coin of probability {p:g} has one outcome: it drops no unit, or every one. If it "
        )
        text += "is no dropout, or its rate is 0 here, declare "
    return text + f'ignore={{"{pattern}": (("DP903",), "a coin of its own")}}'


def _inside(probability: float, draw: Draw, rate: float) -> bool:
    null = keep_null(draw, rate)
    step = (
        2.0 ** -(8 if draw.probability_dtype == "bfloat16" else 11)
        if "16" in (draw.probability_dtype)
        else _ROUNDING
    )
    return null.lowest - step <= probability <= null.highest + step


def _kept(seen: Seen, draws: list[Draw]) -> Counts | None:
    """Count the units that rebuilt masks keep."""
    site = draws[0].site
    kept: dict[float, list[int]] = {}
    nulls = {}
    for draw, mask in rebuilt(seen, draws):
        rate = declared(site)
        key = seen.keeps(draw)
        assert key is not None
        nulls[key] = keep_null(draw, 1 - key if rate is None else rate)
        total = kept.setdefault(key, [0, 0])
        total[0] += int(np.count_nonzero(mask))
        total[1] += mask.size
    if not kept:
        return None
    trials = Trials(
        np.array([k for k, _ in kept.values()]),
        np.array([n for _, n in kept.values()]),
        np.array([nulls[p].lowest for p in kept]),
        np.array([nulls[p].highest for p in kept]),
        "units kept",
    )
    return Counts(
        (where(site.place),),
        (site.id,),
        trials,
        "units kept",
        declared_rate.if_broken,
        declared_rate.mend,
    )
