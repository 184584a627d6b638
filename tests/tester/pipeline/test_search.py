"""The search judges each distinct case once, tries explicit cases first, and shrinks."""

from collections.abc import Callable

from dropout_props.cases import strategies
from dropout_props.cases.case import Case
from dropout_props.engine.search import search


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
    assert 20 <= len(judged) <= 40


def test_explicit_cases_come_first() -> None:
    """They count towards the number of examples."""
    explicit = (Case(rate=0.25), Case(rate=0.75))
    _, judged = _run(lambda _: False, explicit)
    assert tuple(judged[:2]) == explicit
    assert len(judged) <= 40


def test_a_failure_is_shrunk() -> None:
    """The simplest of all failing cases is reported."""
    found, _ = _run(lambda case: case.size >= 5 and case.rate > 0.0, number=100)
    assert found is not None
    case, error = found
    assert str(error) == "fault"
    assert (case.shape, case.seed) == ((7,), 0)


def test_the_same_seed_tries_the_same_cases() -> None:
    """The cases that Hypothesis draws depend only on the seed."""
    assert _run(lambda _: False)[1] == _run(lambda _: False)[1]
