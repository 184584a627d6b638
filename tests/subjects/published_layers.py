"""The layers and models in `published`: modules by file, subjects by `file:attr`."""

from functools import cache
from importlib import import_module
from typing import Any

from dropout_props.layers.registry import _as_subject


def published(name: str) -> Any:
    """Return the module of one file."""
    return import_module(f"tests.subjects.published.{name}")


@cache
def subject(path: str) -> Any:
    """Return the subject `file:attr`, or make one from the layer of that name."""
    file, attr = path.split(":")
    return _as_subject(getattr(published(file), attr), path=path)
