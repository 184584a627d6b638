"""Mutants, each a layer with one bug, and controls, which are correct layers.

They are part of the package, since `dropout-props selftest` runs them. To add a mutant, write a
`Mutant` in the file of its subject, and its name in `mutants` of the property that must kill it.
"""

from __future__ import annotations

from dropout_props.selftest.mutants import (
    attention,
    broadcast,
    calls,
    contracts,
    controls,
    derived,
    dtypes,
    gradients,
    history,
    inputs,
    keys,
    marginal,
    modes,
    parity,
    readout,
    scale,
    structure,
    transforms,
    wide_dtypes,
)
from dropout_props.selftest.mutants.mutant import APIS, Api, Mutant

__all__ = ["APIS", "CONTROLS", "MUTANTS", "Api", "Mutant"]

MUTANTS: tuple[Mutant, ...] = (
    *modes.MUTANTS,
    *scale.MUTANTS,
    *marginal.MUTANTS,
    *structure.MUTANTS,
    *parity.MUTANTS,
    *broadcast.MUTANTS,
    *calls.MUTANTS,
    *inputs.MUTANTS,
    *keys.MUTANTS,
    *transforms.MUTANTS,
    *gradients.MUTANTS,
    *dtypes.MUTANTS,
    *wide_dtypes.MUTANTS,
    *derived.MUTANTS,
    *history.MUTANTS,
    *attention.MUTANTS,
    *readout.MUTANTS,
    *contracts.MUTANTS,
)
CONTROLS: tuple[Mutant, ...] = controls.CONTROLS
