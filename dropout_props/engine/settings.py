"""The settings of a run: run seed, budget, profile, list of known deviations."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from dropout_props.cases.profiles import PROFILES, Profile
from dropout_props.engine.budget import Budget
from dropout_props.engine.deviations import FRAMEWORKS_LIST, SHIPPED_LIST, Deviation, parse
from dropout_props.properties import CATALOGUE, Statistical
from dropout_props.properties.sampler import Sampler

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """The settings of a run.

    Args:
        run_seed: integer that enters every key.
        profile: how much is drawn.
        budget: both error rates, shared among all statistical properties of the catalogue.
        known: the list of known deviations.
        confirm: whether a failure is judged again with other keys and with a correct layer.
        sampler: class that draws; the self-test replaces it by one that draws exact trials.
    """

    run_seed: int = 0
    profile: Profile = PROFILES["ci"]
    budget: Budget = field(
        default_factory=lambda: Budget(num_properties=sum(c.is_statistical for c in CATALOGUE))
    )
    known: tuple[Deviation, ...] = (*SHIPPED_LIST, *FRAMEWORKS_LIST)
    confirm: bool = True
    sampler: type[Sampler] = Sampler

    @classmethod
    def of(
        cls, *, run_seed: int = 0, profile: str = "ci", false_fail_rate: float = 1e-9
    ) -> Settings:
        """Return settings from plain values.

        Raises:
            ValueError: an unknown profile, or a rate outside (0, 1).
        """
        if profile not in PROFILES:
            raise ValueError(f"profile={profile!r}: it must be one of {', '.join(PROFILES)}.")
        base = cls(run_seed=run_seed, profile=PROFILES[profile])
        return replace(base, budget=replace(base.budget, false_fail_rate=false_fail_rate))

    def listing(self, known: str | None) -> Settings:
        """Return these settings with another list of known deviations.

        Args:
            known: text of the list, empty for no list; None changes nothing.

        Raises:
            BadList: the text is not a list.
        """
        return self if known is None else replace(self, known=parse(known, "--known"))

    def allowing(self, more: tuple[Deviation, ...]) -> Settings:
        """Return these settings with more known deviations, such as those of a baseline."""
        return replace(self, known=(*self.known, *more))

    @property
    def promise(self) -> str:
        """The number of cases of the profile, and the discrepancies that a pass excludes."""
        promised = ", ".join(
            f"{prop.id} {self._excluded(prop.decision)}"
            for prop in CATALOGUE
            if isinstance(prop.decision, Statistical)
        )
        exact = max(
            self.profile.exact_examples, *(len(c.exact.explicit) for c in CATALOGUE if c.exact)
        )
        numbers = sorted(
            {
                prop.decision.num_examples(self.profile, len(prop.decision.explicit))
                for prop in CATALOGUE
                if isinstance(prop.decision, Statistical)
            }
        )
        counted = " to ".join(map(str, dict.fromkeys((numbers[0], numbers[-1]))))
        return (
            f"{self.profile.name}: up to {exact} cases of an exact property, "
            f"{counted} of a statistical one; a pass excludes, in "
            f"standard deviations of one trial, {promised}"
        )

    def _excluded(self, decision: Statistical) -> str:
        """Return the discrepancies that a pass excludes, from the finest to the coarsest family."""
        promised = decision.discrepancies.values()
        ends = dict.fromkeys((min(promised), max(promised)))
        return " to ".join(f"{self.profile.discrepancy_factor * end:.2g}" for end in ends)

    def search_seed(self, property_id: str) -> int:
        """Return the seed of Hypothesis for a property: the same for every subject and process."""
        text = f"{self.run_seed}|{property_id}|search"
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
