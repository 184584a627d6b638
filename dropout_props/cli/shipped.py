"""What `list`, `explain` and `plan` print: two files made from the catalogue, read without JAX.

Importing the catalogue loads JAX and SciPy, which takes seconds, and a plan is seconds of root
finding. So the package ships both as JSON. `python tools/catalogue.py` writes the files, and tests
compare them with the code.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from dropout_props.results.forecast import Forecast, Plan

if TYPE_CHECKING:
    from dropout_props.properties import Property, RecordProperty

__all__ = [
    "CATALOGUE_FILE",
    "PLANS_FILE",
    "Entry",
    "catalogue",
    "entry_of",
    "make_catalogue",
    "make_plan",
    "plan",
]

CATALOGUE_FILE = Path(__file__).with_name("catalogue.json")
PLANS_FILE = Path(__file__).with_name("plans.json")


class Entry(TypedDict):
    """One property: a row of `list`, and the text of `explain`."""

    id: str
    name: str
    kind: str
    level: str
    sentence: str
    text: str


def catalogue() -> list[Entry]:
    """Return the properties in the order of the catalogue, from the file."""
    found: list[Entry] = json.loads(CATALOGUE_FILE.read_text(encoding="utf-8"))
    return found


def make_catalogue() -> list[Entry]:
    """Return the same from the code."""
    from dropout_props.properties import EXPLAINED

    return [entry_of(prop) for prop in EXPLAINED]


def entry_of(prop: Property | RecordProperty) -> Entry:
    """Return the entry of one property."""
    from dropout_props.engine.deviations.describe import known_of
    from dropout_props.properties.describe import describe

    return Entry(
        id=prop.id,
        name=prop.name,
        kind=prop.kind,
        level=getattr(prop, "level", ""),  # a property of a record has none
        sentence=prop.statement,
        text=f"{describe(prop)}\n{known_of(prop.id)}".rstrip(),
    )


def plan(profile: str) -> Plan:
    """Return the plan of a profile, from the file."""
    found = json.loads(PLANS_FILE.read_text(encoding="utf-8"))[profile]
    rows = [Forecast(**{**row, "shifts": tuple(row["shifts"])}) for row in found["forecasts"]]
    return Plan(
        **{**found, "keep_rates": tuple(found["keep_rates"]), "forecasts": tuple(rows)},
    )


def make_plan(profile: str) -> dict[str, object]:
    """Compute the plan of a profile, as the file holds it."""
    from dropout_props.engine.plan import plan as computed

    return asdict(computed(profile=profile))
