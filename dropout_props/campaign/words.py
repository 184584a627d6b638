"""Says what a campaign has found, in lines of text and as JSON."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dropout_props.campaign.state import ALPHA, ERROR
from dropout_props.properties import find

if TYPE_CHECKING:
    from dropout_props.campaign.state import State

__all__ = ["as_json", "lines"]

_ROWS = 8  # of the table: the last doublings
_HOUR = 3600.0


def lines(state: State) -> list[str]:
    """Return the status of a campaign as lines of text."""
    identity, last = state.identity, state.last
    prop, case = find(identity.property_id), identity.rebuilt()
    return [
        f"{identity.subject}, {prop.id} {prop.name}: {case}, run seed {identity.run_seed}",
        (
            f"counted: {last.units:.4g} units in {state.chunks} chunks of "
            f"{identity.chunk_units:.3g}; {last.successes} of {last.trials} {identity.kind.said}"
        ),
        *_gaps(state),
        (
            f"{state.quantity}: {last.estimate:+.3g}, from {last.interval[0]:+.3g} to "
            f"{last.interval[1]:+.3g} at any stopping time, wrong once in {1 / ERROR:g}"
        ),
        f"excluded: |{state.quantity}| > {last.excluded:.3g}",
        *_pairs(state),
        f"evidence against the property: {_power(state.log10_evidence)} (it fails at "
        f"{_power(-math.log10(ALPHA))})" + (": FAIL" if state.is_refuted else ""),
        *_grid(state),
        *_table(state),
        *_costs(state),
        *state.notes,
    ]


def _power(exponent: float) -> str:
    return f"10^{exponent:.1f}" if math.isfinite(exponent) else "without bound"


def _gaps(state: State) -> list[str]:
    """Return a line about chunks that hosts have left out."""
    if not state.missing:
        return []
    shown = ", ".join(map(str, state.missing[:_ROWS])) + (", …" if state.missing[_ROWS:] else "")
    return [
        (
            f"not counted yet: {len(state.missing)} chunks before the last one ({shown}); the "
            "counts are valid without them, and `campaign run` with any number of hosts counts them"
        )
    ]


def _pairs(state: State) -> list[str]:
    """Return what is excluded for each pair of units."""
    one = state.pairs
    if one is None:
        return []
    return [
        (
            f"any two units: {one.number} pairs, the farthest {one.units[0]} and {one.units[1]}: "
            f"{one.estimate:+.3g}; excluded for all of them at once: more than {one.excluded:.3g}"
        )
    ]


def _grid(state: State) -> list[str]:
    """Return whether the arithmetic decides, or how far away that is."""
    low, high = state.grid
    name = state.arithmetic.partition(" ")[0]
    said = f"the {state.arithmetic} allows a correct layer {low:+.2g} to {high:+.2g}"
    if state.construction is not None:
        said += f"; jax.random.bernoulli has {state.construction:+.2g}"
    if state.last.excluded <= state.grid_width:
        return [
            (
                f"{name}: {said}. More is not excluded than that: from here on the {name} decides, "
                "not the layer, and more units say nothing about the layer"
            )
        ]
    return [f"{name}: {said}; it decides from about {state.units_to_grid:.1g} units on"]


def _table(state: State) -> list[str]:
    rows = [("units", state.quantity, "from", "to", "excluded")]
    rows += [
        (
            f"{one.units:.3g}",
            f"{one.estimate:+.2g}",
            f"{one.interval[0]:+.2g}",
            f"{one.interval[1]:+.2g}",
            f"{one.excluded:.2g}",
        )
        for one in state.looks[-_ROWS:]
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]


def _costs(state: State) -> list[str]:
    """Return the speed of each kind of device, and what ten times as many units would take."""
    found = [
        f"speed: {one.rate:.3g} units a second and process on {one.kind} ({one.processes} "
        f"{'process' if one.processes == 1 else 'processes'}, {one.units:.3g} units)"
        for one in state.speeds
    ]
    if state.speeds:
        fastest = max(one.rate for one in state.speeds)
        more = 9 * state.last.units
        found.append(
            f"next decade: {10 * state.last.units:.3g} units would exclude about "
            f"{state.last.excluded / math.sqrt(10):.2g}, in {more / fastest / _HOUR:.3g} hours of "
            f"one such process; a tenth of {state.last.excluded:.2g} takes 100 times as many units"
        )
    return found


def as_json(state: State) -> dict[str, Any]:
    """Return the status as JSON has it."""
    last = state.last
    return {
        "subject": state.identity.subject,
        "property": state.identity.property_id,
        "quantity": state.quantity,
        "campaign": state.identity.as_json(),
        "units": last.units,
        "successes": last.successes,
        "trials": last.trials,
        "chunks": state.chunks,
        "missing": list(state.missing),
        "estimate": last.estimate,
        "interval": list(last.interval),
        "excluded": last.excluded,
        "error": ERROR,
        "log10_evidence": state.log10_evidence if math.isfinite(state.log10_evidence) else None,
        "log10_needed": -math.log10(ALPHA),
        "refuted": state.is_refuted,
        "grid": list(state.grid),
        "construction": state.construction,
        "grid_decides": last.excluded <= state.grid_width,
        "units_to_grid": state.units_to_grid,
        "speeds": [
            {"kind": one.kind, "processes": one.processes, "units": one.units, "rate": one.rate}
            for one in state.speeds
        ],
        "looks": [
            {
                "units": one.units,
                "trials": one.trials,
                "successes": one.successes,
                "estimate": one.estimate,
                "interval": list(one.interval),
            }
            for one in state.looks
        ],
        "pairs": None if state.pairs is None else asdict(state.pairs),
        "notes": list(state.notes),
    }
