"""What became of the planted bugs: one record a (layer, property, run seed), and what follows from all.

Guarantee: a planted bug that survives, a property that kills nothing and a correct layer that is
flagged are each listed. Cannot say: whether a fault that nobody planted would be seen.
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
        mutant: name of the planted bug, or of the control.
        api: ``linen`` or ``nnx``.
        property_id: id.
        run_seed: the keys.
        verdict: as reports print it.
        expected: whether the property names this bug.
        control: whether the layer is correct.
        live: whether the installed Flax has the same, listed, fault.
        draws: trials drawn until the verdict; 0 for an exact property.
        seconds: until the verdict, compilation included.
        shown: what was seen.
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
        """Whether the property refuted the layer."""
        return self.verdict == "fail" or (self.live and self.verdict == "known")

    def __str__(self) -> str:
        return f"{self.mutant} ({self.api}, run seed {self.run_seed}): {self.property_id} {self.verdict}"


@dataclass(frozen=True)
class KillMatrix:
    """All verdicts of a run.

    Args:
        profile: how much was drawn.
        run seeds: which keys.
        properties: ids that were asked.
        kills: the verdicts, in the order of the zoo.
        whole: whether all bugs were planted; a property can be called idle only then.
    """

    profile: str
    run_seeds: tuple[int, ...]
    properties: tuple[str, ...]
    kills: tuple[Kill, ...]
    whole: bool = True

    @cached_property
    def survivors(self) -> tuple[Kill, ...]:
        """Planted bugs that a property that names them did not refute."""
        return tuple(one for one in self.kills if one.expected and not one.killed)

    @cached_property
    def flagged(self) -> tuple[Kill, ...]:
        """Verdicts on correct layers that no correct layer may get."""
        return tuple(k for k in self.kills if k.control and k.verdict not in _HARMLESS)

    @cached_property
    def idle(self) -> tuple[str, ...]:
        """Properties that were asked and killed nothing."""
        at_work = {one.property_id for one in self.kills if one.killed and not one.control}
        return tuple(
            property_id
            for property_id in self.properties
            if self.whole and property_id not in at_work
        )

    @property
    def held(self) -> bool:
        """Whether every bug died, every property killed, and no correct layer was flagged."""
        return not (self.survivors or self.flagged or self.idle)

    def of(self, mutant: str, api: str) -> tuple[Kill, ...]:
        """Return the verdicts on one layer."""
        return tuple(one for one in self.kills if (one.mutant, one.api) == (mutant, api))
