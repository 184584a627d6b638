"""The engine's own functions, as the engine sees them at the moment of the call.

They are looked up in the modules that use them, so that a fault planted there is measured too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dropout_props.engine import decide, sequential_test

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from dropout_props.statistics import Trials

__all__ = [
    "example_threshold",
    "excluded",
    "ledger_threshold",
    "log_evalues",
    "pooled_log_evidence",
]


def log_evalues(trials: Trials, *, discrepancy: ArrayLike) -> NDArray[np.float64]:
    """See `statistics.log_evalues`."""
    found: Any = vars(sequential_test)["log_evalues"](trials, discrepancy=discrepancy)
    return found  # type: ignore[no-any-return]


def excluded(
    trials: Trials, *, discrepancy: ArrayLike, false_pass_rate: float
) -> NDArray[np.bool_]:
    """See `statistics.excluded`."""
    ask: Any = vars(sequential_test)["excluded"]
    return ask(trials, discrepancy=discrepancy, false_pass_rate=false_pass_rate)  # type: ignore[no-any-return]


def example_threshold(false_fail_rate: float, num_examples: int) -> float:
    """See `statistics.example_threshold`."""
    return float(vars(decide)["example_threshold"](false_fail_rate, num_examples))


def ledger_threshold(false_fail_rate: float) -> float:
    """See `statistics.ledger_threshold`."""
    return float(vars(decide)["ledger_threshold"](false_fail_rate))


def pooled_log_evidence(log_es: Sequence[float], num_examples: int) -> float:
    """See `statistics.pooled_log_evidence`."""
    return float(vars(decide)["pooled_log_evidence"](log_es, num_examples))
