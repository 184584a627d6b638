"""What is counted in each mask: its positions, or its pairs of positions.

Guarantee: counts of blocks add up, and those of a device and of the host are the same integers. A
product of matrices of 0 and 1 counts all pairs at once; float32 holds each of its sums, since a
block has fewer than 2**24 masks.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.properties import Statistical, find
from dropout_props.statistics import agreement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dropout_props.properties.declaration import Pairs, Positions
    from dropout_props.statistics import Interval, Trials

__all__ = [
    "Kind",
    "PairsOfPositions",
    "SinglePositions",
    "countable",
    "kind_in",
    "kind_of",
]


@dataclass(frozen=True)
class SinglePositions:
    """How often each position of a mask is kept.

    Args:
        mask_shape: shape of one mask.
        decided: makes the families of the property.

    Attributes:
        said: what a success of the headline is.
    """

    mask_shape: tuple[int, ...]
    decided: Positions

    said = "kept"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the counts."""
        return self.mask_shape

    @property
    def size(self) -> int:
        """How many integers are stored."""
        return prod(self.mask_shape)

    def of_host(self, masks: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the counts, int64[*shape], of bool[num_masks, *mask_shape]."""
        return masks.sum(axis=0, dtype=np.int64)

    def of_device(self, masks: jax.Array) -> jax.Array:
        """Return the same as int32, under `jax.jit`."""
        return masks.sum(axis=0, dtype=jnp.int32)

    def stored(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the integers that are stored, int64[size]."""
        return counts.reshape(-1)

    @property
    def trials(self) -> int:
        """How many trials of the headline a mask has: its units."""
        return self.size

    def successes(self, stored: NDArray[np.int64], num_masks: int) -> int:  # noqa: ARG002
        """Return how many of them succeeded: those that are kept."""
        return int(stored.sum())

    def null(self, keep: Interval) -> Interval:
        """Return the probabilities of success that correct arithmetic may give."""
        return keep

    def probability(self, keep: float) -> float:
        """Return the probability of success at a keep probability."""
        return keep

    def families(
        self, keep: Interval, stored: NDArray[np.int64], num_masks: int
    ) -> tuple[Trials, ...]:
        """Return all families of the property."""
        return self.decided(keep, stored.reshape(self.mask_shape), num_masks)


@dataclass(frozen=True)
class PairsOfPositions:
    """How often both of each two positions of a mask are kept; and so how often they agree.

    Args:
        mask_shape: shape of one mask.
        decided: makes the families of the property.

    Attributes:
        said: what a success of the headline is.
    """

    mask_shape: tuple[int, ...]
    decided: Pairs

    said = "pairs of neighbours alike"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the counts."""
        return (prod(self.mask_shape),) * 2

    @property
    def size(self) -> int:
        """How many integers are stored: those of i <= j."""
        length = prod(self.mask_shape)
        return length * (length + 1) // 2

    def of_host(self, masks: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the counts, int64[*shape], of bool[num_masks, *mask_shape]."""
        flat = masks.reshape(len(masks), -1).astype(np.float32)
        return (flat.T @ flat).astype(np.int64)

    def of_device(self, masks: jax.Array) -> jax.Array:
        """Return the same as int32, under `jax.jit`."""
        flat = masks.reshape(len(masks), -1).astype(jnp.float32)
        product = jnp.matmul(flat.T, flat, precision=jax.lax.Precision.HIGHEST)
        return product.astype(jnp.int32)

    def stored(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the integers that are stored, int64[size]."""
        return counts[np.triu_indices(len(counts))]

    def agreements(self, stored: NDArray[np.int64], num_masks: int) -> NDArray[np.int64]:
        """Return how often each two positions agree, int64[*shape]."""
        both = np.zeros(self.shape, np.int64)
        both[np.triu_indices(len(both))] = stored
        both += np.triu(both, 1).T
        kept = both.diagonal()
        return num_masks - kept[:, None] - kept[None, :] + 2 * both

    @property
    def trials(self) -> int:
        """How many trials of the headline a mask has: the pairs (0, 1), (2, 3) and so on.

        They share no unit, so they are independent.
        """
        return prod(self.mask_shape) // 2

    def successes(self, stored: NDArray[np.int64], num_masks: int) -> int:
        """Return how many of them succeeded: those that are alike."""
        first = 2 * np.arange(self.trials)
        return int(self.agreements(stored, num_masks)[first, first + 1].sum())

    def null(self, keep: Interval) -> Interval:
        """Return the probabilities of success that correct arithmetic may give."""
        return agreement(keep)

    def probability(self, keep: float) -> float:
        """Return the probability of success at a keep probability."""
        return keep**2 + (1.0 - keep) ** 2

    def families(
        self, keep: Interval, stored: NDArray[np.int64], num_masks: int
    ) -> tuple[Trials, ...]:
        """Return all families of the property."""
        return self.decided(keep, self.agreements(stored, num_masks), self.mask_shape, num_masks)


Kind: TypeAlias = "SinglePositions | PairsOfPositions"


def countable(property_id: str) -> bool:
    """Return whether a property says all that it counts by position, or by pairs of them."""
    decision = find(property_id).decision
    return isinstance(decision, Statistical) and bool(decision.positions or decision.pairs)


def kind_of(property_id: str, mask_shape: tuple[int, ...]) -> Kind:
    """Return what is counted for a countable property."""
    decision = find(property_id).decision
    assert isinstance(decision, Statistical)
    kind = kind_in(decision, mask_shape)
    assert kind is not None
    return kind


def kind_in(decision: Statistical, mask_shape: tuple[int, ...]) -> Kind | None:
    """Return what is counted for a decision; None if it does not say that it is countable."""
    if decision.positions is not None:
        return SinglePositions(mask_shape, decision.positions)
    if decision.pairs is not None:
        return PairsOfPositions(mask_shape, decision.pairs)
    return None
