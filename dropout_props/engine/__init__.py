"""Engine: from a property and a subject to a verdict.

Holds: the one function that judges a pair (`judge`, `decide`), the search for cases, the sequential
test, the error budget, the texts of verdicts (`messages`), the known deviations, and the run.
Guarantees: a verdict depends on the settings and the pair, not on what else runs, in which order
or on how many workers. Command line, pytest, gate and self-test call the same `Judge`.
Imports: the rooms above it; never Flax, a report, the self-test or the command line.
"""

from dropout_props.engine.judge import Judge, lost
from dropout_props.engine.settings import Settings

__all__ = ["Judge", "Settings", "lost"]
