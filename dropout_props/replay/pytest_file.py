"""`ask_again`: what a test file of `dropout-props replay --pytest` calls."""

from __future__ import annotations

from typing import Any

__all__ = ["ask_again"]


def ask_again(
    subject: str, claim: str, *, salt: int, profile: str, source: str = "", **case: Any
) -> None:
    """Ask one case, or the whole claim when no case is given; fail as an assertion does.

    Args:
        subject: name or path of the subject.
        claim: id of the claim.
        salt: of the run that failed.
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
    from dropout_props.results.records import ClaimResult, Replay
    from dropout_props.results.verdict import Verdict

    found_claim = find(claim)
    decided = "ledger"
    if case:
        decided = "example" if found_claim.is_statistical else "counterexample"
    record = Replay("", decided, source, record_of(Case(**case)) if case else None)
    run = empty_result(Settings.of(salt=salt, profile=profile), 1)
    result = ClaimResult(subject, claim, found_claim.name, found_claim.kind, Verdict.FAIL)
    again = replay(Found(run, result, record))
    assert again.ending is Ending.FIXED, f"{subject} {claim}: {again.seen}"
