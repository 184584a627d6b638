"""Writes a failure as a program of plain jax, flax, numpy and scipy.

Question: does the failure occur without this package?
Guarantee: the program holds the source of the property's own `observe` or `check` and of all that
it needs, so that it draws the same keys, calls the layer in the same way and counts the same units.
Cannot say: whether the module that holds the layer imports this package.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from dropout_props.replay.pytest_file import docstring, test_file

if TYPE_CHECKING:
    from dropout_props.replay.find import Found
    from dropout_props.replay.source import Collector

__all__ = ["NoScript", "script", "test_file"]

_PRELUDE = "dropout_props.replay.prelude"
_STAND_INS = {
    "dropout_props.subjects.isolated:run_isolated": f"{_PRELUDE}:run_isolated",
    "dropout_props.subjects.raised_at:raised_at": f"{_PRELUDE}:raised_at",
}
_STAND_INS_TO_COUNT = _STAND_INS | {  # a check may be about what the real ones refuse
    "dropout_props.statistics.trials:Trials": f"{_PRELUDE}:Trials",
    "dropout_props.subjects.subject:Subject": f"{_PRELUDE}:Subject",
    "dropout_props.subjects.traits:Traits": f"{_PRELUDE}:Traits",
}
_USE = (
    "It needs jax, flax, numpy and scipy, and exits with 1 while the failure occurs. Its end names "
    "the layer, the input and what was seen."
)


class NoScript(ValueError):
    """No program can be written for this failure; the text says why, and what to do instead."""


def script(found: Found) -> str:
    """Returns a program that exits with 1 while the failure occurs.

    Raises:
        NoScript: no case failed, or a program cannot import the layer.
    """
    from dropout_props.engine.failure_ids import case_of
    from dropout_props.properties import Statistical, Violation, find
    from dropout_props.properties.sampler import Sampler
    from dropout_props.replay.find import subject_of
    from dropout_props.replay.source import Collector

    if found.replay.case is None:
        raise NoScript(
            f"{found.replay.id}: the subject crashed before a case failed. The result holds its "
            "message, and `dropout-props replay` judges the property again."
        )
    prop, failure = find(found.result.property_id), found.result.failure
    assert failure is not None
    function: Any
    if found.replay.decided == "counterexample":
        assert prop.exact is not None
        function, end = prop.exact.check, "recheck({}, Violation, SAMPLER, SEEN)"
        collector, seen = Collector(_STAND_INS), repr(failure.seen)
    else:
        assert isinstance(prop.decision, Statistical)
        function, end = prop.decision.observe, "recount({}, SAMPLER, SEEN)"
        counts = [(one.label, one.successes, one.trials) for one in found.replay.counts]
        collector, seen = Collector(_STAND_INS_TO_COUNT), _listed("[]", map(repr, counts))
    collector.add(f"{Violation.__module__}:Violation")
    collector.add(f"{_PRELUDE}:{end.partition('(')[0]}")
    name = collector.add(f"{function.__module__}:{function.__name__}")
    subject = replace(
        subject_of(found), source=""
    )  # a place to load it from, which no program does
    sampler = Sampler(subject, case_of(found.replay.case), prop.id, found.run.run_seed)
    _value(sampler, collector)  # collects the classes; which fields they read is known from then on
    conditions = {**found.run.versions, **found.run.flags}
    head = docstring(
        f"{found.result.subject}, {prop.id} {prop.name}: a stand-alone program.",
        f"Property: {prop.statement}",
        f"Seen: {failure.seen}",
        f"Decided by: {failure.decided_by}",
        f"Run with: {', '.join(f'{key} {value}' for key, value in conditions.items())}",
        _USE,
    )
    return (
        f"{head}\n\nfrom __future__ import annotations\n\n{collector.text()}\n\n\n"
        f"SAMPLER = {_value(sampler, collector)}\nSEEN = {seen}\n\n"
        f'if __name__ == "__main__":\n    raise SystemExit({end.format(name)})\n'
    )


def _value(value: Any, collector: Collector) -> str:
    """Returns an expression for a value, and collects the classes and functions that it names.

    Of a dataclass it has the fields that the collected code reads, or that have no default value.
    """
    if isinstance(value, Mapping):
        return repr(dict(value))
    if not is_dataclass(value) or isinstance(value, type):
        return _function(value, collector) if callable(value) else repr(value)
    from dropout_props.subjects.traits import ABILITIES, Traits

    if isinstance(value, Traits) and not value.output_law.is_plain:
        raise NoScript("its dropped or kept units have values of their own; replay it instead")
    name = collector.add(f"{type(value).__module__}:{type(value).__name__}")
    shown = [
        f"{one.name}={_value(getattr(value, one.name), collector)}".replace("\n", "\n    ")
        for one in fields(value)
        if one.repr
        and (one.name in collector.attributes or getattr(value, one.name) != one.default)
    ]
    if isinstance(value, Traits) and "lacking" in collector.attributes:
        reasons = {one: why for one in ABILITIES if (why := value.lacks(one)) is not None}
        shown.append(f"lacking={reasons!r}")
    return name + _listed("()", shown)


def _listed(brackets: str, items: Iterable[str]) -> str:
    return "\n".join([brackets[0], *(f"    {one}," for one in items), brackets[1]])


def _function(function: Any, collector: Collector) -> str:
    """Returns the name of a layer in a program, which holds its source or imports it.

    Raises:
        NoScript: no module has the layer under its name.
    """
    module, name = str(function.__module__), str(getattr(function, "__qualname__", ""))
    if module.startswith("dropout_props.") and name.isidentifier():
        return collector.add(f"{module}:{name}")
    top, *below = name.split(".")
    # The shortest place is the documented one: flax.linen, not flax.linen.stochastic.
    for place in accumulate(module.split("."), "{}.{}".format):
        found: Any = importlib.import_module(place)
        for part in (top, *below):
            found = getattr(found, part, None)
        if found is function:
            return ".".join((collector.name(f"from {place} import {top}", "Layer"), *below))
    raise NoScript(
        f"{module} has no {name or function!r}, so that a program cannot import the layer. Give it "
        "a name at the top of a module; or `dropout-props replay --pytest` writes a test that uses "
        "this package."
    )
