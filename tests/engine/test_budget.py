"""The share of a property is a constant, and an invalid rate is refused."""

import pytest

from dropout_props.cases.profiles import PROFILES
from dropout_props.engine import Settings
from dropout_props.engine.budget import SUBJECT_CAPACITY, Budget, undecided_share
from dropout_props.properties import CATALOGUE


def test_all_shares_together_are_the_budget() -> None:
    """To fail and to be undecided, over all statistical properties and subjects: the budget."""
    budget = Settings().budget
    statistical = sum(prop.is_statistical for prop in CATALOGUE)
    red = budget.share + budget.undecided_share
    assert red * statistical * SUBJECT_CAPACITY == pytest.approx(1e-9)
    assert 0 < budget.undecided_share < budget.share
    assert undecided_share(budget.share) == pytest.approx(budget.undecided_share)


def test_the_share_does_not_depend_on_the_profile() -> None:
    """A quick run raises no more false alarms than a long one."""
    shares = {Settings.of(profile=name).budget.share for name in PROFILES}
    assert len(shares) == 1


@pytest.mark.parametrize("rate", [0.0, 1.0, -1e-9, float("nan")])
def test_an_invalid_rate_is_refused(rate: float) -> None:
    """The message names the value, the rule and a usual value."""
    with pytest.raises(ValueError, match=r"false_fail_rate=.* strictly between 0 and 1.*1e-9"):
        Budget(false_fail_rate=rate)


def test_an_unknown_profile_is_refused() -> None:
    """The message lists the profiles."""
    with pytest.raises(ValueError, match=r"'hourly'.*smoke, ci, nightly"):
        Settings.of(profile="hourly")
