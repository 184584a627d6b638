"""Hypothesis drives the search for a case that fails: explicit cases first, then generated ones.

Each distinct case is judged once; its outcome is remembered by its digest, so that a case drawn
twice counts once in the ledger, and shrinking and replay see the same outcome every time.
Hypothesis draws some cases again, and its first one is often among the explicit ones: it is asked
for more, and distinct cases are judged until there are as many as were asked for.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hypothesis import strategies as st

    from dropout_props.cases.case import Case

__all__ = ["search"]

_MORE = 8
"""Cases that Hypothesis draws for each one that is judged; where there are no more, fewer are."""

SHRINK_SECONDS = 10.0
"""After this long, cases not yet judged count as good, so that shrinking comes to an end."""


def search(
    judge: Callable[[Case], Exception | None],
    *,
    explicit: Iterable[Case],
    strategy: st.SearchStrategy[Case],
    max_examples: int,
    seed: int,
) -> tuple[Case, Exception] | None:
    """Return the simplest failing case that was found, and how it failed; None when none fails.

    Args:
        judge: judges one case; returns how it failed, or None.
        explicit: cases that are tried first, and count towards `max_examples`.
        strategy: generates the others.
        max_examples: how many distinct cases are judged, shrinking not counted; the explicit ones
            are among them, and all of them are judged in any case.
        seed: of Hypothesis.
    """
    outcomes: dict[str, Exception | None] = {}
    failed_at: list[float] = []

    def outcome(case: Case) -> Exception | None:
        digest = case.digest()
        if digest not in outcomes:
            if failed_at and monotonic() - failed_at[0] > SHRINK_SECONDS:
                return None
            if len(outcomes) >= most and not failed_at:
                return None
            outcomes[digest] = judge(case)
            if outcomes[digest] is not None and not failed_at:
                failed_at.append(monotonic())
        return outcomes[digest]

    always = tuple(explicit)
    most = max(max_examples, len(always))
    for case in always:
        if (failure := outcome(case)) is not None:
            return case, failure
    remaining = most - len(outcomes)
    return _generated(outcome, strategy, _MORE * remaining, seed) if remaining > 0 else None


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
        if not last:  # not one of ours: a fault in a strategy
            raise
        return last[0]
    return None
