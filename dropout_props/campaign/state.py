"""What a campaign says so far: estimate, interval, evidence, speed, and what more would cost.

Guarantee: the interval and the evidence hold at every stopping time, so a campaign may be looked at
whenever one likes, stopped, and continued. Its error rates are its own; they are not shared with
the runs of `check`.
Cannot say: how y = x/keep is rounded, which is at most 1.2e-7 of y: DP201 judges that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dropout_props.properties.counting.kinds import PairsOfPositions
from dropout_props.statistics import (
    Trials,
    anytime_interval,
    ledger_threshold,
    log_evalues,
    log_mean_evalue,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dropout_props.campaign.folder import Contents
    from dropout_props.campaign.identity import Identity
    from dropout_props.statistics import Interval

__all__ = ["ALPHA", "ERROR", "Farthest", "Look", "Speed", "State", "state_of"]

ERROR = 1e-3
"""The chance that the interval ever misses the truth."""

ALPHA = 1e-9
"""The chance that the evidence ever refutes the property for a correct layer."""

_SIZES = tuple(10.0**-power for power in range(1, 8))
"""Faults that the evidence looks for, in standard deviations of one trial."""


@dataclass(frozen=True)
class Look:
    """The counts after some chunks, as relative bias: `State.quantity`.

    Attributes:
        units: that were counted.
        trials: those of the headline: the units, or pairs of neighbours.
        successes: those that were kept, or alike.
        estimate: the bias that was seen.
        interval: the biases that are possible, at any stopping time.
    """

    units: int
    trials: int
    successes: int
    estimate: float
    interval: tuple[float, float]

    @property
    def excluded(self) -> float:
        """The bias that is excluded: no larger one is possible."""
        return max(map(abs, self.interval))


@dataclass(frozen=True)
class Speed:
    """How fast the processes on one kind of device counted.

    Attributes:
        kind: of the devices.
        processes: how many files they wrote.
        units: that they counted.
        rate: units a second of one process, on average.
    """

    kind: str
    processes: int
    units: int
    rate: float


@dataclass(frozen=True)
class Farthest:
    """The pair of units that agrees most or least often, of all pairs.

    Attributes:
        number: how many pairs there are.
        units: the numbers of the two units in a mask, in flat order.
        estimate: the bias of this pair.
        excluded: no pair has a larger bias, at any stopping time, for all of them at once.
    """

    number: int
    units: tuple[int, int]
    estimate: float
    excluded: float


@dataclass(frozen=True)
class State:
    """All that the status of a campaign prints.

    Attributes:
        identity: of the campaign.
        chunks: how many are counted.
        missing: numbers of chunks below the last one that are not.
        looks: the counts at about each doubling, in the order of the chunks, and at the end.
        log10_evidence: against the property; it fails at -log10(`ALPHA`).
        grid: the relative biases that correct arithmetic may have: its rates lie on a grid.
        construction: the relative bias of `jax.random.bernoulli(key, float32(keep))`.
        speeds: by kind of device.
        notes: what was left out.
        pairs: the farthest of all pairs of units; None where single units are counted.
    """

    identity: Identity
    chunks: int
    missing: tuple[int, ...]
    looks: tuple[Look, ...]
    log10_evidence: float
    grid: tuple[float, float]
    construction: float | None
    speeds: tuple[Speed, ...]
    notes: tuple[str, ...]
    pairs: Farthest | None = None

    @property
    def last(self) -> Look:
        """The counts of all chunks."""
        return self.looks[-1]

    @property
    def quantity(self) -> str:
        """What the estimate and the interval are of, as a formula."""
        pairs, noise = self.pairs is not None, self.identity.output_law.is_noise
        if pairs:
            return "P(alike)/0.5 - 1" if noise else "P(alike)/(keep^2 + rate^2) - 1"
        if noise:
            return "P(y > x)/0.5 - 1"
        return "E[y]/x - 1" if self.identity.property_id == "DP203" else "P(kept)/keep - 1"

    @property
    def arithmetic(self) -> str:
        """What gives a correct layer a bias."""
        return "margin of rounding" if self.identity.output_law.is_noise else "grid of float32"

    @property
    def is_refuted(self) -> bool:
        """Whether the property fails."""
        return self.log10_evidence * math.log(10) >= ledger_threshold(ALPHA)

    @property
    def grid_width(self) -> float:
        """The largest bias that the arithmetic alone may have."""
        return max(map(abs, self.grid))

    @property
    def units_to_grid(self) -> float:
        """About how many units until nothing beyond the grid is left to exclude."""
        width = max(self.grid_width, 2.0**-53)
        return self.last.units * (self.last.excluded / width) ** 2


def state_of(contents: Contents) -> State:
    """Return the state of a campaign with at least one chunk."""
    identity = contents.identity
    assert identity is not None
    kind, num_masks = identity.kind, identity.chunk_masks * len(contents.chunks)
    families = kind.families(identity.keep, contents.by_position, num_masks)
    return State(
        identity=identity,
        chunks=len(contents.chunks),
        missing=tuple(sorted(set(range(max(contents.chunks) + 1)) - set(contents.chunks))),
        looks=_looks(contents, identity),
        log10_evidence=_log_evidence(families) / math.log(10),
        grid=_relative(kind.null(identity.keep), _expected(identity)),
        construction=_construction(identity),
        speeds=_speeds(contents, identity),
        notes=tuple(contents.notes),
        pairs=_farthest(contents, identity, kind) if isinstance(kind, PairsOfPositions) else None,
    )


def _expected(identity: Identity) -> float:
    """Return the probability of success that is meant: of 1 - rate, or 1/2 of noise."""
    return identity.kind.probability(identity.output_law.keep_rate(identity.rate))


def _relative(interval: Interval, keep: float) -> tuple[float, float]:
    # Both differences are exact next to keep; a quotient less 1 would lose digits.
    return (interval.lowest - keep) / keep, (interval.highest - keep) / keep


def _log_evidence(families: Sequence[Trials]) -> float:
    """Return the mean evidence of all families and sizes of a fault, which is an e-value."""
    return log_mean_evalue(
        [
            log_evalues(family, discrepancy=np.maximum(size * _sd(family), 1e-12))
            for family in families
            for size in _SIZES
        ]
    )


def _sd(family: Trials) -> np.ndarray:
    middle = (family.lowest + family.highest) / 2
    return np.asarray(np.sqrt(middle * (1.0 - middle)))


def _looks(contents: Contents, identity: Identity) -> tuple[Look, ...]:
    """Return the counts at each doubling of the chunks, in the order of their numbers."""
    meant, found, successes = _expected(identity), [], 0
    null, each = identity.kind.null(identity.keep), identity.kind.trials * identity.chunk_masks
    for number, (_, chunk) in enumerate(sorted(contents.chunks.items()), 1):
        successes += chunk.kept
        if number & (number - 1) == 0 or number == len(contents.chunks):
            units, trials = number * identity.chunk_units, number * each
            interval = anytime_interval(successes, trials, error=ERROR, around=null)
            estimate = (successes / trials - meant) / meant
            found.append(Look(units, trials, successes, estimate, _relative(interval, meant)))
    return tuple(found)


def _construction(identity: Identity) -> float | None:
    """Return the bias of a uniform on the grid of 2**-23 below the keep rate in float32."""
    if identity.output_law.is_noise:
        return None
    on_grid = math.ceil(float(np.float32(1.0 - identity.rate)) * 2**23) / 2**23
    meant = _expected(identity)
    return (identity.kind.probability(on_grid) - meant) / meant


def _farthest(contents: Contents, identity: Identity, kind: PairsOfPositions) -> Farthest:
    """Return the pair that is farthest from its expectation."""
    num_masks = identity.chunk_masks * len(contents.chunks)
    agree = kind.agreements(contents.by_position, num_masks)
    first, second = np.triu_indices(len(agree), 1)
    alike, meant = agree[first, second], _expected(identity)
    null = kind.null(identity.keep)
    excluded, farthest = 0.0, (0.0, 0)
    # The interval moves with the count, so the least and the largest count have the outer ends.
    for at in (int(alike.argmin()), int(alike.argmax())):
        interval = anytime_interval(
            int(alike[at]), num_masks, error=ERROR / len(alike), around=null
        )
        excluded = max(excluded, *map(abs, _relative(interval, meant)))
        farthest = max(farthest, ((int(alike[at]) / num_masks - meant) / meant, at), key=_size)
    estimate, at = farthest
    return Farthest(len(alike), (int(first[at]), int(second[at])), estimate, excluded)


def _size(one: tuple[float, int]) -> float:
    return abs(one[0])


def _speeds(contents: Contents, identity: Identity) -> tuple[Speed, ...]:
    found: dict[str, list[tuple[int, float]]] = {}
    for path, process in contents.processes.items():
        mine = [one for one in contents.chunks.values() if one.path == path]
        if mine:
            seconds = max(1e-3, sum(one.milliseconds for one in mine) / 1000)
            kind = f"{process.device_kind} x {process.devices}, {process.where}"
            found.setdefault(kind, []).append((len(mine) * identity.chunk_units, seconds))
    return tuple(
        Speed(
            kind,
            processes=len(files),
            units=sum(units for units, _ in files),
            rate=sum(units for units, _ in files) / sum(seconds for _, seconds in files),
        )
        for kind, files in sorted(found.items())
    )
