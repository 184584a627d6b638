"""The inverse tails, compared with the tails themselves."""

import pytest
from scipy.stats import binom

from dropout_props.statistics.quantile import probability_at_least, probability_below

COUNTS = [(1, 10), (10, 10), (5, 10**7), (10**7 - 5, 10**7), (900_001_832_820, 10**12)]


@pytest.mark.parametrize("chance", [0.5, 1e-3, 1e-9, 1e-15])
@pytest.mark.parametrize(("successes", "trials"), COUNTS)
def test_the_tails_have_the_chance(successes: int, trials: int, chance: float) -> None:
    """Put back into the binomial, the probability gives the chance, at 10**12 trials too."""
    at_least = probability_at_least(successes, trials, chance)
    assert binom.sf(successes - 1, trials, at_least) == pytest.approx(chance, rel=1e-3)
    below = probability_below(successes, trials, chance)
    assert binom.cdf(successes - 1, trials, below) == pytest.approx(chance, rel=1e-3)
