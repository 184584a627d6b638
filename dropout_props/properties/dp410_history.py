"""DP410: masks do not depend on what ran before."""

import threading
from typing import Any, TypeAlias

import numpy as np

from dropout_props.environment.guards import without_guards
from dropout_props.properties.catalogue import Sampler, Violation, exact
from dropout_props.properties.outputs import agree
from dropout_props.subjects.compiled.adapter import in_one_program
from dropout_props.subjects.isolated import run_isolated
from dropout_props.subjects.operations import Layers, Repeat, Under
from dropout_props.subjects.subject import Subject, Unsupported

_Outputs: TypeAlias = "list[np.ndarray[Any, Any]]"

_CALLS = 2


def _plain(sampler: Sampler, subject: Subject) -> _Outputs:
    x, arguments = _arguments(sampler)
    if subject.traits.repeat:
        return [np.asarray(y) for y in subject.run(Repeat(_CALLS), x, **arguments)]
    return [np.asarray(subject.call(x, training=True, **arguments))]


def _compiled(sampler: Sampler, subject: Subject) -> _Outputs:
    x, arguments = _arguments(sampler)
    return [np.asarray(y) for y in _jitted(subject).run(Under("jit", _CALLS), x, **arguments)]


def _jitted(subject: Subject) -> Subject:
    """Return the subject, whose traces are those of its history, and whose programs are shared."""
    return in_one_program(subject)


def _arguments(sampler: Sampler) -> tuple[Any, dict[str, Any]]:
    streams = sampler.streams(sampler.key())
    return sampler.inputs(), {"rate": sampler.case.rate, "streams": streams}


def _evaluate(sampler: Sampler, subject: Subject, *, compiled: bool) -> None:
    x, arguments = _arguments(sampler)
    if compiled:
        _jitted(subject).run(Under("jit", _CALLS, evaluated=True), x, **arguments)
    elif subject.traits.eval_mode:
        subject.call(x, training=False, **arguments)


def _in_thread(draw: Any, sampler: Sampler, subject: Subject) -> Any:
    outputs: list[Any] = []

    @without_guards()  # they are off in the thread of the judge alone
    def run() -> None:
        outputs.append(draw(sampler, subject))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if not outputs:
        raise Violation("it raised an error in a second thread, and not in the first")
    return outputs[0]


def _in_other_process(sampler: Sampler) -> _Outputs:
    return _plain(sampler, sampler.subject)


@exact(
    "DP410",
    "masks ignore history",
    statement="A key gives the same masks again, in a second thread, after an evaluation, after "
    "another model was built and in another process, compiled or not.",
    formula="m(k) after any history = m(k)",
    if_broken="A result cannot be reproduced: it depends on what ran before, or on the thread.",
    assumes="A layer that the adapter builds again has no history, and in the isolated process "
    "nothing ran before.",
    level="framework",
    killed_by=("evaluations_counted", "thread_folded", "process_folded"),
    weight=16,
)
def history(sampler: Sampler) -> None:
    _check_history(sampler, compiled=False)
    there = run_isolated(_in_other_process, sampler.fresh())
    if not _same(sampler, there, _plain(sampler, sampler.subject)):
        raise Violation("the isolated process, where nothing ran before, gives other masks")
    if sampler.subject.traits.lacks("lifted") is None:
        try:
            _check_history(sampler, compiled=True)
        except Unsupported:
            return


def _check_history(sampler: Sampler, *, compiled: bool) -> None:
    draw = _compiled if compiled else _plain
    warm, changed = sampler.subject.fresh(), []
    first = draw(sampler, warm)
    if not _same(sampler, draw(sampler, warm), first):
        changed.append("in a second call")
    if not _same(sampler, _in_thread(draw, sampler, warm), first):
        changed.append("in a second thread")
    evaluated = sampler.subject.fresh()
    _evaluate(sampler, evaluated, compiled=compiled)
    if not _same(sampler, draw(sampler, evaluated), first):
        changed.append("after an evaluation")
    if not compiled and sampler.subject.traits.layers:
        x, arguments = _arguments(sampler)
        sampler.subject.run(Layers(("before", "other/before")), x, **arguments)
        if not _same(sampler, draw(sampler, sampler.subject), first):
            changed.append("after another model was built")
    if changed:
        where = "under jit of the framework" if compiled else "the same key"
        raise Violation(f"{where}: other masks {', '.join(changed)}")


def _same(sampler: Sampler, some: _Outputs, others: _Outputs) -> bool:
    try:
        for one, other in zip(some, others, strict=True):
            agree(sampler, one, other, "again")
    except Violation:
        return False
    return True
