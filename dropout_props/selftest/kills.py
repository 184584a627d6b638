"""The kill matrix: one record per (layer, property, run seed), and the conclusions from all.

Guarantee: it lists each mutant that survives, each property that kills nothing, and each control
that is flagged. Cannot say: whether the suite sees a fault that no mutant has.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

__all__ = ["Kill", "KillMatrix"]

_HARMLESS = ("pass", "not applicable", "known")


@dataclass(frozen=True)
class Kill:
    """One verdict on one layer.

    Args:
        mutant: name of the mutant or control.
        api: `linen` or `nnx`.
        property_id: id of the property.
        run_seed: the run seed.
        verdict: the verdict, in the words of reports.
        expected: whether the property must kill this mutant.
        control: whether the layer is a control.
        live: whether the installed Flax has the same fault, as a known deviation.
        draws: number of units drawn until the verdict; 0 for an exact property.
        seconds: time until the verdict, with compilation.
        shown: the observation, one line.
    """

    mutant: str
    api: str
    property_id: str
    run_seed: int
    verdict: str
    expected: bool
    control: bool
    live: bool
    draws: int
    seconds: float
    shown: str

    @property
    def killed(self) -> bool:
        """Whether the property killed the mutant."""
        return self.verdict == "fail" or (self.live and self.verdict == "known")

    def __str__(self) -> str:
        layer = f"{self.mutant} ({self.api}, run seed {self.run_seed})"
        return f"{layer}: {self.property_id} {self.verdict}"


@dataclass(frozen=True)
class KillMatrix:
    """All verdicts of a run.

    Args:
        profile: name of the profile.
        run_seeds: the run seeds.
        properties: ids of the judged properties.
        kills: the verdicts, in the order of the tasks.
        whole: whether all mutants were judged; only then can a property be idle.
    """

    profile: str
    run_seeds: tuple[int, ...]
    properties: tuple[str, ...]
    kills: tuple[Kill, ...]
    whole: bool = True

    @cached_property
    def survivors(self) -> tuple[Kill, ...]:
        """Verdicts of properties that did not kill a mutant that they must kill."""
        return tuple(one for one in self.kills if one.expected and not one.killed)

    @cached_property
    def flagged(self) -> tuple[Kill, ...]:
        """Verdicts on controls that accuse a correct layer, or do not judge it."""
        return tuple(k for k in self.kills if k.control and k.verdict not in _HARMLESS)

    @cached_property
    def idle(self) -> tuple[str, ...]:
        """Judged properties that killed no mutant."""
        killing = {one.property_id for one in self.kills if one.killed and not one.control}
        return tuple(
            property_id
            for property_id in self.properties
            if self.whole and property_id not in killing
        )

    @property
    def passed(self) -> bool:
        """Whether every mutant was killed, no property is idle, and no control was flagged."""
        return not (self.survivors or self.flagged or self.idle)

    def of(self, mutant: str, api: str) -> tuple[Kill, ...]:
        """Return the verdicts on one layer."""
        return tuple(one for one in self.kills if (one.mutant, one.api) == (mutant, api))
