"""Runs in the environment of one side: judges, and tells the gate each result as it comes.

The request is one JSON argument; each line of standard output is one JSON event. Whatever a
subject prints goes to standard error, so that it cannot pass for an event. Nothing is judged where
this process imported another Flax or JAX than its interpreter has by itself.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["main"]


def main(request: str) -> None:
    """Judge what `request` asks for."""
    channel = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)

    def tell(event: str, **more: Any) -> None:
        channel.write(json.dumps({"event": event, **more}) + "\n")

    asked = json.loads(request)
    # After what the side has itself; the working directory comes behind them, at the first layer.
    sys.path += [folder for folder in asked["path"] if folder not in sys.path]
    _judge(asked, tell)
    tell("end")
    channel.flush()


def _judge(request: dict[str, Any], tell: Callable[..., None]) -> None:
    from dropout_props.environment.errors import BrokenPair
    from dropout_props.environment.installed import smoke_test
    from dropout_props.gate.own import difference
    from dropout_props.subjects.errors import UnknownSubject, WiringError

    trouble = ""
    try:
        smoke_test()
        subjects = _subjects(request["subjects"])
    except (BrokenPair, UnknownSubject, WiringError) as error:
        subjects, trouble = [], str(error)
    trouble = difference(request["own"]) or trouble  # a wrong Flax is why a pair is broken
    if trouble:
        tell("trouble", text=trouble)
        return
    from dropout_props.engine import Settings
    from dropout_props.engine.run import empty_result, run
    from dropout_props.engine.snapshot import take
    from dropout_props.properties import CATALOGUE, find
    from dropout_props.results import files

    properties = [find(one) for one in request["properties"]] or list(CATALOGUE)
    settings = Settings.of(
        run_seed=request["run_seed"], profile=request["profile"], false_fail_rate=request["budget"]
    ).listing(request.get("known"))
    blank = empty_result(settings, len(subjects) * len(properties))
    tell("ready", run=files.document(blank)["run"])
    result = run(
        subjects,
        properties,
        settings,
        on_start=lambda subject, prop: tell("start", pair=f"{subject.name} {prop.id}"),
        on_result=lambda one: tell("result", result=files.property_result_to_json(one)),
    )
    tell("start", pair="canonical questions")
    snapshot = take(subjects)
    whole = replace(result, snapshot=snapshot)
    tell("whole", run=files.document(whole)["run"])


def _subjects(names: list[str]) -> list[Any]:
    from dropout_props.layers import registry

    return registry.load_all(names)
