"""Mutants of the suite itself: with each of them in place, a measurement must fail.

Each replaces one function of the engine while a `with` block runs; no code is copied.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import log
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["OWN_MUTANTS", "OwnMutant"]


@dataclass(frozen=True)
class OwnMutant:
    """One fault of the suite.

    Args:
        name: the name that tables print.
        caught_by: letters of the measurements that must fail.
        target: dotted path of the function to replace.
        make: takes the correct function and returns the faulty one.
    """

    name: str
    caught_by: str
    target: str
    make: Callable[[Any], Any]

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Keep the fault in place while the block runs."""
        from pkgutil import resolve_name

        faulty = self.make(resolve_name(self.target))
        with patch(self.target, faulty):
            yield


def _flipped(log_evalues: Any) -> Any:
    return lambda trials, *, discrepancy: -log_evalues(trials, discrepancy=discrepancy)


def _doubled(log_evalues: Any) -> Any:
    return lambda trials, *, discrepancy: log_evalues(trials, discrepancy=discrepancy) + log(2)


def _undivided(_share: Any) -> Any:
    return property(lambda budget: budget.false_fail_rate)


def _no_case(words: Any) -> Any:
    from dropout_props.cases.case import Case

    return lambda sampler, count, **options: words(replace(sampler, case=Case()), count, **options)


def _no_run_seed(words: Any) -> Any:
    return lambda sampler, count, **options: words(replace(sampler, run_seed=0), count, **options)


def _overlapping(_members_of_pairs: Any) -> Any:
    import numpy as np

    def all_pairs_of_a_lag(length: int) -> Any:
        first, second = np.triu_indices(length, 1)
        return length - 1, second - first - 1

    return all_pairs_of_a_lag


_EVIDENCE = "dropout_props.engine.sequential_test.log_evalues"

OWN_MUTANTS = (
    OwnMutant("an inequality flipped", "ac", _EVIDENCE, _flipped),
    OwnMutant("a factor of two dropped", "a", _EVIDENCE, _doubled),
    OwnMutant("alpha undivided", "b", "dropout_props.engine.budget.Budget.share", _undivided),
    OwnMutant(
        "the case left out of the key",
        "d",
        "dropout_props.properties.sampler.Sampler.words",
        _no_case,
    ),
    OwnMutant(
        "overlapping pairs",
        "e",
        "dropout_props.properties.mask_statistics._members_of_pairs",
        _overlapping,
    ),
    OwnMutant(
        "the run seed ignored", "c", "dropout_props.properties.sampler.Sampler.words", _no_run_seed
    ),
)
