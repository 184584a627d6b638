"""Statistics: from counts of successes to evidence, intervals and sample sizes.

Holds: counts (`trials`), their law (`binomial`) and probabilities under a property (`probability`,
`keep`), e-values (`evidence`, `ledger`), exact intervals (`interval`, `anytime`) and designs
(`design`, `sequential`); assertions for tests of a project's own (`assertions`); windows that
repeat (`windows`) and parities that are fixed (`parity`), which need no count.
Guarantees: no verdict depends on a normal or chi-squared approximation. The functions see integers
and probabilities, never a layer, a key or a device.
Imports: NumPy and SciPy, and no other room.
"""

from dropout_props.statistics.anytime import anytime_interval
from dropout_props.statistics.assertions import assert_bernoulli, assert_independent
from dropout_props.statistics.binomial import normal_isf
from dropout_props.statistics.design import (
    is_enough,
    min_discrepancy,
    min_num_trials,
    rejected_counts,
)
from dropout_props.statistics.evidence import (
    excluded,
    excluded_sides,
    log_evalues,
    log_mean_evalue,
)
from dropout_props.statistics.interval import clopper_pearson
from dropout_props.statistics.keep import keep_interval
from dropout_props.statistics.ledger import (
    example_threshold,
    ledger_threshold,
    pooled_log_evidence,
)
from dropout_props.statistics.parity import (
    FixedParity,
    fixed_parity,
    log2_chance_of_fixed_parity,
    num_masks_for,
)
from dropout_props.statistics.probability import (
    agreement,
    central_region,
    odd_parity,
    region_mass,
)
from dropout_props.statistics.sequential import expected_num_trials
from dropout_props.statistics.trials import Interval, Trials
from dropout_props.statistics.undecided import blocks_to_decide, chance_undecided
from dropout_props.statistics.windows import (
    Alike,
    alike_windows,
    log2_chance_of_alike,
    window_width,
)

__all__ = [
    "Alike",
    "FixedParity",
    "Interval",
    "Trials",
    "agreement",
    "alike_windows",
    "anytime_interval",
    "assert_bernoulli",
    "assert_independent",
    "blocks_to_decide",
    "central_region",
    "chance_undecided",
    "clopper_pearson",
    "example_threshold",
    "excluded",
    "excluded_sides",
    "expected_num_trials",
    "fixed_parity",
    "is_enough",
    "keep_interval",
    "ledger_threshold",
    "log2_chance_of_alike",
    "log2_chance_of_fixed_parity",
    "log_evalues",
    "log_mean_evalue",
    "min_discrepancy",
    "min_num_trials",
    "normal_isf",
    "num_masks_for",
    "odd_parity",
    "pooled_log_evidence",
    "region_mass",
    "rejected_counts",
    "window_width",
]
