"""What a property promises at a profile, and what that costs: the rows of `dropout-props plan`."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Forecast", "Plan"]


@dataclass(frozen=True)
class Forecast:
    """The forecast of one family of counts of one property.

    Args:
        property_id: id of the property.
        family: label of the counts.
        members: number of counts in the family, in the case of the forecast.
        promised: discrepancy that a pass excludes, in standard deviations of one trial.
        shifts: the same as a difference of probabilities, at each keep rate of the plan.
        num_trials: expected trials of one member until correct code passes, at keep 0.5.
        fixed_num_trials: trials of the fixed-sample exact test with the same error rates.
        resolvable: discrepancy that this fixed sample detects: at most the promised one.
        round_trip: trials of a fixed sample that detects `resolvable`: as many, or fewer where the
            power of the test, which is a saw tooth, allows it.
        seconds: seconds of drawing, for all cases of the profile.
    """

    property_id: str
    family: str
    members: int
    promised: float
    shifts: tuple[float, ...]
    num_trials: int
    fixed_num_trials: int
    resolvable: float
    round_trip: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """The forecasts of a profile, and the error rates that hold for them.

    Args:
        profile: name of the profile.
        statistical_examples: cases of each statistical property.
        false_fail_rate: largest chance that a run of correct code fails.
        share: the part of it that one property has.
        false_pass_rate: largest chance that a promised discrepancy is missed.
        keep_rates: the keep rates of `Forecast.shifts`.
        names: name of each property that has a forecast, by id.
        forecasts: a forecast for each family of each statistical property.
    """

    profile: str
    statistical_examples: int
    false_fail_rate: float
    share: float
    false_pass_rate: float
    keep_rates: tuple[float, ...]
    names: dict[str, str]
    forecasts: tuple[Forecast, ...]
