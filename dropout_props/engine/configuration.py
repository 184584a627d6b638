"""The table `[tool.dropout-props]` of pyproject.toml, for the command line and pytest alike.

Guarantee: a key, an id or a value that nothing knows is an error that names the file, the key and
the closest name; a table is read whole or not at all. An option of the command line goes before the
table, except that `per-subject-ignore` holds unless `--property` names the property.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from dropout_props.cases.profiles import PROFILES
from dropout_props.engine.deviations import BadList, parse, text_of
from dropout_props.engine.selection import Selection
from dropout_props.properties import UnknownProperty

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["BadTable", "Configuration", "at", "read"]

TABLE = "dropout-props"


class BadTable(ValueError):
    """The table is invalid; the text names the file, the key, the value and the rule."""


def _dashed(name: str) -> str:
    return name.replace("_", "-")


class _Table(BaseModel):
    """The keys of the table, written with dashes, and their types."""

    model_config = ConfigDict(extra="forbid", alias_generator=_dashed)

    subjects: tuple[str, ...] = ()
    level: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_subject_ignore: dict[str, dict[str, str]] = {}
    profile: str | None = None
    deviations: str | None = None
    own_properties: tuple[str, ...] = ()


_KEYS = sorted(map(_dashed, _Table.model_fields))


@dataclass(frozen=True)
class Configuration:
    """What the table says.

    Args:
        path: its file; None where there is no table.
        subjects: names and paths of subjects that a check judges when none is named.
        selection: level, select, ignore and per-subject-ignore.
        profile: the profile; None if the table has none.
        deviations: text of the list of known deviations that replaces the one that ships; None if
            the table names none.
        own_properties: modules that declare properties of the project; they have been imported.
    """

    path: Path | None = None
    subjects: tuple[str, ...] = ()
    selection: Selection = field(default_factory=Selection)
    profile: str | None = None
    deviations: str | None = None
    own_properties: tuple[str, ...] = ()


def at(folder: Path) -> Configuration:
    """Return the table of the nearest pyproject.toml that has one, from a folder upwards.

    Raises:
        BadTable: that table is invalid, or a file on the way is not TOML.
    """
    for place in (folder, *folder.parents):
        path = place / "pyproject.toml"
        if path.is_file() and (found := _table_of(path)) is not None:
            return read(found, path)
    return Configuration()


def _table_of(path: Path) -> Mapping[str, Any] | None:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadTable(f"{path}: cannot be read as TOML: {error}.") from error
    tools = table.get("tool", {})
    return tools.get(TABLE) if isinstance(tools, dict) else None


def read(table: Any, path: Path) -> Configuration:
    """Return what a table says.

    Args:
        table: the table `[tool.dropout-props]`, as TOML gives it.
        path: its file; the list of known deviations is found from its folder.

    Raises:
        BadTable: it is invalid.
    """
    where = f"{path}, [tool.{TABLE}]"
    try:
        found = _Table.model_validate(table)
    except ValidationError as error:
        raise BadTable(f"{where}: {_sentence(error)}") from None
    _check_choice(where, "profile", found.profile, tuple(PROFILES))
    for module in found.own_properties:
        _import(where, module, path.parent)
    for subject, ids in found.per_subject_ignore.items():
        for property_id, reason in ids.items():
            if not reason.strip():
                raise BadTable(
                    f'{where}: per-subject-ignore."{subject}".{property_id} has no reason: write '
                    "why the property is not judged, in one sentence."
                )
    try:
        selection = Selection(
            level=found.level,  # type: ignore[arg-type] # checked there
            select=found.select,
            ignore=found.ignore,
            per_subject=found.per_subject_ignore,
        )
    except (UnknownProperty, ValueError) as error:
        raise BadTable(f"{where}: {error}") from None
    return Configuration(
        path=path,
        subjects=found.subjects,
        selection=selection,
        profile=found.profile,
        deviations=_list_of(where, found.deviations, path.parent),
        own_properties=found.own_properties,
    )


def _import(where: str, module: str, folder: Path) -> None:
    """Import a module that declares properties, from the folder of the table too."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))  # last: a file there cannot hide an installed package
    try:
        import_module(module)
    except (Exception, SystemExit) as error:  # a script may exit while it is imported
        text = " ".join(str(error).split()) or "no message"
        raise BadTable(
            f"{where}: own-properties={module!r} cannot be imported: {type(error).__name__}: {text}"
        ) from error


def _list_of(where: str, name: str | None, folder: Path) -> str | None:
    """Return the text of the list of known deviations that the table names."""
    if name is None:
        return None
    if name == "none":
        return ""
    try:
        text = text_of(folder / name)
        parse(text, folder / name)
    except BadList as error:
        raise BadTable(f"{where}: deviations={name!r}: {error}") from None
    return text


def _check_choice(where: str, key: str, value: str | None, choices: Sequence[str]) -> None:
    if value is not None and value not in choices:
        raise BadTable(
            f"{where}: {key}={value!r}: it must be one of {', '.join(choices)}; the closest is "
            f"{_closest(value, choices)}."
        )


def _closest(value: str, choices: Sequence[str]) -> str:
    return get_close_matches(value, choices, n=1, cutoff=0.0)[0]


def _sentence(error: ValidationError) -> str:
    """Return one sentence for the first thing that is wrong."""
    [first, *_] = error.errors()
    place = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        key = place[-1]
        return (
            f"unknown key {key!r}: the closest is {_closest(key, _KEYS)}. The keys are "
            f"{', '.join(_KEYS)}."
        )
    key, given = ".".join(place) or "the table", first["input"]
    if first["type"] == "tuple_type" and isinstance(given, str):
        return f'{key}={given!r}: give a list, as in {key} = ["{given}"].'
    if first["type"] == "string_type":
        return f"{key}={given!r}: give a text in quotes."
    if first["type"] == "dict_type":
        return f"{key}={given!r}: give ids with a reason each, as in DP103 = 'why'."
    return f"{key}={given!r}: {first['msg'][0].lower()}{first['msg'][1:]}."
