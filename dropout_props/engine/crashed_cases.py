"""Cases in which a subject raised, beside those in which the same property was judged.

Guarantee: a crash is the verdict of its case. The property is an ERROR, and the text says at which
cases; what was judged in the others counts, and properties that depend on it are judged too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dropout_props.cases.case import Case
    from dropout_props.subjects.subject import Crashed

__all__ = ["Crash", "Crashes"]


@dataclass(frozen=True)
class Crash:
    """What a subject raised in some of the cases of a property.

    Attributes:
        error: the first error.
        where: a sentence on the cases in which the subject raised, and on the others.
    """

    error: Crashed
    where: str


@dataclass
class Crashes:
    """Collects the cases of a property in which a subject raised.

    Attributes:
        found: each case with its error.
    """

    found: list[tuple[Case, Crashed]] = field(default_factory=list)

    def add(self, case: Case, error: Crashed) -> None:
        """Note that the subject raised in this case."""
        self.found.append((case, error))

    def beside(self, judged: Sequence[Case]) -> Crash | None:
        """Return what the subject raised beside the cases that were judged; None if nothing.

        Raises:
            Crashed: no case was judged.
        """
        if not self.found:
            return None
        if not judged:
            raise self.found[0][1]
        cases = [case for case, _ in self.found]
        number, most = len(cases), len(cases) + len(judged)
        common = _in_common(cases, judged)
        where = f"It raised in {number} of {most} cases{common}; the first is ({cases[0]})"
        return Crash(self.found[0][1], f"{where}; the others show no counterexample.")


def _in_common(raised: Sequence[Case], judged: Sequence[Case]) -> str:
    """Return in words what all cases that raised have, and none of the others."""
    ours, others = [one.rate for one in raised], [one.rate for one in judged]
    found = []
    if min(ours) > max(others):
        found.append(f"a rate of {min(ours):g} or more (the others at most {max(others):g})")
    if max(ours) < min(others):
        found.append(f"a rate of {max(ours):g} or less (the others at least {min(others):g})")
    for name in ("values", "dtype"):
        alike = {getattr(one, name) for one in raised}
        if alike.isdisjoint(getattr(one, name) for one in judged):
            found.append(f"{name}={' or '.join(sorted(alike))}")
    return f", which alone have {' and '.join(found)}" if found else ""
