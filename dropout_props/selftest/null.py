"""All measurements of the false alarm rate, and of the mutants of the suite itself."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from dropout_props.selftest.spread import spread

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


def _parts(
    run_seed: int, runs: int | None = None, processes: int = 1
) -> dict[str, Callable[[], Iterator[Measured]]]:
    from dropout_props.selftest import all_masks, depth, enumeration, null_runs

    many = {"run_seed": run_seed, "processes": processes}
    few = many if runs is None else many | {"runs": runs}
    return {
        "a": enumeration.measure,
        "b": partial(depth.measure, run_seed=run_seed),
        "c": partial(null_runs.measure, **few),
        "d": partial(null_runs.adversary, **many),
        "e": all_masks.measure if runs is None else partial(all_masks.measure, bits=_FEW_BITS),
    }


def measure(*, run_seed: int = 0, processes: int = 1) -> Iterator[Measured]:
    """Measure (a) by enumeration, (b) at the real budget, (c) in runs, (d) with an adversary.

    And (e) over all masks, whether the counts themselves are of independent trials.

    Args:
        run_seed: the first run seed.
        processes: how many processes share the runs; the figures do not depend on it.
    """
    for part in _parts(run_seed, processes=processes).values():
        yield from part()


def measure_own_mutants(*, run_seed: int = 0, processes: int = 1) -> Iterator[Caught]:
    """Put each mutant of the suite in place, and repeat the measurements that must fail.

    Args:
        run_seed: the first run seed.
        processes: how many mutants are measured at once.
    """
    from dropout_props.selftest.own_mutants import OWN_MUTANTS

    letters = sorted({letter for mutant in OWN_MUTANTS for letter in mutant.caught_by})
    pairs = [(mutant.name, letter) for mutant in OWN_MUTANTS for letter in mutant.caught_by]
    pieces: list[tuple[str | None, str, int]] = [(None, letter, run_seed) for letter in letters]
    pieces += [(name, letter, run_seed) for name, letter in pairs]
    found = spread(_measured, pieces, processes=processes)
    unchanged = {letter: [one.held for one in next(found)] for letter in letters}
    for (name, letter), figures in zip(pairs, found, strict=True):
        both = zip(figures, unchanged[letter], strict=True)
        yield Caught(
            name, letter, tuple(one for one, held_before in both if held_before and not one.held)
        )


def _measured(piece: tuple[str | None, str, int]) -> tuple[Measured, ...]:
    """Return the figures of one measurement, with a mutant of the suite in place or without."""
    from dropout_props.selftest.own_mutants import OWN_MUTANTS

    name, letter, run_seed = piece
    mutant = {one.name: one for one in OWN_MUTANTS}.get(name or "")
    with nullcontext() if mutant is None else mutant.in_place():
        return tuple(_parts(run_seed, _FEW_RUNS)[letter]())
