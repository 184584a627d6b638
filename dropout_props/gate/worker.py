"""Runs in the environment of one side: judges the pairs, and sends each result to the gate.

The request is one JSON argument; each line of standard output is one JSON event. What a subject
prints goes to standard error, where it cannot be mistaken for an event. Nothing is judged if this
process imported another Flax or JAX than that of its interpreter (`own`).
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropout_props.results.records import RunResult

__all__ = ["main"]


def main(request: str) -> None:
    """Judge the pairs of a request.

    Args:
        request: that of `SideJob` as JSON, with the modules of the interpreter under `own` and the
            caller's PYTHONPATH under `path`.
    """
    channel = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)

    def send(event: str, **more: Any) -> None:
        channel.write(json.dumps({"event": event, **more}) + "\n")

    wanted = json.loads(request)
    # Behind the side's own packages; the first layer adds the working directory behind these.
    sys.path += [folder for folder in wanted["path"] if folder not in sys.path]
    _judge(wanted, send)
    send("end")
    channel.flush()


def _judge(request: dict[str, Any], send: Callable[..., None]) -> None:
    from dropout_props.environment.errors import BrokenPair
    from dropout_props.environment.installed import smoke_test
    from dropout_props.environment.program import NoProgram
    from dropout_props.gate.own import difference
    from dropout_props.subjects.errors import UnknownSubject, WiringError

    trouble, name = "", request.get("record", "")
    program = None
    try:
        smoke_test()
        subjects = _subjects(request["subjects"])
        program = _program(name) if name else None
    except (BrokenPair, NoProgram, UnknownSubject, WiringError) as error:
        subjects, trouble = [], str(error)
    trouble = difference(request["own"]) or trouble  # a wrong Flax explains a broken pair
    if trouble:
        send("trouble", text=trouble)
        return
    from dropout_props.engine import Settings
    from dropout_props.engine.run import empty_result, run
    from dropout_props.engine.snapshot import take
    from dropout_props.properties import CATALOGUE, RECORDED, find
    from dropout_props.results import files

    properties = [find(one) for one in request["properties"]] or list(CATALOGUE)
    settings = Settings.of(
        run_seed=request["run_seed"], profile=request["profile"], false_fail_rate=request["budget"]
    ).listing(request.get("known"))
    number = len(subjects) * len(properties) + (len(RECORDED) if program else 0)
    blank = empty_result(settings, number)
    send("ready", run=files.document(blank)["run"])
    result = run(
        subjects,
        properties,
        settings,
        on_start=lambda subject, prop: send("start", pair=f"{subject.name} {prop.id}"),
        on_result=lambda one: send("result", result=files.property_result_to_json(one)),
    )
    complete = replace(result, collected=number, snapshot=take(subjects))
    if program is not None:
        send("start", pair=f"record {name}")
        try:
            complete = _recorded(complete, name, program)
        except RuntimeError as error:  # the program raised, or it cannot be recorded
            send("trouble", text=f"{name}: {error}")
            return
    send("complete", run=files.document(complete)["run"])


def _recorded(result: RunResult, name: str, program: Callable[..., Any]) -> RunResult:
    """Run a program under a record, and add its verdicts and its sites to a result.

    A program that draws nothing has no site and no verdict: the other side may have some.

    Raises:
        RecordingError: this JAX cannot be recorded.
        ProgramRaised: the program raised.
    """
    from dropout_props.auditing import NothingDrawn, record
    from dropout_props.auditing.sides import property_results, recorded_sites
    from dropout_props.environment.program import call

    assert result.snapshot is not None
    with record(run_seed=result.run_seed, budget=result.false_fail_rate) as seen:
        call(program, seen)
    try:
        verdicts = property_results(seen.judgement, name)
    except NothingDrawn:
        snapshot = replace(result.snapshot, not_seen=seen.not_seen)
        return replace(result, collected=len(result.results), snapshot=snapshot)
    return replace(
        result,
        results=(*result.results, *verdicts),
        snapshot=replace(result.snapshot, sites=recorded_sites(seen, name), not_seen=seen.not_seen),
    )


def _program(name: str) -> Callable[..., Any]:
    """Import a program; the working directory is searched behind the side's own packages.

    Raises:
        NoProgram: there is none of that name.
    """
    from dropout_props.environment.program import find

    if os.getcwd() not in sys.path:  # noqa: PTH109 - sys.path holds texts
        sys.path.append(os.getcwd())  # noqa: PTH109
    return find(name)


def _subjects(names: list[str]) -> list[Any]:
    from dropout_props.layers import registry

    return registry.load_all(names)
