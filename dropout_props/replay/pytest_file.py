"""Writes a failure as a test that uses this package; `judge_again` is what the test calls."""

from __future__ import annotations

from dataclasses import asdict
from textwrap import fill
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dropout_props.replay.find import Found

__all__ = ["docstring", "judge_again", "test_file"]

_TEST = '''{docstring}

from dropout_props.replay.pytest_file import judge_again


def test_{name}() -> None:
    """{property} holds."""
    judge_again(
{arguments}
    )
'''


def docstring(title: str, *paragraphs: str) -> str:
    """Returns the docstring of a module that is written."""
    filled = [fill(" ".join(one.split()), 100) for one in paragraphs]
    text = "\n\n".join([title, *filled]).replace("\\", "\\\\").replace('"""', "'''")
    return f'"""{text}\n"""'


def test_file(found: Found) -> str:
    """Returns a test that judges the failed case; or the whole property, if no one case failed."""
    from dropout_props.engine.failure_ids import case_of

    run, result, case = found.run, found.result, found.replay.case
    arguments = {"run_seed": run.run_seed, "profile": run.profile, "source": found.replay.source}
    if case is not None and found.replay.decided in ("counterexample", "example"):
        arguments |= asdict(case_of(case))
    shown = [repr(result.subject), repr(result.property_id)]
    shown += [f"{name}={value!r}" for name, value in arguments.items()]
    words = f"{result.subject}_{result.property_id}".lower()
    return _TEST.format(
        docstring=docstring(
            f"{result.subject}, {result.property_id} {result.name}: the failed case, as a test.",
            f"Seen: {result.failure.seen if result.failure else result.shown}",
        ),
        name="".join(one if one.isalnum() else "_" for one in words),
        property=f"{result.property_id} {result.name}",
        arguments="\n".join(f"        {one}," for one in shown),
    )


def judge_again(
    subject: str, property_id: str, *, run_seed: int, profile: str, source: str = "", **case: Any
) -> None:
    """Judges one case, or the whole property when no case is given.

    Args:
        subject: name or path of the subject.
        property_id: id of the property.
        run_seed: run seed of the run that failed.
        profile: profile of the run that failed.
        source: ``module:attr`` of a subject that has no name of its own.
        **case: fields of `dropout_props.Case`.

    Raises:
        AssertionError: the failure still occurs.
    """
    from dropout_props.cases.case import Case
    from dropout_props.engine import Settings
    from dropout_props.engine.failure_ids import record_of
    from dropout_props.engine.run import empty_result
    from dropout_props.properties import find
    from dropout_props.replay.find import Ending, Found, replay
    from dropout_props.results.records import PropertyResult, Replay
    from dropout_props.results.verdict import Verdict

    prop = find(property_id)
    decided = "ledger"
    if case:
        decided = "example" if prop.is_statistical else "counterexample"
    record = Replay("", decided, source, record_of(Case(**case)) if case else None)
    run = empty_result(Settings.of(run_seed=run_seed, profile=profile), 1)
    result = PropertyResult(subject, property_id, prop.name, prop.kind, Verdict.FAIL)
    again = replay(Found(run, result, record))
    assert again.ending is Ending.FIXED, f"{subject} {property_id}: {again.seen}"
