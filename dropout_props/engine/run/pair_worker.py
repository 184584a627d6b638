"""Runs in a worker process: receives the subjects once, and judges one pair at a time.

Subjects and judge stay alive between pairs, so that the next pair reuses compiled programs and
results. cloudpickle transfers the subjects, so that they may come from a test or a notebook.
"""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cloudpickle

from dropout_props.engine import Judge
from dropout_props.engine.snapshot import take_one
from dropout_props.environment import installed
from dropout_props.properties import find, own_properties
from dropout_props.properties.own import register

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dropout_props.engine import Settings
    from dropout_props.results.records import PropertyResult, SubjectSnapshot
    from dropout_props.subjects.subject import Subject

__all__ = ["Done", "NotPicklable", "PairWorker", "Task", "new_judge"]


class NotPicklable(ValueError):
    """A subject cannot be sent to a worker process; the text says why, and what to do."""


def new_judge(settings: Settings) -> Judge:
    """Return a judge for the installed versions and the current flags."""
    return Judge(settings, installed.probe().conditions)


@dataclass(frozen=True)
class Task:
    """One pair to judge, or one snapshot to take, as plain values.

    Args:
        subject: number of the subject.
        property_id: id of the property; empty to take the snapshot of the subject.
        prerequisites: results of the subject that the property depends on.
    """

    subject: int
    property_id: str
    prerequisites: tuple[PropertyResult, ...] = ()


@dataclass(frozen=True)
class Done:
    """The result of a task, and what the layer printed meanwhile.

    Args:
        result: of the pair, or the snapshot.
        printed: the text on standard output.
    """

    result: PropertyResult | SubjectSnapshot
    printed: str = ""


class PairWorker:
    """Runs tasks, in the process to which it is sent.

    Args:
        subjects: tasks refer to them by their index in this list.
        settings: run seed, profile, budget, known deviations.

    Raises:
        NotPicklable: a subject cannot be pickled.
    """

    def __init__(self, subjects: Sequence[Subject], settings: Settings) -> None:
        self._names = [subject.name for subject in subjects]
        self._pickled = [_pickle(subject) for subject in subjects]
        self._own = cloudpickle.dumps(own_properties())  # this process has imported their modules
        self._settings = settings
        self._subjects: dict[int, Subject] = {}
        self._judge: Judge | None = None

    def __call__(self, task: Task) -> Done:
        """Run one task, and keep off standard output what its layer prints.

        Raises:
            NotPicklable: the subject cannot be unpickled in this process.
        """
        with redirect_stdout(io.StringIO()) as printed:  # its owner counts the lines, or shows them
            result = self._run(task)
        return Done(result, printed.getvalue())

    def _run(self, task: Task) -> PropertyResult | SubjectSnapshot:
        subject = self._subject(task.subject)
        if not task.property_id:
            return take_one(subject)
        if self._judge is None:
            for prop in cloudpickle.loads(self._own):
                register(prop)
            self._judge = new_judge(self._settings)
        self._judge.reuse(subject, task.prerequisites)
        return self._judge(subject, find(task.property_id))

    def _subject(self, number: int) -> Subject:
        if number not in self._subjects:
            try:
                self._subjects[number] = cloudpickle.loads(self._pickled[number])
            except Exception as error:
                raise NotPicklable(_message(self._names[number], "loaded in", error)) from error
        return self._subjects[number]


def _pickle(subject: Subject) -> bytes:
    try:
        data: bytes = cloudpickle.dumps(subject)
    except Exception as error:
        raise NotPicklable(_message(subject.name, "sent to", error)) from error
    return data


def _message(name: str, what: str, error: Exception) -> str:
    why = " ".join(str(error).split()) or "no message"
    return (
        f"{name} cannot be {what} a worker process ({type(error).__name__}: {why}). Define its "
        "layer at the top of a module that can be imported, or run without -n, --timeout and "
        "--cluster."
    )
