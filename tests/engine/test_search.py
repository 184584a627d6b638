"""The search judges each distinct case once, tries explicit cases first, and shrinks."""

import re
from collections.abc import Callable

import pytest
from hypothesis import strategies as st

from dropout_props.cases import strategies
from dropout_props.cases.case import Case
from dropout_props.engine.search import SHRINK_CASES, search


def _run(
    fails: Callable[[Case], bool], explicit: tuple[Case, ...] = (), number: int = 40
) -> tuple[tuple[Case, Exception] | None, list[Case]]:
    judged: list[Case] = []

    def judge(case: Case) -> Exception | None:
        judged.append(case)
        return ValueError("fault") if fails(case) else None

    found = search(
        judge, explicit=explicit, strategy=strategies.cases(), max_examples=number, seed=11
    )
    return found, judged


def test_every_distinct_case_is_judged_once() -> None:
    """A case that is drawn twice is judged once: it would count twice in the ledger."""
    found, judged = _run(lambda _: False)
    assert found is None
    assert len({case.digest() for case in judged}) == len(judged)
    assert len(judged) == 40


def test_explicit_cases_come_first() -> None:
    """They count towards the number of examples."""
    explicit = (Case(rate=0.25), Case(rate=0.75))
    _, judged = _run(lambda _: False, explicit)
    assert tuple(judged[:2]) == explicit
    assert len(judged) == 40


def test_a_case_that_is_drawn_again_takes_no_place() -> None:
    """The simplest case, which Hypothesis tries first, may be an explicit one: another is drawn."""
    _, judged = _run(lambda _: False, (Case(shape=(), rate=0.0),), 2)
    assert len({case.digest() for case in judged}) == 2


def test_where_there_are_no_more_cases_fewer_are_judged() -> None:
    """A strategy of one case comes to an end."""
    judged: list[Case] = []
    search(judged.append, explicit=(), strategy=st.just(Case()), max_examples=5, seed=1)
    assert judged == [Case()]


def test_a_failure_is_shrunk() -> None:
    """The simplest of all failing cases is reported."""
    found, _ = _run(lambda case: case.size >= 5 and case.rate > 0.0, number=100)
    assert found is not None
    case, error = found
    assert str(error) == "fault"
    assert (case.shape, case.seed) == ((7,), 0)


def test_what_the_judge_raises_is_raised() -> None:
    """Also for one of the last cases, which no simpler case repeats: it is not called flaky."""
    _, cases = _run(lambda _: False)
    for wrong in (cases[1], cases[-2], cases[-1]):

        def judge(case: Case, wrong: Case = wrong) -> None:
            if case == wrong:
                raise ArithmeticError(f"{case}")

        with pytest.raises(ArithmeticError, match=re.escape(f"{wrong}")):
            search(judge, explicit=(), strategy=strategies.cases(), max_examples=40, seed=11)


def test_what_the_judge_raises_is_shrunk() -> None:
    """The error of the simplest case is raised; that of an explicit case is raised at once."""

    def judge(case: Case) -> None:
        if case.size >= 5:
            raise ArithmeticError(f"{case.size} units")

    with pytest.raises(ArithmeticError, match=r"^7 units"):
        search(judge, explicit=(), strategy=strategies.cases(), max_examples=100, seed=11)
    explicit = (Case(shape=(99,)),)
    with pytest.raises(ArithmeticError, match=r"^99 units"):
        search(judge, explicit=explicit, strategy=strategies.cases(), max_examples=40, seed=11)


def test_shrinking_ends_after_a_number_of_cases() -> None:
    """The case that is reported has an id, and so must not depend on the machine's speed."""

    def fails(case: Case) -> bool:
        return case.seed > 1000 and case.size > 20

    found, judged = _run(fails, number=200)
    first = next(number for number, case in enumerate(judged, 1) if fails(case))
    assert len(judged) - first == SHRINK_CASES
    assert found is not None
    assert found[0] in judged
    assert fails(found[0])


def test_the_same_seed_tries_the_same_cases() -> None:
    """The cases that Hypothesis draws depend only on the seed."""
    assert _run(lambda _: False)[1] == _run(lambda _: False)[1]
