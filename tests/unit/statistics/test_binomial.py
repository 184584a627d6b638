"""The binomial law is that of SciPy and of arithmetic with 50 digits, far into its tails."""

import ast
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy.stats import binom, norm

import dropout_props
from dropout_props.statistics import binomial, normal_isf

_KEEPS = (1e-9, 1e-6, 0.01, 0.1, 0.3, 0.5, 0.9, 0.999, 1 - 1e-6)
_SIZES = (1, 2, 7, 128, 1000, 65536, 10**6, 10**9)


def _counts(size: int, keep: float) -> Iterator[int]:
    """Counts at the mean and at many standard deviations from it, and one beyond each end."""
    deviation = math.sqrt(size * keep * (1 - keep))
    for steps in (-30, -8, -2, 0, 2, 8, 30):
        yield min(max(round(size * keep + steps * deviation), -1), size + 1)


@pytest.mark.parametrize("keep", [0.0, *_KEEPS, 1.0])
@pytest.mark.parametrize("size", _SIZES)
def test_the_tails_are_those_of_scipy(size: int, keep: float) -> None:
    """Both tails, at and beyond the ends too."""
    for count in _counts(size, keep):
        found = [law(count, size, keep) for law in (binomial.at_most, binomial.more_than)]
        law = binom(size, keep)
        assert found == pytest.approx([law.cdf(count), law.sf(count)], rel=1e-9, abs=1e-280)


@pytest.mark.parametrize("keep", _KEEPS)
@pytest.mark.parametrize("size", _SIZES)
def test_one_count_has_ten_digits(size: int, keep: float) -> None:
    """Also where SciPy has seven."""
    counts = np.array(sorted({one for one in _counts(size, keep) if 0 <= one <= size}))
    with mpmath.workdps(50):
        exact = [float(_probability(int(one), size, keep)) for one in counts]
    assert binomial.pmf(counts, size, keep) == pytest.approx(exact, rel=1e-10, abs=1e-280)


def _probability(count: int, size: int, keep: float) -> Any:
    chosen = [mpmath.loggamma(one + 1) for one in (size, count, size - count)]
    likelihood = count * mpmath.log(mpmath.mpf(keep)) + (size - count) * mpmath.log(
        1 - mpmath.mpf(keep)
    )
    return mpmath.exp(chosen[0] - chosen[1] - chosen[2] + likelihood)


@pytest.mark.parametrize("keep", [0.0, 1.0])
def test_a_certain_count_has_probability_one(keep: float) -> None:
    """Nothing is undefined at the ends."""
    assert binomial.pmf(np.arange(4), 3, keep).tolist() == [1 - keep, 0, 0, keep]
    assert binomial.pmf(np.arange(1), 0, keep).tolist() == [1]


@pytest.mark.parametrize("chance", [1e-12, 0.25, 0.5, 0.75])
@pytest.mark.parametrize("keep", [0.01, 0.5, 0.9])
def test_a_quantile_is_that_of_scipy(chance: float, keep: float) -> None:
    """It is the smallest count whose lower tail reaches the chance."""
    for size in (1, 7, 1000, 65536):
        assert binomial.quantile(chance, size, keep) == binom.ppf(chance, size, keep)


@pytest.mark.parametrize("chance", [1e-300, 1e-12, 0.3, 0.5, 0.9])
def test_the_normal_law_is_that_of_scipy(chance: float) -> None:
    """Its upper quantile, and its distribution function."""
    assert normal_isf(chance) == pytest.approx(norm.isf(chance), rel=1e-13, abs=1e-15)
    assert binomial.normal_cdf(-normal_isf(chance)) == pytest.approx(chance, rel=1e-12)


def test_the_self_test_alone_imports_the_distributions_of_scipy() -> None:
    """They take longer to import than JAX, in every process that judges."""
    package = Path(dropout_props.__file__).parent
    importing = {
        path.relative_to(package).parts[0]
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "scipy.stats"
    }
    assert importing == {"selftest"}
