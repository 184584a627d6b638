"""The code blocks of a page, in order, and whether an output has the shape of what a page shows."""

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PAGES", "ROOT", "Block", "Shown", "blocks_of", "has_shape"]

ROOT = Path(__file__).parents[3]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])

_NUMBER = re.compile(r"\d[\d,.]*(?:e[+-]?\d+)?")


@dataclass(frozen=True)
class Block:
    """A block of code.

    Args:
        language: as the page says it.
        text: what is in it.
    """

    language: str
    text: str

    def commands(self) -> list["Shown"]:
        """Return the commands of a console block, or of lines for a shell."""
        if self.language == "sh":
            return [Shown(line, "") for line in self.text.splitlines()]
        if self.language != "console":
            return []
        found: list[list[str]] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append([line[2:]])
            else:
                found[-1].append(line)
        return [Shown(command, "\n".join(output)) for command, *output in found]


@dataclass(frozen=True)
class Shown:
    """A command and what the page shows that it prints; empty where the page shows nothing."""

    command: str
    output: str


def blocks_of(page: Path) -> list[Block]:
    """Return every block of a page."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"^```(\w+)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return [Block(language, inside) for language, inside in found]


def has_shape(printed: str, shown: str) -> bool:
    """Return whether an output is what a page shows, but for numbers and line breaks.

    A line of three dots stands for any number of lines.
    """
    pieces = [_shape(one) for one in re.split(r"^\.\.\.$", shown, flags=re.MULTILINE)]
    whole = _shape(printed)
    if len(pieces) == 1:
        return whole == pieces[0]
    at = 0
    for piece in pieces:
        found = whole.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _shape(text: str) -> str:
    return " ".join(_NUMBER.sub("#", text).split())
