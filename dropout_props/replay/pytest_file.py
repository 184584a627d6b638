"""`ask_again`: what a test file of `dropout-props replay --pytest` calls."""

from __future__ import annotations

from typing import Any

__all__ = ["ask_again"]


def ask_again(
    subject: str, property_id: str, *, run_seed: int, profile: str, source: str = "", **case: Any
) -> None:
    """Ask one case, or the whole property when no case is given; fail as an assertion does.

    Args:
        subject: name or path of the subject.
        property_id: id of the property.
        run_seed: of the run that failed.
        profile: of the run that failed.
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

    found_property = find(property_id)
    decided = "ledger"
    if case:
        decided = "example" if found_property.is_statistical else "counterexample"
    record = Replay("", decided, source, record_of(Case(**case)) if case else None)
    run = empty_result(Settings.of(run_seed=run_seed, profile=profile), 1)
    result = PropertyResult(
        subject, property_id, found_property.name, found_property.kind, Verdict.FAIL
    )
    again = replay(Found(run, result, record))
    assert again.ending is Ending.FIXED, f"{subject} {property_id}: {again.seen}"
