"""DP410: masks do not depend on what ran before."""

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from dropout_props.environment.guards import without_guards
from dropout_props.properties.catalogue import Sampler, Unsupported, Violation, exact
from dropout_props.properties.outputs import agree
from dropout_props.subjects.compiled.adapter import in_one_program
from dropout_props.subjects.isolated import run_isolated
from dropout_props.subjects.operations import Layers, Repeat, Under

_CALLS = 2


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
    there = run_isolated(_outputs, sampler.fresh())
    if not _same(sampler, there, _outputs(sampler)):
        raise Violation("the isolated process, where nothing ran before, gives other masks")
    if sampler.subject.traits.lacks("lifted") is None:
        try:
            _check_history(sampler, compiled=True)
        except Unsupported:
            return


def _check_history(sampler: Sampler, *, compiled: bool) -> None:
    draw = partial(_outputs, compiled=compiled)
    warm, evaluated, changed = sampler.fresh(), sampler.fresh(), []
    first = draw(warm)
    if not _same(sampler, draw(warm), first):
        changed.append("in a second call")
    if not _same(sampler, _in_thread(partial(draw, warm)), first):
        changed.append("in a second thread")
    _evaluate(evaluated, compiled=compiled)
    if not _same(sampler, draw(evaluated), first):
        changed.append("after an evaluation")
    if not compiled and sampler.subject.traits.layers:
        sampler.run(Layers(("before", "other/before")))
        if not _same(sampler, draw(sampler), first):
            changed.append("after another model was built")
    if changed:
        where = "under jit of the framework" if compiled else "the same key"
        raise Violation(f"{where}: other masks {', '.join(changed)}")


def _outputs(sampler: Sampler, *, compiled: bool = False) -> list[np.ndarray]:
    """Return the outputs of training calls, under one key."""
    if compiled:
        found = _sharing_programs(sampler).run(Under("jit", _CALLS))
    elif sampler.subject.traits.repeat:
        found = sampler.run(Repeat(_CALLS))
    else:
        found = (sampler.train(),)
    return [np.asarray(output) for output in found]


def _evaluate(sampler: Sampler, *, compiled: bool) -> None:
    if compiled:
        _sharing_programs(sampler).run(Under("jit", _CALLS, evaluated=True))
    elif sampler.subject.traits.eval_mode:
        sampler.train(training=False)


def _sharing_programs(sampler: Sampler) -> Sampler:
    """Return the sampler of a subject that is traced with its history, and compiled without."""
    return replace(sampler, subject=in_one_program(sampler.subject))


def _in_thread(draw: Callable[[], Any]) -> Any:
    outputs: list[Any] = []

    @without_guards()  # they are off in the thread of the judge alone
    def run() -> None:
        outputs.append(draw())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if not outputs:
        raise Violation("it raised an error in a second thread, and not in the first")
    return outputs[0]


def _same(sampler: Sampler, some: Any, others: Any) -> bool:
    try:
        for one, other in zip(some, others, strict=True):
            agree(sampler, one, other, "again")
    except Violation:
        return False
    return True
