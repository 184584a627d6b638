"""Families of counts that change between blocks are named, and the remedy is printed whole."""

import numpy as np
import pytest

from dropout_props.engine.families import ChangedFamilies, require_same
from dropout_props.statistics import Trials

_REMEDY = (
    "Return the same ones from every block, in one order: same labels, numbers of members and "
    "probabilities."
)
_MANY = [Trials.of(np.ones(n + 1, int), 2, 0.5, f"{n:02} " + "label " * 9) for n in range(40)]


def _said(first: list[Trials], drawn: list[Trials]) -> str:
    with pytest.raises(ChangedFamilies) as raised:
        require_same(first, drawn, block=12345)
    text = str(raised.value)
    assert text.startswith("block 12345 has other families of counts than block 0: ")
    assert text.endswith(_REMEDY)
    assert len(text) < 400  # as much as a report prints
    return text


def test_equal_families_are_accepted() -> None:
    """Their counts may differ."""
    more = [Trials.of(2 * one.successes, 4, 0.5, one.label) for one in _MANY]
    require_same(_MANY, more, block=1)


@pytest.mark.parametrize(
    ("drawn", "how"),
    [
        (_MANY[1:], "it lacks 00 label label l… (of 1). "),
        (_MANY[6:], "(of 3) and 3 more. "),
        ([*_MANY, Trials.of(1, 2, 0.5, "new")], "it adds new (of 1). "),
        (
            [Trials.of([1, 1], 2, 0.5, _MANY[0].label), *_MANY[1:]],
            "it lacks 00 label label l… (of 1), and it adds 00 label label l… (of 2). ",
        ),
        (
            [Trials.of([1] * 999, 2, 0.5, f"new {one.label}") for one in _MANY],
            "(of 3) and 37 more, and it adds new 00 label lab… (of 999), new 01 label lab… (of",
        ),
        (_MANY[::-1], "they have another order or number. "),
        (
            [Trials.of(one.successes, 2, 0.25, one.label) for one in _MANY],
            "it changes the probabilities of 00 label label l… (of 1), 01 label",
        ),
    ],
)
def test_what_changed_is_named(drawn: list[Trials], how: str) -> None:
    """The first three families, and how many more; a long label is cut."""
    assert how in _said(_MANY, drawn)


def test_labels_that_are_equal_where_they_are_printed_differ() -> None:
    """The whole label counts."""
    first, other = ("the same first sixteen " + end for end in "ab")
    text = _said([Trials.of(1, 2, 0.5, first)], [Trials.of(1, 2, 0.5, other)])
    assert "it lacks the same first s… (of 1), and it adds the same first s… (of 1). " in text
