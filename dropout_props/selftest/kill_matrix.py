"""Judges every mutant with the properties that must kill it, and every control with all properties.

Question: does each property see the faults that it claims to see? One worker judges one layer under
every run seed, so that nothing is compiled twice. The judge is the one that `check` uses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dropout_props.cases.profiles import PROFILES
from dropout_props.engine.pool import Lost, in_parallel
from dropout_props.engine.run.same_environment import run_on
from dropout_props.selftest.kills import Kill, KillMatrix

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dropout_props.cases.profiles import Profile
    from dropout_props.results.records import PropertyResult
    from dropout_props.selftest.mutants import Api, Mutant

__all__ = ["Task", "judge", "run", "tasks", "unjudged"]


@dataclass(frozen=True)
class Task:
    """One layer and the properties to judge; plain values, since it is sent to a worker process.

    Args:
        mutant: name of the mutant or control.
        api: framework of the layer.
        properties: ids of the properties.
        run_seeds: the run seeds.
        profile: profile under the first run seed.
        later: profile under every later run seed.
    """

    mutant: str
    api: Api
    properties: tuple[str, ...]
    run_seeds: tuple[int, ...]
    profile: str
    later: str


def tasks(
    *,
    profile: str,
    run_seeds: Sequence[int],
    mutants: Sequence[str] = (),
    properties: Sequence[str] = (),
    full: bool = False,
) -> list[Task]:
    """Return the tasks, controls first: they take longest.

    Args:
        profile: name of the profile.
        run_seeds: the run seeds.
        mutants: names of mutants or controls; empty for all of both.
        properties: ids of properties; empty for all.
        full: judge every mutant with every property, not only with those that must kill it.

    Raises:
        LookupError: no mutant or control has a name, or one in `killed_by` of a property; the text
            suggests the closest names.
    """
    from dropout_props.properties import CATALOGUE
    from dropout_props.selftest.mutants import CONTROLS, MUTANTS

    judging = [prop for prop in CATALOGUE if not properties or prop.id in properties]
    for prop in judging:
        for name in prop.killed_by:
            _mutant(name, f"{prop.id} must kill one, and ")
    wanted = [prop.id for prop in judging]
    chosen = [_mutant(name) for name in mutants] or [*CONTROLS, *MUTANTS]
    found = []
    for mutant in chosen:
        every = full or _is_control(mutant)
        judged = [one for one in wanted if every or one in mutant.killed_by]
        found += [
            Task(
                mutant.name,
                api,
                properties=tuple(judged),
                run_seeds=tuple(run_seeds),
                profile=profile,
                # The profile does not change the false alarm rate: take the quickest.
                later="smoke" if _is_control(mutant) else profile,
            )
            for api in mutant.apis
            if judged
        ]
    return found


def _mutant(name: str, why: str = "") -> Mutant:
    from difflib import get_close_matches

    from dropout_props.selftest.mutants import CONTROLS, MUTANTS

    by_name = {one.name: one for one in (*MUTANTS, *CONTROLS)}
    if name not in by_name:
        close = ", ".join(get_close_matches(name, by_name)) or "docs/kill-matrix.md lists them"
        raise LookupError(f"{why}no mutant or control is called {name!r}: did you mean {close}?")
    return by_name[name]


def _is_control(mutant: Mutant) -> bool:
    from dropout_props.selftest.mutants import CONTROLS

    return mutant in CONTROLS


def _few_exact(profile: Profile) -> Profile:
    """Return the profile with fewer exact examples, which take most of the time of a control."""
    return replace(profile, exact_examples=PROFILES["smoke"].exact_examples)


def judge(task: Task) -> list[Kill]:
    """Judge one layer under every run seed."""
    from dropout_props.engine import Judge, Settings
    from dropout_props.environment.installed import probe
    from dropout_props.properties import find

    mutant = _mutant(task.mutant)
    subject, is_control = mutant.subject(task.api), _is_control(mutant)
    environment = probe().conditions
    kills: list[Kill] = []
    cached: list[PropertyResult] = []
    for number, run_seed in enumerate(task.run_seeds):
        settings = Settings.of(run_seed=run_seed, profile=task.later if number else task.profile)
        if is_control:
            settings = replace(settings, profile=_few_exact(settings.profile))
        quick = number > 0 and is_control
        judge = Judge(replace(settings, confirm=False), environment)
        judge.reuse(subject, cached)
        for prop in map(find, task.properties):
            if quick and not prop.is_statistical:
                continue  # an exact verdict does not depend on the run seed
            for blocker in map(find, prop.blocked_by):  # judged first: not part of this time
                blocking = judge(subject, blocker)
                also_judged = blocker.id in task.properties and not quick
                if not (also_judged or blocker.is_statistical or number):
                    cached.append(blocking)
            result = judge(subject, prop)
            kills.append(
                replace(
                    _kill(task, prop.id, run_seed),
                    verdict=str(result.verdict),
                    draws=result.draws,
                    seconds=result.seconds,
                    shown=result.shown,
                )
            )
    return kills


def unjudged(task: Task, lost: Lost) -> list[Kill]:
    """Return ERROR for every property of a layer whose worker process ended twice."""
    text = str(lost)
    return [
        replace(_kill(task, property_id, run_seed), shown=text)
        for run_seed in task.run_seeds
        for property_id in task.properties
    ]


def _kill(task: Task, property_id: str, run_seed: int) -> Kill:
    """Return the record of one verdict, an ERROR until there is another."""
    from dropout_props.results.verdict import Verdict

    mutant = _mutant(task.mutant)
    return Kill(
        mutant=mutant.name,
        api=task.api,
        property_id=property_id,
        run_seed=run_seed,
        verdict=str(Verdict.ERROR),
        expected=property_id in mutant.killed_by,
        control=_is_control(mutant),
        live=mutant.live,
        draws=0,
        seconds=0.0,
        shown="",
    )


def run(
    planned: Sequence[Task],
    *,
    whole: bool,
    processes: int = 1,
    cluster: str | None = None,
    show: Callable[[Task, int], None] | None = None,
) -> KillMatrix:
    """Run tasks, in this process or in several.

    Args:
        planned: tasks, as `tasks` returns them.
        whole: the tasks are all mutants and controls, with all properties.
        processes: number of processes.
        cluster: address of a Dask scheduler, whose workers run the tasks; None for this machine.
        show: called with each finished task, and with the number of finished ones.

    Returns:
        The verdicts, in the order of the tasks.
    """
    found: dict[Task, list[Kill]] = {}

    def done(task: Task, kills: list[Kill]) -> None:
        found[task] = kills
        if show is not None:
            show(task, len(found))

    if processes == 1 and cluster is None:
        for task in planned:
            done(task, judge(task))
    else:
        in_parallel(
            judge,
            planned,
            processes=processes,
            done=done,
            lost=lambda task, why: done(task, unjudged(task, why)),
            run_in=None if cluster is None else run_on(cluster, judge),
        )
    return KillMatrix(
        profile=planned[0].profile if planned else "",
        run_seeds=planned[0].run_seeds if planned else (),
        properties=tuple(sorted({one for task in planned for one in task.properties})),
        kills=tuple(kill for task in planned for kill in found[task]),
        whole=whole,
    )
