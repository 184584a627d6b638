"""The JSON Schemas of result files and comparisons, which pydantic derives from the records.

A test compares them with docs/result.schema.json and docs/comparison.schema.json.
"""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from dropout_props.results.comparison import Comparison
from dropout_props.results.files import FORMAT, TOOL
from dropout_props.results.records import RunResult

__all__ = ["comparison_schema", "result_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NOT_FINITE = {"enum": ["NaN", "Infinity", "-Infinity"]}


class _Generator(GenerateJsonSchema):
    """Allows the texts of `files` for numbers that JSON cannot express, and no extra fields."""

    def float_schema(self, schema: Any) -> dict[str, Any]:
        return {"anyOf": [super().float_schema(schema), _NOT_FINITE]}

    def dataclass_schema(self, schema: Any) -> dict[str, Any]:
        return {**super().dataclass_schema(schema), "additionalProperties": False}


def result_schema() -> dict[str, Any]:
    """Return the schema of the document that `check --json` writes."""
    return _schema("A result of dropout_props", "run", RunResult, {"complete": {"type": "boolean"}})


def comparison_schema() -> dict[str, Any]:
    """Return the schema of the document that `diff --json` and `gate --json` write."""
    counts = {"type": "object", "additionalProperties": {"type": "integer"}}
    more = {"exit_code": {"type": "integer"}, "tally": counts}
    return _schema("A comparison of dropout_props", "comparison", Comparison, more)


def _schema(title: str, name: str, record: type, more: dict[str, Any]) -> dict[str, Any]:
    body = TypeAdapter(record).json_schema(schema_generator=_Generator)
    definitions = body.pop("$defs", {})
    properties = {"format": {"const": FORMAT}, "tool": {"const": TOOL}, **more, name: body}
    return {
        "$schema": _DIALECT,
        "title": title,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "$defs": definitions,
    }
