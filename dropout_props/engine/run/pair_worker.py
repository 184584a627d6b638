"""What a worker process does: it gets the subjects once, and judges one pair at a time.

It keeps its subjects and its judge between pairs, so that what one pair compiled or judged serves
the next one. Subjects travel by cloudpickle, so that those of a test or a notebook do too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cloudpickle

from dropout_props.engine import Judge
from dropout_props.engine.snapshot import take_one
from dropout_props.environment import installed
from dropout_props.properties import find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dropout_props.engine import Settings
    from dropout_props.results.records import PropertyResult, SubjectSnapshot
    from dropout_props.subjects.subject import Subject

__all__ = ["Bench", "CannotTravel", "Task", "new_judge"]


class CannotTravel(ValueError):
    """A subject cannot be sent to another process; the text says why and what to do."""


def new_judge(settings: Settings) -> Judge:
    """Return a judge that knows what is installed, and which flags are set."""
    return Judge(settings, installed.probe().conditions)


@dataclass(frozen=True)
class Task:
    """One thing to do, as plain values.

    Args:
        subject: its number.
        property_id: id of the property to judge; empty to take the snapshot of the subject.
        settled: results about the subject that the property stands on.
    """

    subject: int
    property_id: str
    settled: tuple[PropertyResult, ...] = ()


class Bench:
    """Does tasks, in the process that it was sent to.

    Args:
        subjects: tasks name them by their place in this list.
        settings: run seed, profile, budget, known deviations.

    Raises:
        CannotTravel: a subject cannot be written down for another process.
    """

    def __init__(self, subjects: Sequence[Subject], settings: Settings) -> None:
        self._names = [subject.name for subject in subjects]
        self._parcels = [_packed(subject) for subject in subjects]
        self._settings = settings
        self._subjects: dict[int, Subject] = {}
        self._judge: Judge | None = None

    def __call__(self, task: Task) -> PropertyResult | SubjectSnapshot:
        """Do one task.

        Raises:
            CannotTravel: the subject cannot be loaded here.
        """
        subject = self._subject(task.subject)
        if not task.property_id:
            return take_one(subject)
        if self._judge is None:
            self._judge = new_judge(self._settings)
        self._judge.take_over(subject, task.settled)
        return self._judge(subject, find(task.property_id))

    def _subject(self, number: int) -> Subject:
        if number not in self._subjects:
            try:
                self._subjects[number] = cloudpickle.loads(self._parcels[number])
            except Exception as error:
                raise CannotTravel(_cannot(self._names[number], "loaded in", error)) from error
        return self._subjects[number]


def _packed(subject: Subject) -> bytes:
    try:
        packed: bytes = cloudpickle.dumps(subject)
    except Exception as error:
        raise CannotTravel(_cannot(subject.name, "sent to", error)) from error
    return packed


def _cannot(name: str, what: str, error: Exception) -> str:
    why = " ".join(str(error).split()) or "no message"
    return (
        f"{name} cannot be {what} a worker process ({type(error).__name__}: {why}). Define its "
        "layer at the top of a module that can be imported, or run without -n and --timeout."
    )
