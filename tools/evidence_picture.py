"""Writes docs/_static/evidence.svg: the evidence against fair and against biased coins.

python tools/evidence_picture.py           writes the picture
python tools/evidence_picture.py --check   writes nothing, and exits with 1 if the picture is old

The coins are those of Python's own generator; the evidence is that of `dropout_props.statistics`.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from math import log, log2
from pathlib import Path

import numpy as np

from dropout_props.statistics import Trials, log_evalues

__all__ = ["PICTURE", "main", "picture"]

PICTURE = Path(__file__).parents[1] / "docs" / "_static" / "evidence.svg"
FAIR, BIASED, DISCREPANCY = 0.5, 0.515, 0.02
SEQUENCES, FIRST, LAST = 5, 6, 17
"""Sequences of each kind; the evidence is drawn after 2^FIRST to 2^LAST coins."""

THRESHOLD = 12.0
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 300, 62, 20, 16, 40
LOWEST, HIGHEST = -3.0, 15.0
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#6e7781}.f{stroke:#2da44e}.b{stroke:#cf5146}"
    ".f,.b{fill:none;stroke-width:1.5;stroke-opacity:.85}.a{stroke:#8b949e;stroke-opacity:.5;fill:none}"
    ".t{stroke:#8b949e;stroke-width:1.5;stroke-dasharray:5 4;fill:none}"
)


def _evidence(keep_rate: float, seed: int) -> Iterator[tuple[int, float]]:
    """Yield numbers of coins and the evidence against fairness, as a power of ten."""
    draw = random.Random(seed)  # noqa: S311 (a picture)
    successes = done = 0
    for exponent in range(2 * FIRST, 2 * LAST + 1):
        trials = round(2 ** (exponent / 2))
        successes += sum(draw.random() < keep_rate for _ in range(trials - done))
        done = trials
        counts = Trials.of(successes, trials, FAIR)
        (nats,) = log_evalues(counts, discrepancy=np.array([DISCREPANCY]))
        yield trials, float(nats) / log(10)


def _at(trials: float, power: float) -> tuple[int, int]:
    """Return the place of a point, in pixels."""
    across = (log2(trials) - FIRST) / (LAST - FIRST)
    up = (min(max(power, LOWEST), HIGHEST) - LOWEST) / (HIGHEST - LOWEST)
    return (
        round(LEFT + across * (WIDTH - LEFT - RIGHT)),
        round(HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)),
    )


def picture() -> str:
    """Return the picture."""
    left, right = _at(2.0**FIRST, 0.0), _at(2.0**LAST, 0.0)
    limit = _at(2.0**FIRST, THRESHOLD)[1]
    lines = [
        f'<path class="{kind}" d="M{"L".join(f"{x} {y}" for x, y in points)}"/>'
        for kind, rate in (("f", FAIR), ("b", BIASED))
        for seed in range(SEQUENCES)
        if (points := [_at(*point) for point in _evidence(rate, seed)])
    ]
    marks = [
        f'<text x="{x}" y="{HEIGHT - 20}" text-anchor="middle">{2**n:,}</text>'
        for n in range(FIRST + 1, LAST, 3)
        for x, _ in [_at(2.0**n, 0.0)]
    ]
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    axes = f"M{left[0]} {TOP}V{HEIGHT - BOTTOM}H{right[0]}M{left[0]} {left[1]}H{right[0]}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<style>{_STYLE}</style>",
        f'<path class="a" d="{axes}"/>',
        f'<path class="t" d="M{left[0]} {limit}H{right[0]}"/>',
        f'<text x="{left[0] - 6}" y="{limit + 4}" text-anchor="end">10^12</text>',
        f'<text x="{left[0] - 6}" y="{left[1] + 4}" text-anchor="end">1</text>',
        *marks,
        f'<text x="{right[0]}" y="{HEIGHT - 4}" text-anchor="end">coins</text>',
        *lines,
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the picture, or compare it with the one that is there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if old")
    options = parser.parse_args(arguments)
    text = picture()
    if options.check:
        return int(PICTURE.read_text(encoding="utf-8") != text)
    PICTURE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
