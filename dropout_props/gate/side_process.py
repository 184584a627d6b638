"""Runs both sides at once, a process each, and makes a result of whatever each could tell.

A side that cannot be made, crashes or takes too long gives a result that says so, with what it had
judged by then; the other side is not touched by it.
"""

from __future__ import annotations

import json
import subprocess
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dropout_props.gate import compilation_cache, interpreter
from dropout_props.results.records import RunResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropout_props.gate.environments import Built
    from dropout_props.results.records import PropertyResult

__all__ = ["SideJob", "SideStatus", "run_all"]


@dataclass(frozen=True)
class SideJob:
    """One side: what to call it, how to get its interpreter, and what to ask.

    Args:
        label: what reports call it.
        prepare: returns the environment; raises when there can be none.
        request: subjects, properties, profile, run seed, budget; under `known` the text of a list
            of known deviations that replaces the one that ships, or None.
        timeout: seconds until it is stopped.
    """

    label: str
    prepare: Callable[[], Built]
    request: dict[str, Any]
    timeout: float = 3600.0


@dataclass
class SideStatus:
    """What is known of a side by now; the display reads it."""

    label: str
    doing: str = "making the environment"
    done: int = 0
    total: int | None = None
    notes: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None


def run_all(
    asked: list[SideJob], *, show: Callable[[list[SideStatus]], None], every: float = 0.2
) -> list[RunResult]:
    """Run the sides at once and return one result each, in order.

    Args:
        asked: the sides.
        show: called again and again with what is known, while they run.
        every: seconds between two such calls.
    """
    running = [SideStatus(one.label) for one in asked]
    results: list[RunResult | None] = [None] * len(asked)

    def work(index: int) -> None:
        results[index] = _run(asked[index], running[index])

    threads = [threading.Thread(target=work, args=(i,), daemon=True) for i in range(len(asked))]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(every)
                show(running)
        show(running)
    finally:  # interrupted: leave no process behind
        for one in running:
            if one.process is not None and one.process.poll() is None:
                one.process.kill()
    return [
        _blank(one, "it gave no result") if r is None else r
        for one, r in zip(asked, results, strict=True)
    ]


def _blank(asked: SideJob, trouble: str) -> RunResult:
    request = asked.request
    return RunResult(
        versions={},
        flags={},
        run_seed=request["run_seed"],
        profile=request["profile"],
        false_fail_rate=request["budget"],
        false_pass_rate=1e-3,
        share=request["budget"],
        num_properties=0,
        collected=0,
        stopped=trouble,
    )


def _run(asked: SideJob, state: SideStatus) -> RunResult:
    from dropout_props.environment.releases import BadSpec
    from dropout_props.gate.uv import CannotBuild

    try:
        built = asked.prepare()
    except (CannotBuild, BadSpec) as error:
        state.doing = "could not be made"
        return _blank(asked, str(error))
    except Exception as error:  # noqa: BLE001 (the other side goes on)
        state.doing = "could not be made"
        return _blank(asked, f"its environment could not be made: {type(error).__name__}: {error}.")
    state.notes = built.notes
    state.doing = "starting"
    try:
        found = interpreter.examine(
            built, timeout=asked.timeout, started=lambda one: setattr(state, "process", one)
        )
    except interpreter.Refused as error:
        state.doing = "could not be used"
        return _blank(asked, str(error))
    more = {"own": found.modules, "path": interpreter.callers_path()}
    asked = replace(asked, request=asked.request | more)
    variables, note = compilation_cache.settings(built.compiled, found.modules["jax"]["version"])
    if note:
        state.notes += (f"{asked.label}: {note}",)
    return _Listener(asked, state, built, variables).listen()


class _Listener:
    """Starts one side and collects its events."""

    def __init__(
        self, asked: SideJob, state: SideStatus, built: Built, variables: dict[str, str]
    ) -> None:
        self._asked, self._state, self._built = asked, state, built
        self._variables = variables
        self._result = _blank(asked, "")
        self._judged: list[PropertyResult] = []
        self._trouble = ""
        self._whole = False
        self._late = False
        self._doing = ""

    def listen(self) -> RunResult:
        request = json.dumps(self._asked.request)
        command = interpreter.command(self._built, "dropout_props.gate.worker", "main", request)
        try:
            process = subprocess.Popen(  # noqa: S603 (the interpreter that the reader named)
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                env=interpreter.variables(self._built) | self._variables,
            )
        except OSError as error:
            return replace(
                self._result, stopped=f"{self._built.interpreter} cannot be started: {error}."
            )
        self._state.process = process
        said: list[str] = []
        drain = threading.Thread(target=_drain, args=(process.stderr, said), daemon=True)
        drain.start()
        timer = threading.Timer(self._asked.timeout, self._stop, args=(process,))
        timer.start()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                self._take(json.loads(line))
            code = process.wait()
        finally:
            timer.cancel()
            drain.join(5)
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
        return self._end(code, said)

    def _stop(self, process: subprocess.Popen[str]) -> None:
        self._late = True
        process.kill()

    def _take(self, event: dict[str, Any]) -> None:
        from dropout_props.results import files

        kind = event["event"]
        if kind == "trouble":
            self._trouble = event["text"]
        elif kind == "ready":
            self._result = files.run_of(event["run"])
            self._state.total = self._result.collected
            self._state.versions = self._result.versions
        elif kind == "start":
            self._state.doing = event["pair"]
        elif kind == "result":
            self._judged.append(files.property_result_from_json(event["result"]))
            self._state.done += 1
        elif kind == "whole":
            self._result = files.run_of(event["run"])
            self._judged = list(self._result.results)
            self._whole = True

    def _end(self, code: int, said: list[str]) -> RunResult:
        self._doing = self._state.doing
        self._state.doing = "done" if self._whole else "stopped"
        if self._whole:
            return self._result
        return replace(
            self._result,
            results=tuple(self._judged),
            stopped=self._trouble or self._why(code, said),
        )

    def _why(self, code: int, said: list[str]) -> str:
        at = f"at {self._doing!r}" if self._judged else "before it judged anything"
        if self._late:
            return (
                f"it was stopped after {self._asked.timeout:g} s, {self._state.done} of "
                f"{self._state.total or 'unknown'} pairs judged: allow more with --timeout, or ask "
                "less with --property or --profile smoke."
            )
        last = ([line.strip() for line in said if line.strip()] or ["nothing"])[-1]
        subjects = " ".join(self._asked.request["subjects"])
        return (
            f"it crashed {at} (exit status {code}; its last words: {last[:300]}). To see more: "
            f"{interpreter.by_hand(self._built, 'check', subjects)}"
        )


def _drain(stream: Any, into: list[str]) -> None:
    for line in stream:
        into.append(line)
        del into[:-50]
