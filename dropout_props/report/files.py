"""Result files: JSON with a version, read strictly, written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from dropout_props.results import ClaimResult, RunResult

__all__ = ["FORMAT", "BadResultFile", "claim_from_json", "claim_to_json", "read", "write"]

FORMAT = 1
"""Version of the file format; a reader refuses every other."""

_RUN = TypeAdapter(RunResult)
_CLAIM = TypeAdapter(ClaimResult)


class BadResultFile(ValueError):
    """A result file cannot be read or written."""


def claim_to_json(result: ClaimResult) -> str:
    """Return one result as one JSON string."""
    return _CLAIM.dump_json(result).decode()


def claim_from_json(text: str) -> ClaimResult:
    """Read one result back."""
    return _CLAIM.validate_json(text)


def _document(result: RunResult) -> dict[str, Any]:
    body = _RUN.dump_python(result, mode="json")
    return {"format": FORMAT, "tool": "dropout_props", "complete": result.complete, "run": body}


def check_writable(path: Path) -> None:
    """Fail before the run, not after it, when its result cannot be written.

    Raises:
        BadResultFile: naming the folder and the rule.
    """
    folder = path.resolve().parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise BadResultFile(
            f"{path}: cannot be written; its folder must exist and be writable, and it must not "
            "be a folder itself."
        )


def write(result: RunResult, path: Path) -> None:
    """Write a result to a temporary file beside `path`, then rename it.

    Raises:
        BadResultFile: the folder is missing or cannot be written.
    """
    check_writable(path)
    text = json.dumps(_document(result), indent=1) + "\n"
    with tempfile.NamedTemporaryFile(
        "w", dir=path.resolve().parent, prefix=f".{path.name}.", delete=False, encoding="utf-8"
    ) as file:
        file.write(text)
        temporary = Path(file.name)
    temporary.replace(path)


def read(path: Path) -> RunResult:
    """Read a result file.

    Raises:
        BadResultFile: it is missing, truncated, foreign, or of another version.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadResultFile(f"{path}: cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise BadResultFile(f"{path}: is no JSON, or was cut off: {error}.") from error
    if not isinstance(document, dict) or document.get("tool") != "dropout_props":
        raise BadResultFile(f"{path}: is no result of dropout_props.")
    if document.get("format") != FORMAT:
        raise BadResultFile(
            f"{path}: format {document.get('format')!r}, this version reads {FORMAT}. "
            "Make it again with `dropout-props check --json`."
        )
    try:
        return _RUN.validate_python(document.get("run"))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadResultFile(f"{path}: {where}: {first['msg']}.") from error
