"""Plants every bug, asks the properties that must see it, and asks all properties of the controls.

Question: does the suite see what it says it sees? One worker asks one layer under every run seed, so
that nothing is compiled twice. The verdicts are those of `check`: one judge makes both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dropout_props.cases.profiles import PROFILES
from dropout_props.engine.pool import Lost, in_parallel
from dropout_props.selftest.kills import Kill, KillMatrix

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dropout_props.cases.profiles import Profile
    from dropout_props.results.records import PropertyResult
    from dropout_props.selftest.mutants import Api, Mutant

__all__ = ["Ask", "asks", "judge", "run", "unjudged"]


@dataclass(frozen=True)
class Ask:
    """One layer, and what it is asked; plain values, since it goes to another process.

    Args:
        mutant: its name.
        api: where it is planted.
        properties: ids to judge.
        run seeds: under which keys.
        profile: how much to draw.
        later: how much to draw under every run seed but the first.
    """

    mutant: str
    api: Api
    properties: tuple[str, ...]
    run_seeds: tuple[int, ...]
    profile: str
    later: str


def asks(
    *,
    profile: str,
    run_seeds: Sequence[int],
    mutants: Sequence[str] = (),
    properties: Sequence[str] = (),
    full: bool = False,
) -> list[Ask]:
    """Return what is to be asked, the controls first: they take longest.

    Args:
        profile: how much to draw.
        run seeds: under which keys.
        mutants: names to plant; all, and all controls, when empty.
        properties: ids to ask; all when empty.
        full: ask every property of every bug, not those alone that name it.

    Raises:
        LookupError: there is no planted bug of that name, with the closest.
    """
    from dropout_props.properties import CATALOGUE
    from dropout_props.selftest.mutants import CONTROLS, MUTANTS

    wanted = [prop.id for prop in CATALOGUE if not properties or prop.id in properties]
    chosen = [_named(name) for name in mutants] or [*CONTROLS, *MUTANTS]
    found = []
    for mutant in chosen:
        named = [one for one in wanted if full or mutant in CONTROLS or one in mutant.killed_by]
        found += [
            Ask(
                mutant.name,
                api,
                properties=tuple(named),
                run_seeds=tuple(run_seeds),
                profile=profile,
                # A profile leaves the chance of a false alarm as it is: the quickest will do.
                later="smoke" if mutant in CONTROLS else profile,
            )
            for api in mutant.apis
            if named
        ]
    return found


def _named(name: str) -> Mutant:
    from difflib import get_close_matches

    from dropout_props.selftest.mutants import CONTROLS, MUTANTS

    zoo = {one.name: one for one in (*MUTANTS, *CONTROLS)}
    if name not in zoo:
        close = ", ".join(get_close_matches(name, zoo)) or "docs/kill-matrix.md lists them"
        raise LookupError(f"no planted bug is called {name!r}: did you mean {close}?")
    return zoo[name]


def _few_exact(profile: Profile) -> Profile:
    """Return the profile with the fewest cases of an exact property: most of a control's minutes."""
    return replace(profile, exact_examples=PROFILES["smoke"].exact_examples)


def judge(ask: Ask) -> list[Kill]:
    """Judge one layer under every run seed."""
    from dropout_props.engine import Judge, Settings
    from dropout_props.environment.installed import probe
    from dropout_props.properties import find

    mutant = _named(ask.mutant)
    subject = mutant.subject(ask.api)
    here = probe().conditions
    kills: list[Kill] = []
    settled: list[PropertyResult] = []
    for number, run_seed in enumerate(ask.run_seeds):
        settings = Settings.of(run_seed=run_seed, profile=ask.later if number else ask.profile)
        if not mutant.killed_by:
            settings = replace(settings, profile=_few_exact(settings.profile))
        quick = number > 0 and not mutant.killed_by
        judge = Judge(replace(settings, confirm=False), here)
        judge.reuse(subject, settled)
        for prop in map(find, ask.properties):
            if quick and not prop.is_statistical:
                continue  # decided under the first run seed: chance has no part in it
            for blocker in map(find, prop.blocked_by):  # whose seconds are not this property's
                stood_on = judge(subject, blocker)
                asked = blocker.id in ask.properties and not quick
                if not (asked or blocker.is_statistical or number):
                    settled.append(stood_on)
            result = judge(subject, prop)
            kills.append(
                replace(
                    _kill(ask, prop.id, run_seed),
                    verdict=str(result.verdict),
                    draws=result.draws,
                    seconds=result.seconds,
                    shown=result.shown,
                )
            )
    return kills


def unjudged(ask: Ask, lost: Lost) -> list[Kill]:
    """Return ERROR for every property of a layer whose worker process ended twice."""
    text = str(lost)
    return [
        replace(_kill(ask, property_id, run_seed), shown=text)
        for run_seed in ask.run_seeds
        for property_id in ask.properties
    ]


def _kill(ask: Ask, property_id: str, run_seed: int) -> Kill:
    """Return the record of one verdict, an ERROR until there is another."""
    from dropout_props.results.verdict import Verdict

    mutant = _named(ask.mutant)
    return Kill(
        mutant=mutant.name,
        api=ask.api,
        property_id=property_id,
        run_seed=run_seed,
        verdict=str(Verdict.ERROR),
        expected=property_id in mutant.killed_by,
        control=not mutant.killed_by,
        live=mutant.live,
        draws=0,
        seconds=0.0,
        shown="",
    )


def run(
    asked: Sequence[Ask],
    *,
    whole: bool,
    processes: int = 1,
    show: Callable[[Ask, int], None] | None = None,
) -> KillMatrix:
    """Judge all layers, in this process or in several.

    Args:
        asked: what `asks` returned.
        whole: whether that is the whole zoo.
        processes: how many layers are judged at once.
        show: called with a layer that is done and how many are.
    """
    found: dict[Ask, list[Kill]] = {}

    def done(ask: Ask, kills: list[Kill]) -> None:
        found[ask] = kills
        if show is not None:
            show(ask, len(found))

    if processes == 1:
        for ask in asked:
            done(ask, judge(ask))
    else:
        in_parallel(
            judge,
            asked,
            processes=processes,
            done=done,
            lost=lambda ask, why: done(ask, unjudged(ask, why)),
        )
    return KillMatrix(
        profile=asked[0].profile if asked else "",
        run_seeds=asked[0].run_seeds if asked else (),
        properties=tuple(sorted({property_id for ask in asked for property_id in ask.properties})),
        kills=tuple(kill for ask in asked for kill in found[ask]),
        whole=whole,
    )
