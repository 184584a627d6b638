"""The registry: finds a shipped subject by name, and any other by `package.module:attr`.

Listing the names imports no framework; a subject is built when it is loaded.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from types import MappingProxyType, ModuleType
from typing import Any, cast

from dropout_props.environment.guards import without_guards
from dropout_props.subjects.errors import UnknownSubject, WiringError
from dropout_props.subjects.naming import source_of
from dropout_props.subjects.subject import Subject

_PACKAGE = "dropout_props.layers"

# By name, in the order of every table: the module and function that build the subject.
SHIPPED: Mapping[str, str] = MappingProxyType(
    {
        "linen.Dropout": f"{_PACKAGE}.flax_layers:linen_dropout",
        "nnx.Dropout": f"{_PACKAGE}.flax_layers:nnx_dropout",
        "textbook.MyDropout": f"{_PACKAGE}.textbook.my_dropout:subject",
        "textbook.DropoutModel": f"{_PACKAGE}.textbook.dropout_model:subject",
        "textbook.MyModel": f"{_PACKAGE}.textbook.my_model:subject",
        "linen.attention": f"{_PACKAGE}.attention.linen_attention:subject",
        "nnx.attention": f"{_PACKAGE}.attention.nnx_attention:subject",
        "d2l.dropout_layer": f"{_PACKAGE}.d2l.dropout_layer:subject",
        "d2l.DropoutMLPScratch": f"{_PACKAGE}.d2l.mlp_scratch:subject",
        "d2l.DropoutMLP": f"{_PACKAGE}.d2l.mlp:subject",
    }
)

# Worked examples: a check runs them only when they are named.
EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "examples.DropPath": f"{_PACKAGE}.examples.drop_path:subject",
        "examples.GaussianNoise": f"{_PACKAGE}.examples.gaussian_noise:subject",
        "examples.GaussianDropout": f"{_PACKAGE}.examples.gaussian_dropout:subject",
    }
)

# Dropout of other frameworks, and Flax's bridges: loaded only when they are named.
FRAMEWORKS: Mapping[str, str] = MappingProxyType(
    {
        "nnx.bridge.ToLinen": f"{_PACKAGE}.frameworks.bridges:to_linen",
        "nnx.bridge.ToNNX": f"{_PACKAGE}.frameworks.bridges:to_nnx",
        "equinox.nn.Dropout": f"{_PACKAGE}.frameworks.equinox_dropout:subject",
        "haiku.dropout": f"{_PACKAGE}.frameworks.haiku_dropout:subject",
        "keras.layers.Dropout": f"{_PACKAGE}.frameworks.keras_dropout:subject",
    }
)
EXTRAS = ("equinox", "haiku", "keras")
"""Packages of `FRAMEWORKS` that an extra of the same name installs."""

_NAMED = MappingProxyType({**SHIPPED, **EXAMPLES, **FRAMEWORKS})


def names() -> tuple[str, ...]:
    """Return the names of the shipped subjects, in the order of every table."""
    return tuple(SHIPPED)


def installed_frameworks() -> tuple[str, ...]:
    """Return the names of `FRAMEWORKS` whose package is installed; imports none of them."""
    return tuple(
        name
        for name in FRAMEWORKS
        if (package := name.partition(".")[0]) not in EXTRAS or find_spec(package) is not None
    )


@without_guards()
def load(name_or_path: str) -> Subject:
    """Find a subject.

    Args:
        name_or_path: one of `names()`, `EXAMPLES` or `FRAMEWORKS`, or `package.module:attr`,
            where attr is a `Subject`, a Linen or NNX module class, or a function
            `f(key, x, rate, deterministic)`. The working directory is searched last.

    Returns:
        The subject. A layer is named by its path, a ``Subject`` keeps its own name, and both have
        the path as their ``source``; the ``source`` of a subject that ships is empty, since its
        name finds it.

    Raises:
        UnknownSubject: no subject has that name, or its module cannot be imported; for another
            framework that is not installed, with the command that installs it.
        WiringError: the layer exists, but its wiring cannot be inferred.
    """
    if name_or_path in _NAMED:
        module, _, attr = _NAMED[name_or_path].partition(":")
        try:
            subject: Subject = getattr(importlib.import_module(module), attr)()
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if name_or_path not in FRAMEWORKS or package not in EXTRAS:
                raise
            raise UnknownSubject(
                f"{name_or_path} needs the package {package}, which is not installed: "
                f"pip install 'dropout-props[{package}]'"
            ) from error
        return replace(subject, source="")
    return _as_subject(_at(name_or_path), path=name_or_path)


def load_all(names_or_paths: Iterable[str]) -> list[Subject]:
    """Finds several subjects, no two of one name.

    Where two ready ``Subject`` objects have one name, each is named by its path instead, so that a
    report tells them apart and ``load`` finds each by its name.

    Args:
        names_or_paths: as `load` takes them; one that is given twice is found once.

    Raises:
        UnknownSubject: as for `load`.
        WiringError: as for `load`.
    """
    subjects = [load(one) for one in dict.fromkeys(names_or_paths)]
    while twice := {one.name for one in subjects if [s.name for s in subjects].count(one.name) > 1}:
        # Paths differ, and no subject that ships is called like a path: each round names some.
        subjects = [
            replace(one, name=one.source or one.name) if one.name in twice else one
            for one in subjects
        ]
    return subjects


def layer_path(path: str) -> str:
    """Returns the path of the layer at a path: of the one that a ready ``Subject`` was made of.

    Args:
        path: ``package.module:attr``.

    Returns:
        `path` itself when it leads to the layer; nothing when the layer of a ``Subject`` cannot be
        imported from anywhere, as a ``functools.partial`` cannot.

    Raises:
        UnknownSubject: as for `load`.
    """
    found = _at(path)
    if not isinstance(found, Subject):
        return path
    adapter: Any = found.adapter
    return source_of(getattr(adapter, "factory", None) or getattr(adapter, "function", adapter))


def _at(path: str) -> Any:
    if ":" not in path:
        raise UnknownSubject(_no_such_name(path))
    module_name, _, attr = path.partition(":")
    if not module_name or not attr:
        raise UnknownSubject(
            f"{path!r} is not a subject: write package.module:attr, such as "
            f"mypackage.layers:MyDropout."
        )
    return _find(_import(module_name), attr, path=path)


def _no_such_name(name: str) -> str:
    lowered = name.lower()
    folded = {known.lower(): known for known in _NAMED}
    meant = [low for low in folded if lowered in (low, low.rpartition(".")[2])]
    meant = [low for low in meant if folded[low] not in FRAMEWORKS] or meant
    meant = meant or difflib.get_close_matches(lowered, folded, n=1, cutoff=0.7)
    hint = f" Did you mean {' or '.join(folded[low] for low in meant)}?" if meant else ""
    module, _, attr = name.rpartition(".")
    if module and not hint:
        hint = f" For a layer of your own write {module}:{attr}."
    return (
        f"No subject is called {name!r}.{hint} The shipped subjects are "
        f"{', '.join(SHIPPED)}; the examples are {', '.join(EXAMPLES)}; of other frameworks "
        f"{', '.join(FRAMEWORKS)}; write any other as "
        f"package.module:attr."
    )


def _import(name: str) -> ModuleType:
    folder = os.getcwd()  # noqa: PTH109 - sys.path holds strings
    if folder not in sys.path and "" not in sys.path:
        # Unlike `python -m`, a console script does not search the working directory. It comes
        # last, so that a file there cannot hide an installed package.
        sys.path.append(folder)
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # a script may exit while it is imported
        text = " ".join(str(error).split()) or "no message"
        raise UnknownSubject(
            f"The module {name!r} cannot be imported: {type(error).__name__}: {text}. Check its "
            f"name, run from the directory that holds its package, or install the package."
        ) from error


def _find(module: ModuleType, attr: str, *, path: str) -> Any:
    found: Any = module
    for part in attr.split("."):
        if not hasattr(found, part):
            close = difflib.get_close_matches(part, dir(found), n=3)
            hint = f" Did you mean {' or '.join(close)}?" if close else ""
            raise UnknownSubject(
                f"{path!r} is not a subject: the module {module.__name__!r} can be imported, but "
                f"has no {attr!r}.{hint}"
            )
        found = getattr(found, part)
    return found


def _as_subject(found: Any, *, path: str) -> Subject:
    if isinstance(found, Subject):
        return replace(found, source=path)
    import flax.linen as nn
    from flax import nnx

    make: Any = None
    if isinstance(found, type) and issubclass(found, nn.Module):
        make = Subject.linen
    elif isinstance(found, type) and issubclass(found, nnx.Module):
        make = Subject.nnx
    elif callable(found) and not isinstance(found, (type, nn.Module, nnx.Module)):
        make = Subject.function
    if make is not None:
        try:
            return cast("Subject", make(found, name=path, source=path))
        except WiringError as error:
            module, _, attr = path.partition(":")
            raise WiringError(
                f"{error} Options are arguments of Subject.{make.__name__}: write `layer = "
                f"Subject.{make.__name__}({attr}, ...)` in a module, such as {module}, and check "
                f"{module}:layer."
            ) from error
    raise UnknownSubject(
        f"{path!r} is of type {type(found).__name__}, which is not a subject. Point to a Subject, "
        f"a Linen or NNX module class, or a function f(key, x, rate, deterministic); for a layer "
        f"that requires more arguments make one with Subject.linen or Subject.nnx and point to it."
    )
