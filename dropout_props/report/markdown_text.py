"""Any text as one line of Markdown: a row of a table, or an item of a list.

Guarantee: the text stays inside its cell, and none of it is read as markup.
"""

from __future__ import annotations

__all__ = ["escaped"]

_MARKS = ("\\", "|", "<", "*", "_", "`", "[")  # the backslash first: it escapes the others


def escaped(text: str, *, length: int | None = None) -> str:
    """Return a text on one line, with every mark escaped.

    Args:
        text: any text; line breaks become spaces.
        length: the most characters of the text; the last one is then an ellipsis. None: all.
    """
    flat = " ".join(text.split())
    if length is not None and len(flat) > length:
        flat = f"{flat[: length - 1]}…"
    for mark in _MARKS:
        flat = flat.replace(mark, f"\\{mark}")
    return flat
