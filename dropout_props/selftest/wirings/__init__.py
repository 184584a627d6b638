"""Wrong wirings: training programs with one fault in their dropout, and mended twins.

A recorder of dropout is tested on them: the property that names a wiring must fail on the wrong
program, and none may fail on the mended one. They ship, since the self-test runs them.

To add one: a `Wiring` in the file of its idea, its name in the `killed_by` of the property that
must fail on it, and a row in the test that shows, without any recorder, that its fault is there and
that the mended twin lacks it.
"""

from __future__ import annotations

from dropout_props.selftest.wirings import (
    backward,
    devices,
    examples,
    flax_faults,
    layers,
    microbatches,
    modes,
    plain,
    rates,
    restored,
    reused,
    steps,
    traced,
)
from dropout_props.selftest.wirings.wiring import Api, NoRecord, Outcome, Record, Run, Wiring

__all__ = ["WIRINGS", "Api", "NoRecord", "Outcome", "Record", "Run", "Wiring"]

WIRINGS: tuple[Wiring, ...] = (
    *modes.WIRINGS,
    *rates.WIRINGS,
    *steps.WIRINGS,
    *traced.WIRINGS,
    *layers.WIRINGS,
    *reused.WIRINGS,
    *plain.WIRINGS,
    *examples.WIRINGS,
    *microbatches.WIRINGS,
    *devices.WIRINGS,
    *backward.WIRINGS,
    *restored.WIRINGS,
    *flax_faults.WIRINGS,
)
