"""The JSON Schema of result files, read off the records: a field added there appears here.

It is derived by hand, not by a library, so that a release of one does not change a published file.
"""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from dropout_props.results.comparison import Comparison
from dropout_props.results.files import FORMAT, TOOL
from dropout_props.results.records import RunResult

__all__ = ["comparison_schema", "result_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NUMBER = {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: _NUMBER,
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
}


def result_schema() -> dict[str, Any]:
    """Return the schema of what `check --json` writes."""
    return _schema("A result of dropout_props", "run", RunResult, {"complete": {"type": "boolean"}})


def comparison_schema() -> dict[str, Any]:
    """Return the schema of what `diff --json` and `gate --json` write."""
    counts = {"type": "object", "additionalProperties": {"type": "integer"}}
    more = {"exit_code": {"type": "integer"}, "tally": counts}
    return _schema("A comparison of dropout_props", "comparison", Comparison, more)


def _schema(title: str, name: str, record: type, more: dict[str, Any]) -> dict[str, Any]:
    definitions: dict[str, Any] = {}
    properties = {
        "format": {"const": FORMAT},
        "tool": {"const": TOOL},
        **more,
        name: _of(record, definitions),
    }
    return {
        "$schema": _DIALECT,
        "title": title,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "$defs": dict(sorted(definitions.items())),
    }


def _of(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:  # noqa: PLR0911 (one a kind)
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return {"anyOf": [_of(one, definitions) for one in arguments]}
    if origin is dict:
        return {"type": "object", "additionalProperties": _of(arguments[1], definitions)}
    if origin is tuple and arguments[-1] is Ellipsis:
        return {"type": "array", "items": _of(arguments[0], definitions)}
    if origin is tuple:
        items = [_of(one, definitions) for one in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items)}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [one.value for one in hint]}
    if is_dataclass(hint):
        return _record(hint, definitions)  # type: ignore[arg-type]
    raise TypeError(f"{hint!r} has no JSON Schema here: teach report/schema.py what it is.")


def _record(record: type, definitions: dict[str, Any]) -> dict[str, Any]:
    reference = {"$ref": f"#/$defs/{record.__name__}"}
    if record.__name__ in definitions:
        return reference
    definitions[record.__name__] = {}  # a record that holds itself must not go round
    hints = get_type_hints(record)
    known = fields(record)  # type: ignore[arg-type]
    definitions[record.__name__] = {
        "type": "object",
        "properties": {one.name: _of(hints[one.name], definitions) for one in known},
        "required": [
            one.name for one in known if one.default is MISSING and one.default_factory is MISSING
        ],
        "additionalProperties": False,
    }
    return reference
