"""How many cases are judged is what the header says, and which ones are always among them."""

from dataclasses import replace
from typing import Any

import pytest

from dropout_props.cases.case import Case
from dropout_props.cases.profiles import PROFILES
from dropout_props.engine import Settings
from dropout_props.engine.cases import explicit_cases, fitted
from dropout_props.engine.decide import decide_statistical
from dropout_props.engine.reference_masks import ExactSampler, ExactSubject
from dropout_props.properties import CATALOGUE, Statistical, find
from dropout_props.subjects.subject import Subject

_COUNTED = [prop for prop in CATALOGUE if isinstance(prop.decision, Statistical)]
_COARSE = 0.5  # standard deviations: a block or two an example


@pytest.mark.parametrize("property_id", _COUNTED, ids=lambda prop: prop.id)
def test_as_many_distinct_cases_are_counted_as_the_profile_says(property_id: Any) -> None:
    """None is lost to one that is drawn again, and none comes on top of the ledger."""
    settings = Settings(profile=PROFILES["ci"], sampler=ExactSampler, confirm=False)
    coarse = dict.fromkeys(property_id.decision.discrepancies, _COARSE)
    decision = replace(property_id.decision, discrepancies=coarse, also=None)
    subject: Any = ExactSubject()
    outcome = decide_statistical(subject, replace(property_id, decision=decision), settings)
    always = len(explicit_cases(decision, subject))
    assert outcome.num_examples == decision.num_examples(settings.profile, always)
    assert len({example.digest for example in outcome.examples}) == outcome.num_examples


def test_the_header_names_these_numbers() -> None:
    """The header has the fewest and the most examples of a property, or the number of all."""
    for name, profile in PROFILES.items():
        decisions: list[Any] = [prop.decision for prop in _COUNTED]
        numbers = [one.num_examples(profile, len(one.explicit)) for one in decisions]
        counted = f"{min(numbers)} to {max(numbers)}" if len(set(numbers)) > 1 else f"{numbers[0]}"
        assert f"property, {counted} of a statistical one;" in Settings.of(profile=name).promise


def test_rates_and_dtypes_that_people_have_are_always_counted() -> None:
    """The keep rate at 0.2, 0.25 and 0.3, and of half precision inputs at a small rate."""
    decision: Any = find("DP202").decision
    assert {0.1, 0.2, 0.25, 0.3, 0.5} <= {case.rate for case in decision.explicit}
    small = {case.dtype for case in decision.explicit if case.rate <= 0.01}
    assert {"float16", "bfloat16"} <= small


def test_noise_is_counted_in_float32() -> None:
    """Half precision rounds noise to nothing; a dropout is counted in the dtype of the case."""
    decision = find("DP202").decision
    assert isinstance(decision, Statistical)
    half = Case(dtype="bfloat16", rate=0.01)

    def dropout(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
        raise NotImplementedError

    noise = Subject.function(dropout, name="noise", law="noise")
    assert fitted(decision, noise)(half).dtype == "float32"
    assert fitted(decision, Subject.function(dropout, name="dropout"))(half).dtype == "bfloat16"
