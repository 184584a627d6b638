"""The seven verdicts, and which of them let a run pass."""

from __future__ import annotations

from enum import Enum

__all__ = ["Verdict"]


class Verdict(str, Enum):
    """What follows from the evidence about one property and one subject."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    BLOCKED = "blocked"
    NOT_APPLICABLE = "not applicable"
    KNOWN = "known"
    ERROR = "error"

    @property
    def fails_run(self) -> bool:
        """Whether a run with this verdict exits with 1. BLOCKED has its root cause elsewhere."""
        return self in (Verdict.FAIL, Verdict.ERROR)

    @property
    def blocks(self) -> bool:
        """Whether properties that stand on this one are BLOCKED."""
        return self in (Verdict.FAIL, Verdict.ERROR, Verdict.KNOWN, Verdict.BLOCKED)

    def __str__(self) -> str:
        return self.value
