"""The statistics layer: what was seen, and what follows from it. NumPy and SciPy alone.

Trials are counted (``trials``), under nulls that are known (``probability``, ``keep``). From
counts come evidence for and against (``evidence``), pooled over examples (``ledger``), exact
intervals (``interval``), and how many trials it takes (``design``, ``sequential``).
"""

from dropout_props.statistics.design import min_discrepancy, min_num_trials
from dropout_props.statistics.evidence import excluded, log_evalues, log_mean_evalue
from dropout_props.statistics.interval import clopper_pearson, common_relative_bias, relative
from dropout_props.statistics.keep import keep_interval
from dropout_props.statistics.ledger import (
    example_threshold,
    ledger_threshold,
    pooled_log_evidence,
)
from dropout_props.statistics.probability import (
    agreement,
    both_dropped,
    central_region,
    equal_masks,
    odd_parity,
    product,
    region_mass,
)
from dropout_props.statistics.sequential import expected_num_trials
from dropout_props.statistics.trials import Interval, Trials

__all__ = [
    "Interval",
    "Trials",
    "agreement",
    "both_dropped",
    "central_region",
    "clopper_pearson",
    "common_relative_bias",
    "equal_masks",
    "example_threshold",
    "excluded",
    "expected_num_trials",
    "keep_interval",
    "ledger_threshold",
    "log_evalues",
    "log_mean_evalue",
    "min_discrepancy",
    "min_num_trials",
    "odd_parity",
    "pooled_log_evidence",
    "product",
    "region_mass",
    "relative",
]
