"""Reads what a command stored as JSON, whatever command that was.

Guarantee: a file that none of them wrote is refused with one sentence.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dropout_props.results import files
from dropout_props.results.comparison import Comparison
from dropout_props.results.records import RunResult

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["RECORD", "SELFTEST", "StoredComparison", "StoredRecord", "StoredSelftest", "load"]

RECORD = "dropout-props record 1"
"""The field `format` of a file of `audit --json`."""

SELFTEST = "dropout-props selftest 1"
"""The field `format` of a file of `selftest --json`."""


@dataclass(frozen=True)
class StoredComparison:
    """What `gate --json` or `diff --json` wrote."""

    comparison: Comparison
    exit_code: int


@dataclass(frozen=True)
class StoredRecord:
    """What `audit --json` wrote."""

    document: dict[str, Any]


@dataclass(frozen=True)
class StoredSelftest:
    """What `selftest --json` wrote."""

    document: dict[str, Any]


def load(path: Path) -> RunResult | StoredComparison | StoredRecord | StoredSelftest:
    """Read a file that `check`, `gate`, `diff`, `audit` or `selftest` wrote.

    Args:
        path: the file.

    Returns:
        What it holds.

    Raises:
        BadResultFile: it is missing, truncated, foreign, or of another version.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return files.read(path)  # which says what is wrong
    if not isinstance(found, dict):
        return files.read(path)
    if found.get("format") == RECORD:
        if not {"causes", "strips", "summary"} <= found.keys():
            raise files.BadResultFile(
                f"{path}: an earlier version wrote this record. Make it again with "
                "`dropout-props audit --json`."
            )
        return StoredRecord(found)
    if found.get("format") == SELFTEST:
        return StoredSelftest(found)
    if found.get("tool") == files.TOOL and "comparison" in found:
        return _comparison(found, path)
    return files.read(path)


def _comparison(found: dict[str, Any], path: Path) -> StoredComparison:
    """Return a stored comparison.

    Raises:
        BadResultFile: it is damaged, or of another version.
    """
    again = "Make it again with `--json` of the command that wrote it."
    if found.get("format") != files.FORMAT:
        raise files.BadResultFile(
            f"{path}: format {found.get('format')!r}, this version reads {files.FORMAT}. {again}"
        )
    try:
        return StoredComparison(
            files.comparison_of(found["comparison"]), int(found.get("exit_code", 0))
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise files.BadResultFile(
            f"{path}: was changed or damaged: comparison.{where}: {first['msg']}. {again}"
        ) from error
