"""The line of NumPy in a program counts as the property does, for every family and member."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dropout_props
from dropout_props.cases.case import Case
from dropout_props.engine.reference_masks import ExactSampler, ExactSubject
from dropout_props.properties import Statistical, find
from dropout_props.replay.counted import statistic
from dropout_props.results.records import Counts

CASES = [
    Case(shape=(128,), rate=0.5),
    Case(shape=(16, 33), rate=0.25),
    Case(shape=(6, 4, 10), rate=0.25, broadcast_dims=(1,)),
]


def at_lag() -> Any:
    """The function that the template writes into a program."""
    template = Path(dropout_props.__file__).parent / "gate" / "templates" / "counted.py.jinja"
    text = template.read_text(encoding="utf-8")
    scope: dict[str, Any] = {"np": np}
    exec("def at_lag" + text.partition("def at_lag")[2].partition("{%")[0], scope)  # noqa: S102
    return scope["at_lag"]


def counts(label: str, worst: int, evidence: float = 0.0) -> Counts:
    """A family as it is recorded."""
    return Counts(label, 1, 0, 0, 0.5, 0.5, worst, 0, worst + 1, (0.0, 1.0), 0.01, evidence)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("name", ["DP202", "DP203", "DP204", "DP301"])
def test_every_member_is_counted_as_the_property_counts_it(name: str, case: Case) -> None:
    """The first members, the last, and some between."""
    decision = find(name).decision
    assert isinstance(decision, Statistical)
    sampler: Any = ExactSampler(ExactSubject(), case, name)  # type: ignore[arg-type]
    masks = sampler.block(0)
    families = decision.observe(sampler, 0)
    for place, family in enumerate(families):
        for member in {0, 1, len(family) // 3, len(family) // 2, len(family) - 1}:
            if member >= len(family):
                continue
            recorded = tuple(
                counts(one.label, member if at == place else 0, float(at == place))
                for at, one in enumerate(families)
            )
            stat = statistic(name, case, recorded)
            assert stat is not None
            hits = eval(stat.hits, {"np": np, "masks": masks, "at_lag": at_lag()})  # noqa: S307
            seen = (int(hits.sum()), hits.size)
            expected = (int(family.successes[member]), int(family.trials[member]))
            assert seen == expected, (family.label, member, stat.what)


@pytest.mark.parametrize("name", ["DP402", "DP403", "DP404"])
def test_every_family_of_two_masks_has_a_line(name: str) -> None:
    """No label is unknown, and the line speaks of two masks."""
    decision = find(name).decision
    assert isinstance(decision, Statistical)
    for label in decision.discrepancies:
        stat = statistic(name, CASES[0], (counts(label, 0),))
        assert stat is not None
        assert stat.hits.startswith("first == ")
        assert "agree" in stat.what


def test_of_other_properties_there_is_no_line() -> None:
    """The program then says that it shows less."""
    assert statistic("DP303", CASES[0], (counts("three units", 0),)) is None
    assert statistic("DP202", CASES[0], ()) is None
