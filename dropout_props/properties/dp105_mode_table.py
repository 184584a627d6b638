"""DP105: where several places set the mode, the documented one decides."""

from itertools import product

import numpy as np

from dropout_props.properties.catalogue import Sampler, Violation, exact
from dropout_props.subjects.operations import Modes

_PLACES = (None, True, False)


def _expected(rule: str | None, modes: Modes) -> bool | None:
    """Return whether the layer must evaluate, or None where it must raise."""
    if rule == "one place":
        given = [mode for mode in (modes.built, modes.called) if mode is not None]
        return given[0] if len(given) == 1 else None
    default = None if modes.built_open else False  # NNX is built for training
    places = (modes.called, modes.switched, modes.built, default)
    return next((mode for mode in places if mode is not None), None)


@exact(
    "DP105",
    "the documented mode wins",
    statement="Where the mode can be set in several places, the documented one decides, and the "
    "layer raises where an explicit None leaves the mode open everywhere.",
    formula="Linen: constructor or call, exactly one of them set; NNX: the call, else eval() or "
    "train(), else the constructor; None everywhere raises",
    if_broken="A model evaluates where it should train, or drops units in evaluation.",
    assumes="An output equal to its input is an evaluation: a mask that keeps all of 128 units at "
    "a rate from 0.3 to 0.7 has probability below 2^-65.",
    level="framework",
    needs=("modes",),
    blocked_by=(),
    killed_by=("mode_by_or", "mode_of_constructor", "mode_none_trains", "mode_none_evaluates"),
    weight=16,
    one_program=True,
)
def mode_table(sampler: Sampler) -> None:
    rule = sampler.subject.traits.mode_rule
    switches = (None,) if rule == "one place" else _PLACES
    table = [Modes(*places) for places in product(_PLACES, switches, _PLACES)]
    table += [Modes(None, *places, built_open=True) for places in product(switches, _PLACES)]
    for modes in table:
        expected, seen = _expected(rule, modes), _seen(sampler, modes)
        if seen != expected:
            raise Violation(f"{_words(modes)}: it {_DID[seen]}, and should have {_DID[expected]}")


def _seen(sampler: Sampler, modes: Modes) -> bool | None:
    try:
        (output,) = sampler.run(modes, expect_errors=True)
    except ValueError:
        return None
    return bool(np.array_equal(output, sampler.inputs()))


_DID = {None: "raised", True: "evaluated", False: "trained"}


def _words(modes: Modes) -> str:
    places = {
        "when built": modes.built,
        "by eval() or train()": modes.switched,
        "at the call": modes.called,
    }
    given = ["None when built"] if modes.built_open else []
    given += [f"{mode} {place}" for place, mode in places.items() if mode is not None]
    return "deterministic is " + (", ".join(given) or "set nowhere")
