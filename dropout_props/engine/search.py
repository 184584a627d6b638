"""Searches for a case that fails: explicit cases first, then cases that Hypothesis generates.

Guarantee: each distinct case is judged once, and its outcome is remembered by its digest, so a case
that is drawn twice counts once in the ledger. Hypothesis draws some cases again, and its first
one is often explicit: it draws more, until as many distinct cases are judged as the caller named.
The case that is returned depends on the arguments alone, not on the speed of the machine: a number
of cases limits shrinking. (Hypothesis has a limit of its own, five minutes of shrinking;
`SHRINK_CASES` cases of nine seconds each reach it.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hypothesis import strategies as st

    from dropout_props.cases.case import Case

__all__ = ["search"]

_MORE = 8
"""The most cases that Hypothesis draws for each distinct case that is judged."""

SHRINK_CASES = 32
"""Cases judged after the first failure; further ones count as passed, so that shrinking ends."""


def search(
    judge: Callable[[Case], Exception | None],
    *,
    explicit: Iterable[Case],
    strategy: st.SearchStrategy[Case],
    max_examples: int,
    seed: int,
) -> tuple[Case, Exception] | None:
    """Return the simplest failing case that was found, or None when no case fails.

    Args:
        judge: judges one case; returns how it failed, or None. What it raises is remembered and
            shrunk as a failure is, and raised for the simplest case.
        explicit: cases that are tried first, and count towards `max_examples`.
        strategy: generates the other cases.
        max_examples: number of distinct cases to judge, shrinking not counted. The explicit ones
            are among them, and all of those are judged.
        seed: seed of Hypothesis.

    Returns:
        The case and its failure.
    """
    outcomes: dict[str, Exception | None] = {}
    crashes: list[Exception] = []
    left = SHRINK_CASES
    failed = False

    def outcome(case: Case) -> Exception | None:
        nonlocal left, failed
        digest = case.digest()
        if digest not in outcomes:
            if failed and not left:
                return None
            if len(outcomes) >= most and not failed:
                return None
            left -= failed
            try:
                outcomes[digest] = judge(case)
            except Exception as crash:  # noqa: BLE001 (it is raised when the search ends)
                # Hypothesis calls a case again, and calls one flaky that does not fail again.
                outcomes[digest] = crash
                crashes.append(crash)
            failed = failed or outcomes[digest] is not None
        return outcomes[digest]

    always = tuple(explicit)
    most = max(max_examples, len(always))
    found: tuple[Case, Exception] | None = None
    for case in always:
        if (failure := outcome(case)) is not None:
            found = case, failure
            break
    remaining = most - len(outcomes)
    if found is None and remaining > 0:
        found = _generated(outcome, strategy, _MORE * remaining, seed)
    if found is not None and any(found[1] is crash for crash in crashes):
        raise found[1]
    return found


def _generated(
    outcome: Callable[[Case], Exception | None],
    strategy: st.SearchStrategy[Case],
    max_examples: int,
    seed: int,
) -> tuple[Case, Exception] | None:
    last: list[tuple[Case, Exception]] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=max_examples,
        phases=(Phase.generate, Phase.shrink),
        database=None,
        deadline=None,
        derandomize=False,
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=strategy)
    def attempt(case: Case) -> None:
        failure = outcome(case)
        if failure is not None:
            last[:] = [(case, failure)]
            raise failure

    try:
        attempt()
    except Exception:
        if not last:  # the judge did not raise it: it is a fault in a strategy
            raise
        return last[0]
    return None
