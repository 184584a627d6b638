"""Reads and writes result files: JSON with a version of the format.

Guarantee: a file of another format, or one that is truncated, damaged or foreign, is refused with
one sentence. `docs/result.schema.json` describes the format. Numbers that JSON cannot express are
the texts Infinity, -Infinity and NaN. `writing` writes a file whole or not at all.
"""

from __future__ import annotations

import json
import math
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from dropout_props.results.comparison import Comparison
from dropout_props.results.records import PropertyResult, RunResult
from dropout_props.results.writing import CannotWrite, save

__all__ = [
    "FORMAT",
    "TOOL",
    "BadResultFile",
    "comparison_document",
    "comparison_of",
    "comparison_text",
    "document",
    "keep_last",
    "property_result_from_json",
    "property_result_to_json",
    "read",
    "result_text",
    "run_of",
    "write",
]

FORMAT = 2
"""Version of the file format; `read` refuses every other."""

TOOL = "dropout_props"

_RUN = TypeAdapter(RunResult)
_PROPERTY_RESULT = TypeAdapter(PropertyResult)
_COMPARISON = TypeAdapter(Comparison)


class BadResultFile(ValueError):
    """A result file cannot be read; the text names the file, the reason and the remedy."""


def property_result_to_json(result: PropertyResult) -> str:
    """Return one result as one JSON string."""
    return json.dumps(_plain(_PROPERTY_RESULT.dump_python(result, mode="json")))


def property_result_from_json(text: str) -> PropertyResult:
    """Return the result of a JSON string of `property_result_to_json`."""
    return _PROPERTY_RESULT.validate_python(json.loads(text))


def _plain(value: Any) -> Any:
    """Replace the numbers that JSON cannot express by their names."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def document(result: RunResult) -> dict[str, Any]:
    """Return a result as the JSON document that a file holds."""
    body = _plain(_RUN.dump_python(result, mode="json"))
    return {"format": FORMAT, "tool": TOOL, "complete": result.complete, "run": body}


def comparison_document(comparison: Comparison, *, exit_code: int) -> dict[str, Any]:
    """Return a comparison as the JSON document that a file holds."""
    body = _plain(_COMPARISON.dump_python(comparison, mode="json"))
    tally = {str(change): count for change, count in comparison.tally.items()}
    return {
        "format": FORMAT,
        "tool": TOOL,
        "exit_code": int(exit_code),
        "tally": tally,
        "comparison": body,
    }


def run_of(body: dict[str, Any]) -> RunResult:
    """Return the result in the field `run` of a document."""
    return _RUN.validate_python(body)


def comparison_of(body: dict[str, Any]) -> Comparison:
    """Return the comparison in the field `comparison` of a document."""
    return _COMPARISON.validate_python(body)


def result_text(result: RunResult) -> str:
    """Return the text of a result file."""
    return json.dumps(document(result), indent=1, allow_nan=False) + "\n"


def comparison_text(comparison: Comparison, *, exit_code: int) -> str:
    """Return the text of the file of a comparison."""
    body = comparison_document(comparison, exit_code=exit_code)
    return json.dumps(body, indent=1, allow_nan=False) + "\n"


def write(result: RunResult, path: Path) -> None:
    """Write a result file.

    Raises:
        CannotWrite: the place cannot be written; an existing file is unchanged.
    """
    save(result_text(result), path)


def keep_last(result: RunResult, path: Path) -> None:
    """Write a result where `replay` looks for it; a folder that is not writable is ignored."""
    with suppress(OSError, CannotWrite):
        path.parent.mkdir(parents=True, exist_ok=True)
        write(result, path)


def read(path: Path) -> RunResult:
    """Read a result file.

    Raises:
        BadResultFile: it is missing, truncated, foreign, or of another version.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadResultFile(f"{path}: cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise BadResultFile(
            f"{path}: is not JSON, or is truncated ({error}). Make it again with `dropout-props "
            "check --json`."
        ) from error
    if not isinstance(found, dict) or found.get("tool") != TOOL or "run" not in found:
        raise BadResultFile(
            f"{path}: is not a result of dropout_props. Make one with `dropout-props check --json`."
        )
    if found.get("format") != FORMAT:
        raise BadResultFile(
            f"{path}: format {found.get('format')!r}, this version reads {FORMAT}. "
            "Make it again with `dropout-props check --json`."
        )
    try:
        return _RUN.validate_python(found["run"])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadResultFile(
            f"{path}: was changed or damaged: run.{where}: {first['msg']}. Make it again with "
            "`dropout-props check --json`."
        ) from error
