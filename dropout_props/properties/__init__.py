"""Properties: the catalogue, one property a file, in one ordered list.

Holds: the files `dpNNN_*`, which are found by their names, the decorators of `catalogue` that each
of them declares its property with, the `sampler` that derives keys and draws masks, `counting` of
masks on devices, and the reference PRNG. To add a property, write its file and a mutant that it
must kill: docs/adding-a-property.md.
DP804 needs trained models: a nightly test decides it, and it is not in the list.
`own` has the decorators by which a project declares properties of its own.
Guarantees: an exact property spends no error budget; a statistical one returns integer counts.
Imports: Hypothesis, JAX, NumPy and the rooms above; never Flax or the engine.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules

from dropout_props.properties.catalogue import declared
from dropout_props.properties.declaration import (
    LEVELS,
    Exact,
    Level,
    NotRun,
    Property,
    Statistical,
    Violation,
)
from dropout_props.properties.own import BadProperty, own_properties
from dropout_props.properties.recorded.declaration import RecordProperty

__all__ = [
    "CATALOGUE",
    "EXPLAINED",
    "LEVELS",
    "RECORDED",
    "BadProperty",
    "DecidedOnRecords",
    "Exact",
    "Level",
    "NotRun",
    "Property",
    "RecordProperty",
    "Statistical",
    "UnknownProperty",
    "Violation",
    "every_property",
    "find",
    "own_properties",
]

for _module in sorted(one.name for one in iter_modules(__path__)):
    if _module.startswith("dp"):
        import_module(f"{__name__}.{_module}")

CATALOGUE: tuple[Property, ...] = declared(Property)
"""Every property that a layer or a model can be judged by, in the order of ids."""

_NIGHTLY = "DP804"

RECORDED: tuple[RecordProperty, ...] = declared(RecordProperty)
"""Properties of a running model, which a record is judged against."""

EXPLAINED: tuple[Property | RecordProperty, ...] = (*CATALOGUE, *RECORDED)
"""The properties that `explain` and `list` print."""


class UnknownProperty(LookupError):
    """No property of the catalogue has this id."""


class DecidedOnRecords(UnknownProperty):
    """The id is that of a property of a running model, which no layer is judged against."""


def every_property() -> tuple[Property, ...]:
    """Return the properties that a layer is judged against: the catalogue, then the project's."""
    return (*CATALOGUE, *own_properties())


def find(property_id: str) -> Property:
    """Return the property with the id `property_id`, in upper or lower case.

    Raises:
        UnknownProperty: with the closest ids; for DP804, with the page of the test that decides it.
        DecidedOnRecords: the property is judged on a record of a running model.
    """
    wanted = property_id.upper()
    for prop in every_property():
        if prop.id == wanted:
            return prop
    if wanted == _NIGHTLY:
        raise UnknownProperty(
            f"{_NIGHTLY} is not in the catalogue: a nightly test decides it by training models; "
            "see docs/generalisation.md."
        )
    if any(one.id == wanted for one in RECORDED):
        raise DecidedOnRecords(
            f"{wanted} is a property of a running model, and no layer is judged against it: record "
            "the model with `dropout_props.record()`."
        )
    known = [*(one.id for one in (*EXPLAINED, *own_properties())), _NIGHTLY]
    close = get_close_matches(wanted, known)
    hint = f"the closest are {', '.join(close)}" if close else "none is close"
    raise UnknownProperty(
        f"unknown property {property_id!r}: {hint}; `dropout-props list` prints them all."
    )
