"""The seven verdicts, and which of them let a run pass."""

from __future__ import annotations

from enum import Enum

__all__ = ["Verdict"]


class Verdict(str, Enum):
    """The conclusion about one property of one subject."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    BLOCKED = "blocked"
    NOT_APPLICABLE = "not applicable"
    KNOWN = "known"
    ERROR = "error"

    @property
    def fails_run(self) -> bool:
        """Whether a run with this verdict exits with 1; for BLOCKED its root cause decides."""
        return self in (Verdict.FAIL, Verdict.ERROR)

    @property
    def blocks(self) -> bool:
        """Whether properties that depend on this one are BLOCKED."""
        return self in (Verdict.FAIL, Verdict.ERROR, Verdict.KNOWN, Verdict.BLOCKED)

    def __str__(self) -> str:
        return self.value
