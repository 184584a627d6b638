"""Runs the sides of a gate at the same time, each in a process of its own.

Guarantee: each side gives a result. Where its environment cannot be made, or its process crashes or
takes too long, the result says so and holds the pairs that were judged by then; the other side goes
on. A side is never retried.
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

__all__ = ["SideJob", "SideStatus", "empty_result", "run_all", "run_one"]


@dataclass(frozen=True)
class SideJob:
    """One side: its name, how to get its environment, and what to judge there.

    Args:
        label: name of the side in reports.
        prepare: returns the environment; raises when it cannot be made.
        request: subjects, properties, profile, run seed, budget; under `known` the text of a list
            of known deviations that replaces the one that ships, or None.
        timeout: seconds until the side is stopped.
    """

    label: str
    prepare: Callable[[], Built]
    request: dict[str, Any]
    timeout: float = 3600.0


@dataclass
class SideStatus:
    """The progress of a side while it runs; a display reads it."""

    label: str
    doing: str = "making the environment"
    done: int = 0
    total: int | None = None
    notes: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None


def run_all(
    jobs: list[SideJob], *, show: Callable[[list[SideStatus]], None], every: float = 0.2
) -> list[RunResult]:
    """Run all sides at once.

    Args:
        jobs: the sides.
        show: called with the status of all sides, again and again while they run.
        every: seconds between two such calls.

    Returns:
        One result for each side, in order.
    """
    statuses = [SideStatus(job.label) for job in jobs]
    results: list[RunResult | None] = [None] * len(jobs)

    def work(index: int) -> None:
        results[index] = _run(jobs[index], statuses[index])

    threads = [threading.Thread(target=work, args=(i,), daemon=True) for i in range(len(jobs))]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(every)
                show(statuses)
        show(statuses)
    finally:  # after an interrupt, no process may be left behind
        for status in statuses:
            if status.process is not None and status.process.poll() is None:
                status.process.kill()
    return [
        empty_result(job, "it gave no result") if result is None else result
        for job, result in zip(jobs, results, strict=True)
    ]


def run_one(job: SideJob) -> RunResult:
    """Run one side, and show nothing meanwhile."""
    return _run(job, SideStatus(job.label))


def empty_result(job: SideJob, trouble: str) -> RunResult:
    """Return the result of a side that judged nothing, and why."""
    request = job.request
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


def _run(job: SideJob, status: SideStatus) -> RunResult:
    from dropout_props.environment.releases import BadSpec
    from dropout_props.gate.uv import CannotBuild

    try:
        built = job.prepare()
    except (CannotBuild, BadSpec) as error:
        status.doing = "could not be made"
        return empty_result(job, str(error))
    except Exception as error:  # noqa: BLE001 (the other side goes on)
        status.doing = "could not be made"
        return empty_result(
            job, f"its environment could not be made: {type(error).__name__}: {error}."
        )
    status.notes = built.notes
    status.doing = "starting"
    try:
        found = interpreter.examine(
            built, timeout=job.timeout, started=lambda one: setattr(status, "process", one)
        )
    except interpreter.Refused as error:
        status.doing = "could not be used"
        return empty_result(job, str(error))
    more = {"own": found.modules, "path": interpreter.callers_path()}
    job = replace(job, request=job.request | more)
    variables, note = compilation_cache.settings(
        built.compilation_cache, found.modules["jax"]["version"]
    )
    if note:
        status.notes += (f"{job.label}: {note}",)
    return _Listener(job, status, built, variables).listen()


class _Listener:
    """Starts the process of one side, and collects the events that its worker sends."""

    def __init__(
        self, job: SideJob, status: SideStatus, built: Built, variables: dict[str, str]
    ) -> None:
        self._job, self._status, self._built = job, status, built
        self._variables = variables
        self._result = empty_result(job, "")
        self._judged: list[PropertyResult] = []
        self._trouble = ""
        self._complete = False
        self._late = False
        self._doing = ""

    def listen(self) -> RunResult:
        request = json.dumps(self._job.request)
        command = interpreter.command(self._built, "dropout_props.gate.worker", "main", request)
        try:
            process = subprocess.Popen(  # noqa: S603 (the interpreter of the side)
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
        self._status.process = process
        stderr: list[str] = []
        drain = threading.Thread(target=_drain, args=(process.stderr, stderr), daemon=True)
        drain.start()
        timer = threading.Timer(self._job.timeout, self._stop, args=(process,))
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
        return self._end(code, stderr)

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
            self._status.total = self._result.collected
            self._status.versions = self._result.versions
        elif kind == "start":
            self._status.doing = event["pair"]
        elif kind == "result":
            self._judged.append(files.property_result_from_json(event["result"]))
            self._status.done += 1
        elif kind == "complete":
            self._result = files.run_of(event["run"])
            self._judged = list(self._result.results)
            self._complete = True

    def _end(self, code: int, stderr: list[str]) -> RunResult:
        self._doing = self._status.doing
        self._status.doing = "done" if self._complete else "stopped"
        if self._complete:
            return self._result
        return replace(
            self._result,
            results=tuple(self._judged),
            stopped=self._trouble or self._why(code, stderr),
        )

    def _why(self, code: int, stderr: list[str]) -> str:
        """Say how the process ended before its work was done, and what to do."""
        at = f"at {self._doing!r}" if self._judged else "before it judged anything"
        if self._late:
            return (
                f"it was stopped after {self._job.timeout:g} s, {self._status.done} of "
                f"{self._status.total or 'unknown'} pairs judged: allow more with --timeout, or "
                "judge less with --property or --profile smoke."
            )
        last = interpreter.last_line("".join(stderr))
        subjects = " ".join(self._job.request["subjects"])
        return (
            f"it crashed {at} (exit status {code}; its last line: {last}). To see more: "
            f"{interpreter.by_hand(self._built, 'check', subjects)}"
        )


def _drain(stream: Any, into: list[str]) -> None:
    for line in stream:
        into.append(line)
        del into[:-50]
