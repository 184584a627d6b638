"""DP804: dropout narrows the gap between training and test loss. Decided by training models.

`tests/suite/test_generalisation.py` trains them, and decides by the numbers that stand here.
"""

from __future__ import annotations

from dropout_props.properties.declaration import NightlyProperty

NUM_SEEDS = 20
NUM_NARROWER = 18
"""Of these seeds, the fewest with a narrower gap that show the property."""

CHANCE = 0.5
"""How often a gap is narrower where dropout does nothing."""

FALSE_PASS_RATE = 0.001

PROPERTY = NightlyProperty(
    id="DP804",
    name="a narrower gap",
    sentence="Dropout narrows the gap between training and test loss of small models on real data.",
    formula=f"P(gap with dropout < gap without) > {CHANCE:g}, where gap = test loss - training "
    "loss, both in evaluation mode",
    means="Dropout does not do what it is there for, as where each step repeats the masks of the "
    "one before.",
    assumes="Seeds are independent. The models are d2l's perceptrons, the data scikit-learn's "
    "digits: nothing is said of others. A layer that scales and never drops narrows the gap too, "
    "which the properties about the mask find (DP202, DP203, DP803).",
    decision=f"By training every model twice from each of {NUM_SEEDS} seeds, with dropout and "
    f"without. It is shown when {NUM_NARROWER} gaps or more are narrower with dropout: the exact "
    "lower bound of the probability (Clopper and Pearson, one-sided, at the error rate of a false "
    f"pass, {FALSE_PASS_RATE:g}) then lies above {CHANCE:g}.",
    command="tox -e nightly",
)
