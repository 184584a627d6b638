"""`parametrize_with_properties`: one test for each pair of subject and property, in any project."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest

from dropout_props.properties import CATALOGUE, find

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dropout_props.subjects.subject import Subject

__all__ = ["parametrize_with_properties"]


def parametrize_with_properties(
    subjects: Sequence[Subject | str],
    *,
    properties: Sequence[str] = (),
    claims: Sequence[str] = (),
) -> Callable[[Any], Any]:
    """Return a decorator that runs a test once for every subject and property.

    The test takes the fixture `property_check` and calls it::

        @parametrize_with_properties([Subject.linen(MyDropout)])
        def test_dropout(property_check):
            property_check()

    Args:
        subjects: subjects, names of subjects that ship, or paths ``package.module:attr``.
        properties: ids of the properties; the whole catalogue when left out.
        claims: the name of `properties` in 0.1, accepted until 0.3.

    Raises:
        UnknownProperty: an id is not in the catalogue.
        ValueError: two subjects have one name, so a report could not distinguish them.
    """
    if claims:
        warnings.warn("claims= is now called properties=", DeprecationWarning, stacklevel=2)
    chosen = [find(one) for one in (*properties, *claims)] or list(CATALOGUE)
    names = [one if isinstance(one, str) else one.name for one in subjects]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f"two subjects are called {name!r}: give each its own name, as in "
                "Subject.linen(MyDropout, name='mine')."
            )
    pairs = [(subject, prop.id) for subject in subjects for prop in chosen]
    ids = [f"{name}-{prop.id}" for name in names for prop in chosen]
    return pytest.mark.parametrize("property_check", pairs, ids=ids, indirect=True)
