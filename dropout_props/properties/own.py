"""Properties that a project declares itself, and that are judged beside the catalogue.

Question: how does a property of a project get in, with what share of the error budget, and who says
that it can fail at all?
Guarantee: a declaration is refused unless it names a negative control, a layer that violates it.
The engine judges the control first, and a property whose control passes is an ERROR. Own
statistical properties share a part of the budget that is set aside for them (`engine/budget.py`),
so that no verdict of the catalogue depends on them.
Cannot say: whether the property is true of dropout; its author says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar

from hypothesis import strategies as st

from dropout_props.cases import strategies
from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, Level, Property, Statistical
from dropout_props.properties.mask_cases import block_cases
from dropout_props.properties.own_declaration import (
    BadProperty,
    require_callable,
    require_cases,
    require_discrepancies,
    require_fields,
    require_id,
    require_texts,
)
from dropout_props.properties.sampler import Sampler
from dropout_props.statistics import Trials
from dropout_props.subjects.subject import Subject
from dropout_props.subjects.traits import Ability

__all__ = ["CAPACITY", "BadProperty", "exact", "own_properties", "register", "statistical"]

CAPACITY = 16
"""The most statistical properties that a project declares; each has the same share, whatever their
number."""

Control: TypeAlias = "Subject | Callable[[Any, Any, float, bool], Any]"
_Check: TypeAlias = Callable[[Sampler], None]
_Observe: TypeAlias = Callable[[Sampler, int], tuple[Trials, ...]]
_CheckT = TypeVar("_CheckT", bound=_Check)
_ObserveT = TypeVar("_ObserveT", bound=_Observe)

_own: dict[str, Property] = {}


def own_properties() -> tuple[Property, ...]:
    """Return the properties that this process has declared, by id."""
    return tuple(_own[one] for one in sorted(_own))


def exact(
    property_id: str,
    name: str,
    *,
    statement: str,
    if_broken: str,
    control: Control | None = None,
    formula: str = "",
    assumes: str = "",
    cases: st.SearchStrategy[Case] | None = None,
    explicit: Sequence[Case] = (Case(),),
    needs: Sequence[Ability] = (),
    blocked_by: Sequence[str] = (),
    level: Level = "core",
) -> Callable[[_CheckT], _CheckT]:
    """Declare a property that one counterexample refutes; it spends no error budget.

    The decorated function takes a `Sampler`, with the subject, the case and fresh keys, and raises
    `Violation` on a counterexample::

        @dropout_props.exact(
            "MY101",
            "the sign survives",
            statement="A kept unit keeps its sign.",
            if_broken="Activations change their sign.",
            control=flips_signs,
        )
        def the_sign_survives(sampler): ...

    Args:
        property_id: two capital letters and three digits, such as MY101; DP is reserved.
        name: what holds, in at most 28 characters.
        statement: the statement about the layer, in one sentence.
        if_broken: what a user loses when it fails.
        control: the negative control, a layer that violates the property: a `Subject`, or a
            function ``f(key, x, rate, deterministic)``.
        formula: the statement as a formula.
        assumes: conditions under which the decision is right.
        cases: strategy of the cases, as of `strategies.cases`.
        explicit: cases that are always tried, first.
        needs: abilities without which the property does not apply to a subject.
        blocked_by: ids of properties that it depends on.
        level: the lowest level at which it is judged.

    Returns:
        A decorator, which returns the function unchanged.

    Raises:
        BadProperty: an argument is missing or wrong, or the id is taken.
    """

    def declare(check: _CheckT) -> _CheckT:
        require_id(property_id)
        require_callable(property_id, check, (None,), "sampler")
        require_cases(property_id, cases, explicit)
        chosen = strategies.cases() if cases is None else cases
        decision = Exact(cases=lambda _, __: chosen, check=check, explicit=tuple(explicit))
        _declare(
            property_id,
            decision,
            texts={"name": name, "statement": statement, "if_broken": if_broken},
            control=control,
            optional={"formula": formula, "assumes": assumes},
            needs=needs,
            blocked_by=blocked_by,
            level=level,
        )
        return check

    return declare


def statistical(
    property_id: str,
    name: str,
    *,
    statement: str,
    if_broken: str,
    discrepancies: Mapping[str, float],
    control: Control | None = None,
    formula: str = "",
    assumes: str = "",
    cases: st.SearchStrategy[Case] | None = None,
    explicit: Sequence[Case] = (Case(),),
    needs: Sequence[Ability] = ("mask",),
    blocked_by: Sequence[str] = ("DP201",),
    level: Level = "core",
) -> Callable[[_ObserveT], _ObserveT]:
    """Declare a property about probabilities, in the form of counts.

    The decorated function takes a `Sampler` and the number of a block, draws the block and returns
    its counts: a `Trials` for each family, whose trials are independent and whose success
    probability is known when the property holds::

        @dropout_props.statistical(
            "MY201",
            "halves are independent",
            statement="A unit and its partner in the other half are independent.",
            if_broken="Both halves lose the same features.",
            discrepancies={"partners": 0.05},
            control=one_mask_for_both_halves,
        )
        def halves_are_independent(sampler, block):
            kept = sampler.block(block)  # bool[num_keys, *mask_shape]
            agreed, pairs = count_agreements(kept)
            return (Trials.of(agreed, pairs, agreement(sampler.keep), label="partners"),)

    Args:
        property_id: two capital letters and three digits, such as MY201; DP is reserved.
        name: what holds, in at most 28 characters.
        statement: the statement about the layer, in one sentence.
        if_broken: what a user loses when it fails.
        discrepancies: for each label of a `Trials`, the smallest deviation of the success
            probability that a pass excludes in profile `ci`, in standard deviations of one trial.
        control: the negative control, as of `exact`; it must be off by far more than that.
        formula: the statement as a formula.
        assumes: conditions under which the counts are right.
        cases: strategy of the cases; by default shapes and rates that can be counted in blocks.
        explicit: cases that are always counted, first.
        needs: abilities without which the property does not apply to a subject.
        blocked_by: ids of properties that it depends on.
        level: the lowest level at which it is judged.

    Returns:
        A decorator, which returns the function unchanged.

    Raises:
        BadProperty: an argument is missing or wrong, the id is taken, or there are more own
            statistical properties than the budget has room for.
    """

    def declare(observe: _ObserveT) -> _ObserveT:
        require_id(property_id)
        require_callable(property_id, observe, (None, 0), "sampler, block")
        require_cases(property_id, cases, explicit)
        require_discrepancies(property_id, discrepancies)
        decision = Statistical(
            cases=block_cases if cases is None else lambda _, __: cases,
            observe=observe,
            discrepancies=dict(discrepancies),
            explicit=tuple(explicit),
        )
        _declare(
            property_id,
            decision,
            texts={"name": name, "statement": statement, "if_broken": if_broken},
            control=control,
            optional={"formula": formula, "assumes": assumes},
            needs=needs,
            blocked_by=blocked_by,
            level=level,
        )
        return observe

    return declare


def register(prop: Property) -> None:
    """Add a property to those of the project; one that is declared again replaces itself.

    Raises:
        BadProperty: another property has the id, or there is no room.
    """
    earlier = _own.get(prop.id)
    if earlier is not None and _place(earlier) != _place(prop):
        raise BadProperty(
            f"{prop.id} is declared twice, by {_place(earlier)} and by {_place(prop)}: give each "
            "property its own id."
        )
    others = sum(one.is_statistical for one in _own.values() if one.id != prop.id)
    if prop.is_statistical and others >= CAPACITY:
        raise BadProperty(
            f"{prop.id} is the {CAPACITY + 1}th statistical property of the project: the error "
            f"budget has room for {CAPACITY}. Return the counts of several families from one "
            "property, each with its own label."
        )
    _own[prop.id] = prop


def _declare(
    property_id: str,
    decision: Exact | Statistical,
    *,
    texts: Mapping[str, str],
    optional: Mapping[str, str],
    control: Any,
    needs: Sequence[Ability],
    blocked_by: Sequence[str],
    level: Level,
) -> None:
    require_texts(property_id, texts, optional)
    require_fields(property_id, level=level, needs=needs, blocked_by=blocked_by)
    register(
        Property(
            id=property_id,
            name=texts["name"],
            statement=texts["statement"],
            if_broken=texts["if_broken"],
            killed_by=(),
            decision=decision,
            needs=tuple(needs),
            blocked_by=tuple(blocked_by),
            level=level,
            control=_as_subject(property_id, control),
            formula=optional["formula"],
            assumes=optional["assumes"],
        )
    )


def _as_subject(property_id: str, control: Any) -> Subject:
    """Return the negative control as a subject.

    Raises:
        BadProperty: there is none, or it is neither a subject nor a function.
    """
    if control is None:
        raise BadProperty(
            f"{property_id} has no negative control, so nothing shows that it can fail: give "
            "control=, a layer that violates it, a Subject or a function "
            "f(key, x, rate, deterministic)."
        )
    name = f"the control of {property_id}"
    if isinstance(control, Subject):
        return replace(control, name=name)
    if callable(control) and not isinstance(control, type):
        return Subject.function(control, name=name)
    raise BadProperty(
        f"{property_id}: control={control!r}: give a Subject, such as Subject.linen(MyLayer), or a "
        "function f(key, x, rate, deterministic)."
    )


def _place(prop: Property) -> str:
    decision: Any = prop.decision
    function = decision.observe if prop.is_statistical else decision.check
    # A worker process imports the program that started it, under another name.
    module = "__main__" if function.__module__ == "__mp_main__" else function.__module__
    return f"{module}:{function.__qualname__}"
