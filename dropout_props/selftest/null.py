"""All measurements of the false alarm rate, and of the mutants of the suite itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dropout_props.selftest.measured import Measured

__all__ = ["Caught", "measure", "measure_own_mutants"]

_FEW_RUNS = 16  # per property: a fault of the suite affects all of them
_FEW_BITS = 9


@dataclass(frozen=True)
class Caught:
    """The result of one measurement with one mutant of the suite in place.

    Args:
        mutant: name of the mutant.
        part: letter of the measurement.
        failed: the figures that exceed their bound, and do not exceed it without the mutant.
    """

    mutant: str
    part: str
    failed: tuple[Measured, ...]


def _parts(run_seed: int, runs: int | None = None) -> dict[str, Callable[[], Iterator[Measured]]]:
    from dropout_props.selftest import all_masks, depth, enumeration, null_runs

    few = {} if runs is None else {"runs": runs}
    return {
        "a": enumeration.measure,
        "b": partial(depth.measure, run_seed=run_seed),
        "c": partial(null_runs.measure, run_seed=run_seed, **few),
        "d": partial(null_runs.adversary, run_seed=run_seed),
        "e": all_masks.measure if runs is None else partial(all_masks.measure, bits=_FEW_BITS),
    }


def measure(*, run_seed: int = 0) -> Iterator[Measured]:
    """Measure (a) by enumeration, (b) at the real budget, (c) in runs, (d) with an adversary.

    And (e) over all masks, whether the counts themselves are of independent trials.
    """
    for part in _parts(run_seed).values():
        yield from part()


def measure_own_mutants(*, run_seed: int = 0) -> Iterator[Caught]:
    """Put each mutant of the suite in place, and repeat the measurements that must fail."""
    from dropout_props.selftest.own_mutants import OWN_MUTANTS

    unchanged = {
        letter: [one.held for one in part()] for letter, part in _parts(run_seed, _FEW_RUNS).items()
    }
    for mutant in OWN_MUTANTS:
        for letter in mutant.caught_by:
            with mutant.in_place():
                found = tuple(_parts(run_seed, _FEW_RUNS)[letter]())
            pairs = zip(found, unchanged[letter], strict=True)
            failed = tuple(one for one, held_before in pairs if held_before and not one.held)
            yield Caught(mutant.name, letter, failed)
