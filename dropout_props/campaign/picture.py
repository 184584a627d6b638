"""The picture of a campaign: what is excluded against the units counted, as an SVG.

Both axes are logarithmic. The line is the largest bias that is possible, the dots are the one
that was seen, and the grey band is what the grid of float32, or the rounding of noise, allows a
correct layer: where the line enters it, the arithmetic decides and not the layer. The dashed line
falls with the root of the units, from the last point on.
"""

from __future__ import annotations

from html import escape
from math import ceil, floor, log10, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropout_props.campaign.state import State

__all__ = ["svg"]

_WIDTH, _HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 78, 20, 52, 52
_AHEAD = 100  # how far the dashed line goes on, as a factor of the units
_LEAST = 1e-9

_STYLE = (
    "text{font:12px sans-serif;fill:#333}.axis{stroke:#ddd}.grid{fill:#e4e4e4}"
    ".line{fill:none;stroke:#1f5fa8;stroke-width:2}.ahead{stroke-dasharray:5 4;stroke-width:1}"
    ".seen{fill:#b3541e}"
)


def svg(state: State) -> str:
    """Return the picture as one SVG document."""
    looks = state.looks
    first, last = looks[0].units, looks[-1].units * _AHEAD
    lows = [state.grid_width, looks[-1].excluded / sqrt(_AHEAD)]
    # Half of the least, so that the band can be seen.
    low = floor(log10(max(_LEAST, min(one for one in lows if one > 0) / 2)))
    high = max(low + 1, ceil(log10(max(one.excluded for one in looks))))
    across = _scale(floor(log10(first)), ceil(log10(last)), _LEFT, _WIDTH - _RIGHT)
    up = _scale(low, high, _HEIGHT - _BOTTOM, _TOP)
    line = " ".join(f"{across(one.units)},{up(one.excluded)}" for one in looks)
    end = f"{across(last)},{up(looks[-1].excluded / sqrt(_AHEAD))}"
    top = up(max(state.grid_width, 10.0**low))
    parts = [
        (
            f'<rect class="grid" x="{_LEFT}" y="{top}" width="{_WIDTH - _LEFT - _RIGHT}" '
            f'height="{_HEIGHT - _BOTTOM - top:.1f}"><title>the {state.arithmetic}: up to '
            f"{state.grid_width:.2g}</title></rect>"
        ),
        *_ticks(range(floor(log10(first)), ceil(log10(last)) + 1), across, is_across=True),
        *_ticks(range(low, high + 1), up, is_across=False),
        f'<polyline class="line" points="{line}"/>',
        f'<polyline class="line ahead" points="{line.split()[-1]} {end}"/>',
        *(
            f'<circle class="seen" cx="{across(one.units)}" '
            f'cy="{up(max(abs(one.estimate), 10.0**low))}" r="3.5"><title>{one.units:.4g} units: '
            f"{one.estimate:+.2g}, excluded {one.excluded:.2g}</title></circle>"
            for one in looks
        ),
        f'<text x="{_LEFT}" y="20">{escape(_title(state))}</text>',
        (
            f'<text x="{_LEFT}" y="38">line: largest |{escape(state.quantity)}| not excluded; '
            f"dots: seen; grey: {state.arithmetic}; dashed: more units</text>"
        ),
        f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 12}" text-anchor="end">units</text>',
    ]
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">\n'
        f"<style>{_STYLE}</style>\n{body}\n</svg>\n"
    )


def _title(state: State) -> str:
    one = state.identity
    return f"{one.subject}, {one.property_id}, rate {one.rate:g}: {state.last.units:.3g} units"


def _scale(low: int, high: int, start: float, stop: float) -> Callable[[float], float]:
    """Return the position of a value between two powers of ten, in pixels."""

    def at(value: float) -> float:
        share = min(max((log10(value) - low) / (high - low), 0.0), 1.0)
        return round(start + share * (stop - start), 1)

    return at


def _ticks(powers: range, at: Callable[[float], float], *, is_across: bool) -> list[str]:
    found = []
    for power in powers:
        place = at(10.0**power)
        ends = (
            f'x1="{place}" x2="{place}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"'
            if is_across
            else f'x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{place}" y2="{place}"'
        )
        where = (
            f'x="{place}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle"'
            if is_across
            else f'x="{_LEFT - 8}" y="{place + 4}" text-anchor="end"'
        )
        found += [f'<line class="axis" {ends}/>', f"<text {where}>1e{power:+d}</text>"]
    return found
