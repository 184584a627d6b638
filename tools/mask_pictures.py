"""Writes the pictures of docs/wrong-masks.md: one right mask, and masks with one fault each.

python tools/mask_pictures.py           writes docs/_static/mask-NAME.svg
python tools/mask_pictures.py --check   writes nothing, and exits with 1 if a picture is old

The bits are those of Python's own generator with one seed, which no release changes. A picture
loads nothing, and is readable on a light and on a dark page.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable
from pathlib import Path

__all__ = ["FAULTS", "FOLDER", "main", "picture"]

FOLDER = Path(__file__).parents[1] / "docs" / "_static"
ROWS, UNITS, CELL = 8, 48, 9
HALF = 0.5
Mask = list[list[bool]]


def _independent(draw: random.Random) -> Mask:
    """Every unit by itself."""
    return [[draw.random() < HALF for _ in range(UNITS)] for _ in range(ROWS)]


def _one_for_the_batch(draw: random.Random) -> Mask:
    return [_independent(draw)[0]] * ROWS


def _one_for_the_features(draw: random.Random) -> Mask:
    return [[row[0]] * UNITS for row in _independent(draw)]


def _tiled(draw: random.Random) -> Mask:
    return [(row[:8] * UNITS)[:UNITS] for row in _independent(draw)]


def _mirrored(draw: random.Random) -> Mask:
    half = UNITS // 2
    return [[*row[:half], *(not one for one in row[:half])] for row in _independent(draw)]


def _exact_count(draw: random.Random) -> Mask:
    found = []
    for _ in range(ROWS):
        row = [True, False] * (UNITS // 2)
        draw.shuffle(row)
        found.append(row)
    return found


def _ramp(draw: random.Random) -> Mask:
    return [[draw.random() < (n + 0.5) / UNITS for n in range(UNITS)] for _ in range(ROWS)]


def _shifted(draw: random.Random) -> Mask:
    row = _independent(draw)[0]
    return [row[-4 * n :] + row[: -4 * n] if n else row for n in range(ROWS)]


FAULTS: dict[str, Callable[[random.Random], Mask]] = {
    "independent": _independent,
    "batch": _one_for_the_batch,
    "features": _one_for_the_features,
    "tiled": _tiled,
    "mirrored": _mirrored,
    "count": _exact_count,
    "ramp": _ramp,
    "shifted": _shifted,
}


def picture(name: str) -> str:
    """Return the picture of one mask; a filled square is a unit that is kept."""
    mask = FAULTS[name](random.Random(0))  # noqa: S311 (a picture)
    path = "".join(
        f"M{x} {y}h.86v.86h-.86z"
        for y, row in enumerate(mask)
        for x, kept in enumerate(row)
        if kept
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {UNITS} {ROWS}" '
        f'width="{UNITS * CELL}" height="{ROWS * CELL}" role="img">\n'
        f'<rect width="{UNITS}" height="{ROWS}" fill="#8b949e" fill-opacity=".22"/>\n'
        f'<path fill="#3b78b5" d="{path}"/>\n</svg>\n'
    )


def main(arguments: list[str] | None = None) -> int:
    """Write the pictures, or compare them with those that are there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if old")
    options = parser.parse_args(arguments)
    old = False
    for name in FAULTS:
        place, text = FOLDER / f"mask-{name}.svg", picture(name)
        if not place.exists() or place.read_text(encoding="utf-8") != text:
            old = True
            if not options.check:
                place.write_text(text, encoding="utf-8")
    return int(options.check and old)


if __name__ == "__main__":
    sys.exit(main())
