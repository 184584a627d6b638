"""DP410: masks do not depend on what happened before."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeAlias

import jax.numpy as jnp
import numpy as np

from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, Property, Violation
from dropout_props.properties.outputs import agree, decisive_cases
from dropout_props.subjects.isolated import run_isolated
from dropout_props.subjects.operations import Under
from dropout_props.subjects.subject import Unsupported

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler
    from dropout_props.subjects.subject import Subject

_Outputs: TypeAlias = "list[np.ndarray[Any, Any]]"

_CALLS = 2


def _plain(sampler: Sampler, subject: Subject) -> _Outputs:
    x, asked = _asked(sampler)
    if subject.traits.repeat:
        return [np.asarray(y) for y in subject.call_repeatedly(x, times=_CALLS, **asked)]
    return [np.asarray(subject.call(x, training=True, **asked))]


def _compiled(sampler: Sampler, subject: Subject) -> _Outputs:
    x, asked = _asked(sampler)
    return [np.asarray(y) for y in subject.perform(x, Under("jit", _CALLS), **asked)]


def _asked(sampler: Sampler) -> tuple[Any, dict[str, Any]]:
    streams = sampler.streams(sampler.key())
    return jnp.asarray(sampler.case.inputs()), {"rate": sampler.case.rate, "streams": streams}


def _evaluate(sampler: Sampler, subject: Subject, *, compiled: bool) -> None:
    x, asked = _asked(sampler)
    if compiled:
        subject.perform(x, Under("jit", _CALLS, evaluated=True), **asked)
    elif subject.traits.eval_mode:
        subject.call(x, training=False, **asked)


def _in_thread(ask: Any, sampler: Sampler, subject: Subject) -> Any:
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(ask(sampler, subject)))
    thread.start()
    thread.join()
    if not answers:
        raise Violation("in a second thread it raised an error, where the first did not")
    return answers[0]


def _in_other_process(sampler: Sampler) -> _Outputs:
    return _plain(sampler, sampler.subject)


def _check(sampler: Sampler) -> None:
    _unmoved(sampler, compiled=False)
    there = run_isolated(_in_other_process, sampler.fresh())
    if not _same(sampler, there, _plain(sampler, sampler.subject)):
        raise Violation("another process, which was asked nothing before, gives other masks")
    if sampler.subject.traits.lacks("lifted") is None:
        try:
            _unmoved(sampler, compiled=True)
        except Unsupported:
            return


def _unmoved(sampler: Sampler, *, compiled: bool) -> None:
    ask = _compiled if compiled else _plain
    warm, moved = sampler.subject.fresh(), []
    first = ask(sampler, warm)
    if not _same(sampler, ask(sampler, warm), first):
        moved.append("asked a second time")
    if not _same(sampler, _in_thread(ask, sampler, warm), first):
        moved.append("in a second thread")
    evaluated = sampler.subject.fresh()
    _evaluate(sampler, evaluated, compiled=compiled)
    if not _same(sampler, ask(sampler, evaluated), first):
        moved.append("after an evaluation")
    if not compiled and sampler.subject.traits.layers:
        x, asked = _asked(sampler)
        sampler.subject.call_layers(x, names=("before", "other/before"), **asked)
        if not _same(sampler, ask(sampler, sampler.subject), first):
            moved.append("after another model was built")
    if moved:
        where = "under jit of the framework" if compiled else "the same key"
        raise Violation(f"{where}: other masks {', '.join(moved)}")


def _same(sampler: Sampler, some: _Outputs, others: _Outputs) -> bool:
    try:
        for one, other in zip(some, others, strict=True):
            agree(sampler, one, other, "again")
    except Violation:
        return False
    return True


PROPERTY = Property(
    id="DP410",
    name="no history",
    sentence="The masks of a key are the same when asked again, in a second thread, after an "
    "evaluation, after another model was built, and in another process; compiled or not.",
    formula="m(k) after any history = m(k)",
    means="A result cannot be reproduced: it depends on what ran before, or on the thread.",
    assumes="A layer that the adapter builds anew has no history; the other process never heard "
    "of it.",
    mutants=("evaluations_counted", "thread_folded", "process_folded"),
    blocked_by=("DP201",),
    needs=(),
    decision=Exact(
        cases=decisive_cases,
        check=_check,
        explicit=(Case(shape=(128,), rate=0.5),),
        weight=16,
    ),
)
