"""The decorators that put a property into the catalogue, above the function that decides it.

Guarantee: an argument that is left out has the value that most properties have, an id is taken
once, and a name fits the columns of a report. `killed_by` is the only link between a property and
the mutants, or wrong wirings, that it must kill: `selftest/killers.py` reads it.
It also holds the words that most files of properties need beside a decorator: cases, the sampler,
and the errors that a property raises or catches.
Cannot say: whether a text is well written, or a mutant exists; tests do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from hypothesis.strategies import SearchStrategy

from dropout_props.cases import strategies
from dropout_props.cases.case import Case
from dropout_props.properties.declaration import (
    Cases,
    Exact,
    Level,
    NotRun,
    Pairs,
    Positions,
    Property,
    Statistical,
    Violation,
)
from dropout_props.properties.exact_cases import decisive_cases, every_shape, transform_cases
from dropout_props.properties.mask_cases import canonical, large_block_cases
from dropout_props.properties.own_declaration import require_texts
from dropout_props.properties.recorded.declaration import RecordProperty
from dropout_props.properties.sampler import Sampler
from dropout_props.statistics import Trials
from dropout_props.subjects.subject import Crashed, Unsupported, WrongOutput

if TYPE_CHECKING:
    from dropout_props.cases.profiles import Profile
    from dropout_props.properties.recorded.declaration import Answer
    from dropout_props.properties.recorded.options import Options
    from dropout_props.properties.recorded.seen import Seen
    from dropout_props.subjects.traits import Ability

__all__ = [
    "Case",
    "Crashed",
    "Exact",
    "NotRun",
    "Sampler",
    "Trials",
    "Unsupported",
    "Violation",
    "WrongOutput",
    "declared",
    "every_shape",
    "exact",
    "recorded",
    "statistical",
    "strategies",
    "transform_cases",
]

_CheckT = TypeVar("_CheckT", bound=Callable[[Sampler], None])
_ObserveT = TypeVar("_ObserveT", bound=Callable[[Sampler, int], tuple[Trials, ...]])
_PropertyT = TypeVar("_PropertyT", Property, RecordProperty)

_declared: dict[str, Property | RecordProperty] = {}


def declared(kind: type[_PropertyT]) -> tuple[_PropertyT, ...]:
    """Return the properties of a kind that are declared so far, in the order of ids."""
    return tuple(one for _, one in sorted(_declared.items()) if isinstance(one, kind))


def exact(
    property_id: str,
    name: str,
    *,
    statement: str,
    formula: str,
    if_broken: str,
    killed_by: Sequence[str],
    assumes: str = "Nothing.",
    level: Level = "full",
    needs: Sequence[Ability] = (),
    blocked_by: Sequence[str] = ("DP201",),
    explained_by: Sequence[str] = (),
    cases: Cases | SearchStrategy[Case] = decisive_cases,
    explicit: Sequence[Case] = (Case(),),
    weight: int = 1,
    one_program: bool = False,
) -> Callable[[_CheckT], _CheckT]:
    """Declare a property that one counterexample refutes, above its check.

    Args:
        property_id: ``DPnnn``, never reused.
        name: what holds, in at most 28 characters.
        statement: as of `Property`, and so are formula to explained_by.
        formula: the statement as a formula.
        if_broken: what a user loses when it fails.
        killed_by: names of the mutants that it must kill.
        assumes: conditions under which the decision is right.
        level: the lowest level at which it is judged.
        needs: abilities without which it does not apply to a subject.
        blocked_by: ids of the properties that it depends on.
        explained_by: ids of the properties whose failure explains one of it.
        cases: as of `Exact`, and so are the rest; a strategy serves every profile and subject.
        explicit: cases that are always tried, first.
        weight: how many ordinary cases one of these costs.
        one_program: each training call runs as one program.

    Returns:
        A decorator, which returns the check unchanged.
    """

    def declare(check: _CheckT) -> _CheckT:
        _add(
            Property(
                id=property_id,
                name=name,
                statement=statement,
                formula=formula,
                if_broken=if_broken,
                assumes=assumes,
                killed_by=tuple(killed_by),
                blocked_by=tuple(blocked_by),
                explained_by=tuple(explained_by),
                needs=tuple(needs),
                level=level,
                decision=Exact(
                    cases=_of_each(cases),
                    check=check,
                    explicit=tuple(explicit),
                    weight=weight,
                    one_program=one_program,
                ),
            )
        )
        return check

    return declare


def statistical(
    property_id: str,
    name: str,
    *,
    statement: str,
    formula: str,
    if_broken: str,
    killed_by: Sequence[str],
    discrepancies: Mapping[str, float],
    assumes: str = "DP201 holds.",
    level: Level = "full",
    needs: Sequence[Ability] = ("mask",),
    blocked_by: Sequence[str] = ("DP201",),
    explained_by: Sequence[str] = (),
    cases: Cases | SearchStrategy[Case] = large_block_cases,
    explicit: Sequence[Case] = canonical(),
    relative: str | None = None,
    also: Exact | None = None,
    few: Callable[[Profile], int] | None = None,
    name_of: Callable[[Sampler, str, int, int], str] | None = None,
    positions: Positions | None = None,
    pairs: Pairs | None = None,
) -> Callable[[_ObserveT], _ObserveT]:
    """Declare a property about probabilities, above the function that counts a block.

    Args:
        property_id: as of `exact`, and so are name to explained_by.
        name: what holds, in at most 28 characters.
        statement: the statement about the layer, in one sentence.
        formula: the statement as a formula.
        if_broken: what a user loses when it fails.
        killed_by: names of the mutants that it must kill.
        discrepancies: as of `Statistical`, and so are cases to pairs.
        assumes: conditions under which the counts are right.
        level: the lowest level at which it is judged.
        needs: abilities without which it does not apply to a subject.
        blocked_by: ids of the properties that it depends on.
        explained_by: ids of the properties whose failure explains one of it.
        cases: the strategy of its cases.
        explicit: cases that are always counted, first.
        relative: label of the family whose bias relative to its probability is E[y]/x - 1.
        also: a part that one counterexample refutes.
        few: how many distinct cases there are in a profile.
        name_of: names a member of a family.
        positions: the families by how often each position was kept.
        pairs: the families by how often each two positions agree.

    Returns:
        A decorator, which returns the function unchanged.
    """

    def declare(observe: _ObserveT) -> _ObserveT:
        _add(
            Property(
                id=property_id,
                name=name,
                statement=statement,
                formula=formula,
                if_broken=if_broken,
                assumes=assumes,
                killed_by=tuple(killed_by),
                blocked_by=tuple(blocked_by),
                explained_by=tuple(explained_by),
                needs=tuple(needs),
                level=level,
                decision=Statistical(
                    cases=_of_each(cases),
                    observe=observe,
                    discrepancies=discrepancies,
                    explicit=tuple(explicit),
                    relative=relative,
                    also=also,
                    few=few,
                    name_of=name_of,
                    positions=positions,
                    pairs=pairs,
                ),
            )
        )
        return observe

    return declare


def recorded(
    property_id: str,
    name: str,
    *,
    statement: str,
    formula: str,
    if_broken: str,
    assumes: str,
    mend: str,
    killed_by: Sequence[str],
    exact: bool = True,
) -> Callable[[Callable[[Seen, Options], Answer]], RecordProperty]:
    """Declare a property of a running model, above the function that judges a record.

    Args:
        property_id: ``DP9nn``, never reused.
        name: as of `RecordProperty`, and so are the rest.
        statement: the statement about the model, in one sentence.
        formula: the statement as a formula.
        if_broken: what a user loses when it fails.
        assumes: what the decision rests on.
        mend: the usual line that mends it.
        killed_by: the wrong wirings that it must name, as ``api/name``.
        exact: no count decides it.

    Returns:
        A decorator, which returns the property: the function and its helpers make findings of it.
    """

    def declare(judge: Callable[[Seen, Options], Answer]) -> RecordProperty:
        return _add(
            RecordProperty(
                id=property_id,
                name=name,
                statement=statement,
                formula=formula,
                if_broken=if_broken,
                assumes=assumes,
                mend=mend,
                killed_by=tuple(killed_by),
                judge=judge,
                exact=exact,
            )
        )

    return declare


def _add(prop: _PropertyT) -> _PropertyT:
    if prop.id in _declared:
        raise ValueError(
            f"{prop.id} is declared twice, as {_declared[prop.id].name!r} and as {prop.name!r}: "
            "give each property its own id."
        )
    texts = ("name", "statement", "formula", "if_broken", "assumes")
    require_texts(prop.id, {field: getattr(prop, field) for field in texts}, {})
    _declared[prop.id] = prop
    return prop


def _of_each(cases: Cases | SearchStrategy[Case]) -> Cases:
    return (lambda _, __: cases) if isinstance(cases, SearchStrategy) else cases
