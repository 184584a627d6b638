"""`parametrize_with_properties`: one test for each pair of subject and property, in any project.

The decorator checks its arguments and marks the test; the plugin makes the pairs when it collects
the test, since the table `[tool.dropout-props]` and the options of pytest take part in the choice.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from dropout_props.engine.selection import Selection
from dropout_props.properties import find
from dropout_props.pytest_plugin.session import loaded
from dropout_props.subjects.errors import UnknownSubject, WiringError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dropout_props.properties import Level
    from dropout_props.subjects.subject import Subject

__all__ = ["merged", "pairs_of", "parametrize_with_properties"]


def parametrize_with_properties(
    subjects: Sequence[Subject | str] = (),
    *,
    properties: Sequence[str] = (),
    level: Level | None = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    claims: Sequence[str] = (),
) -> Callable[[Any], Any]:
    """Return a decorator that runs a test once for every subject and property.

    The test takes the fixture `property_check` and calls it::

        @parametrize_with_properties([Subject.linen(MyDropout)])
        def test_dropout(property_check):
            property_check()

    Args:
        subjects: subjects, names of subjects that ship, or paths ``package.module:attr``; by
            default those of the table `[tool.dropout-props]`.
        properties: ids of the properties, at any level; whatever the table ignores.
        level: `core`, `full` or `framework`; by default `framework` for a layer of Flax and `core`
            for any other.
        select: ids or prefixes of ids; a prefix selects within the level.
        ignore: ids or prefixes of ids that are not judged.
        claims: the name of `properties` in 0.1, accepted until 0.3.

    Raises:
        UnknownProperty: an id is not in the catalogue.
        ValueError: two subjects have one name, so a report could not distinguish them.
    """
    if claims:
        warnings.warn("claims= is now called properties=", DeprecationWarning, stacklevel=2)
    whole = tuple(find(one).id for one in (*properties, *claims))
    selection = Selection(level=level, select=(*whole, *select), ignore=tuple(ignore))
    names = [_name(one) for one in subjects]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f"two subjects are called {name!r}: give each its own name, as in "
                "Subject.linen(MyDropout, name='mine')."
            )
    return pytest.mark.dropout_props(
        subjects=tuple(subjects), selection=selection, exact=bool(whole)
    )


def merged(selection: Selection, table: Selection, *, level: str | None, exact: bool) -> Selection:
    """Return the selection of a test, with what it leaves open from options and table.

    Args:
        selection: of the test.
        table: of the project.
        level: of --dp-level.
        exact: the test names properties by their whole ids, which the table cannot ignore.
    """
    chosen: Any = selection.level or level or table.level
    if exact:
        return replace(selection, level=chosen)
    return Selection(
        level=chosen,
        select=selection.select or table.select,
        ignore=selection.ignore or table.ignore,
        per_subject=table.per_subject,
    )


def pairs_of(
    subjects: Sequence[Subject | str], selection: Selection
) -> tuple[list[tuple[Subject | str, str]], list[str]]:
    """Return the pairs of subject and id of a property that are selected, and the ids of the tests.

    Args:
        subjects: as in `parametrize_with_properties`.
        selection: which properties are judged on which subject.
    """
    pairs: list[tuple[Subject | str, str]] = []
    ids = []
    for subject in subjects:
        for property_id in _selected(subject, selection):
            pairs.append((subject, property_id))
            ids.append(f"{_name(subject)}-{property_id}")
    return pairs, ids


def _selected(subject: Subject | str, selection: Selection) -> list[str]:
    try:
        found = loaded(subject) if isinstance(subject, str) else subject
    except (UnknownSubject, WiringError):
        return ["DP101"]  # its test says why the subject cannot be loaded
    return [prop.id for prop in selection.properties_of(found)]


def _name(subject: Subject | str) -> str:
    return subject if isinstance(subject, str) else subject.name
