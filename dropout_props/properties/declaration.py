"""The declaration of a property: one sentence about dropout, and how it is decided.

A property is `Exact` (one counterexample refutes it, at no cost to the error budget) or
`Statistical` (it returns counts of Bernoulli trials whose success probability is known when the
property holds). Neither computes a p-value, an e-value or a verdict: the engine does, for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from hypothesis import strategies as st

from dropout_props.cases.case import Case
from dropout_props.cases.profiles import Profile
from dropout_props.properties.sampler import Sampler
from dropout_props.statistics import Interval, Trials
from dropout_props.subjects.subject import Subject, Traits
from dropout_props.subjects.traits import Ability

__all__ = [
    "LEVELS",
    "Exact",
    "Level",
    "NotRun",
    "Pairs",
    "Positions",
    "Property",
    "Statistical",
    "Violation",
]

Level: TypeAlias = Literal["core", "full", "framework"]

LEVELS: tuple[Level, ...] = ("core", "full", "framework")
"""The levels, each of which contains the ones before it."""

Cases: TypeAlias = Callable[[Profile, Traits], st.SearchStrategy[Case]]

Positions: TypeAlias = Callable[[Interval, "np.ndarray[Any, Any]", int], tuple[Trials, ...]]
"""Returns the families of a property from the keep probability, from how often each position of a
mask was kept (int64 of the shape of a mask), and from the number of masks."""


Pairs: TypeAlias = Callable[
    [Interval, "np.ndarray[Any, Any]", tuple[int, ...], int], tuple[Trials, ...]
]
"""Returns the families of a property from the keep probability, from how often each two positions
of a mask agree (int64[size, size]), from the shape of a mask, and from the number of masks."""


class Violation(Exception):
    """A counterexample to an exact property; the text says what was seen."""


class NotRun(Exception):
    """A case that says nothing here, or does not fit this machine; the text says which and why."""


@dataclass(frozen=True)
class Exact:
    """A property that one counterexample refutes.

    Args:
        cases: the strategy of its cases, given the profile and the subject's traits.
        check: raises `Violation` on a counterexample, and `NotRun` where the case cannot be
            judged; everything that it needs, keys included, comes from the sampler.
        explicit: cases that are always tried, first.
        weight: how many ordinary cases one of these costs: where each compiles, fewer are tried.
        one_program: each training call runs as one program, where the check needs many shapes; a
            violation then counts only if eager calls show it too. Not for a check of transforms,
            or of how values are rounded.
    """

    cases: Cases
    check: Callable[[Sampler], None]
    explicit: tuple[Case, ...] = ()
    weight: int = 1
    one_program: bool = False


@dataclass(frozen=True)
class Statistical:
    """A property about probabilities, in the form of counts.

    Args:
        cases: the strategy of its cases.
        observe: draws one block and returns its counts, a `Trials` for each family; the families,
            their members and their nulls are the same for every block of one case.
        discrepancies: for each family's label, the smallest deviation of the success probability
            that a pass excludes in profile `ci`, in standard deviations of one trial.
        explicit: cases that are always tried, first.
        relative: label of the family whose bias relative to its probability is E[y]/x - 1.
        also: a part that one counterexample refutes; checked after the counts, so that it hides no
            failure of theirs.
        few: how many distinct cases there are in a profile, where a property has only so many.
        name_of: names a member of a family in the text of a failure, given the sampler, the label,
            which family of that label it is and the number of the member. Without it the text has
            the number.
        positions: the families as a function of how often each position was kept, where that is
            all that `observe` counts: a campaign, and a check of many units, then count on the
            device.
        pairs: the same as a function of how often each two positions agree, for masks of at most
            `mask_statistics.MOST_PAIRED` units.
    """

    cases: Cases
    observe: Callable[[Sampler, int], tuple[Trials, ...]]
    discrepancies: Mapping[str, float]
    explicit: tuple[Case, ...] = ()
    relative: str | None = None
    also: Exact | None = None
    few: Callable[[Profile], int] | None = None
    name_of: Callable[[Sampler, str, int, int], str] | None = None
    positions: Positions | None = None
    pairs: Pairs | None = None

    def num_examples(self, profile: Profile, always: int) -> int:
        """Return how many cases are counted, of which `always` are always asked.

        It bounds the entries of the ledger: no case comes on top of it.
        """
        most = profile.statistical_examples if self.few is None else self.few(profile)
        return max(most, always)


@dataclass(frozen=True)
class Property:
    """One entry of the catalogue.

    Args:
        id: ``DPnnn``, never reused.
        name: what holds, in two to five words; 28 characters fit a table of 60 columns.
        statement: the statement about the layer, in one sentence.
        formula: the same as a formula.
        if_broken: what a user loses when it fails.
        assumes: conditions under which the decision is right.
        killed_by: names of the mutants that it must kill.
        blocked_by: ids of the properties that it depends on.
        explained_by: ids of properties whose failure explains a failure of this one, so that the
            report counts one root cause; the first that failed is named.
        decision: `Exact` or `Statistical`.
        needs: abilities without which the property does not apply to a subject.
        level: `core` for what dropout means, `full` for what a careful author adds, `framework` for
            what only the layer of a framework promises.
        since: the version of this package that introduced it.
        control: of a property that a project declares: a layer that must fail it.
    """

    id: str
    name: str
    statement: str
    formula: str
    if_broken: str
    assumes: str
    killed_by: tuple[str, ...]
    decision: Exact | Statistical
    blocked_by: tuple[str, ...] = ()
    explained_by: tuple[str, ...] = ()
    needs: tuple[Ability, ...] = ()
    level: Level = "full"
    since: str = "0.1"
    control: Subject | None = None

    def inapplicable(self, traits: Traits) -> str | None:
        """Return why the property does not apply to a subject with these traits, or None."""
        return next(filter(None, map(traits.lacks, self.needs)), None)

    def is_in(self, level: Level) -> bool:
        """Return whether a run at `level` judges the property."""
        return LEVELS.index(self.level) <= LEVELS.index(level)

    @property
    def is_own(self) -> bool:
        """Whether a project declared it, so that it has a share of another part of the budget."""
        return self.control is not None

    @property
    def is_statistical(self) -> bool:
        """Whether it uses a share of the error budget."""
        return isinstance(self.decision, Statistical)

    @property
    def exact(self) -> Exact | None:
        """The part that one counterexample refutes, if there is one."""
        return self.decision.also if isinstance(self.decision, Statistical) else self.decision

    @property
    def kind(self) -> str:
        """``exact`` or ``statistical``."""
        return "statistical" if self.is_statistical else "exact"
