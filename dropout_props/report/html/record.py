"""The page of a record: root causes, one row for each site, and pictures of shared masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dropout_props.report.html.masks import Mask, mask
from dropout_props.report.html.rendering import Banner, environment_line, number, render

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["record_page"]

_INDENT = 8
"""Columns of the labels in the text of a cause."""


@dataclass(frozen=True)
class _Strip:
    """The masks of one site."""

    site: str
    said: str
    masks: tuple[Mask, ...]


def record_page(document: Mapping[str, Any], *, fragment: bool = False) -> str:
    """Write a record as one HTML page without other files.

    Args:
        document: a judged record, as `audit --json` writes it.
        fragment: leave out the head of the page, for a notebook.

    Returns:
        The page.
    """
    causes = document["causes"]
    failed = [one for one in document["properties"] if one["verdict"] == "fail"]
    environment = document["environment"]
    banner = Banner(
        outcome=f"Dropout is wired wrongly: {number(len(causes), 'root cause')}."
        if failed
        else "Every dropout of the program does what it should, as far as this record shows.",
        bad=bool(failed),
        tally=document["summary"],
        lines=(
            f"budget {document['budget']:g}, shared by {number(document['counts'], 'count')}",
            environment_line(environment, environment),
        ),
    )
    sites = document["sites"]
    return render(
        "record.html.jinja",
        banner,
        fragment=fragment,
        causes=[_cause(text) for text in causes],
        headings=[name for name in sites[0] if name != "failed"] if sites else [],
        sites=sites,
        properties=document["properties"],
        notes=list(
            dict.fromkeys(n for p in document["properties"] for n in (*p["notes"], *p["too_few"]))
        ),
        strips=list(_strips(document["strips"])),
        not_seen=document.get("not_seen", ()),
        cannot_see=document["cannot_see"],
    )


def _cause(text: str) -> tuple[str, list[tuple[str, list[str]]]]:
    """Split a cause into its first line and its fields: a label and the lines of its text."""
    head, *lines = text.splitlines()
    fields: list[tuple[str, list[str]]] = []
    for line in lines:
        label = line[:_INDENT].strip()
        if label or not fields:
            fields.append((label, []))
        fields[-1][1].append(line[_INDENT:].strip())
    return head, fields


def _strips(found: Sequence[Mapping[str, Any]]) -> Iterator[_Strip]:
    """Yield the pictures; a key that serves several masks on the page is marked."""
    uses: dict[int, int] = {}
    for strip in found:
        for one in strip["masks"]:
            uses[one["key"]] = uses.get(one["key"], 0) + 1
    for strip in found:
        masks = tuple(
            mask(
                one["rows"],
                f"step {one['step']}, key {one['key'] + 1}",
                shared=uses[one["key"]] > 1,
            )
            for one in strip["masks"]
        )
        said = f"the first {len(masks)} of {strip['of']} masks"
        yield _Strip(strip["site"], said, masks)
