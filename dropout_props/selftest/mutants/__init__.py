"""Mutants: layers with one bug each; and controls: correct layers that must not fail.

They ship, since `dropout-props selftest` runs them. To add one, write a `Mutant` in the file of its
kind of bug, and add its name to the `killed_by` of the property that it must fail.
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
    key_bits,
    keys,
    large,
    marginal,
    means,
    models,
    modes,
    noise,
    parity,
    readout,
    scale,
    shifted,
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
    *large.MUTANTS,
    *shifted.MUTANTS,
    *parity.MUTANTS,
    *broadcast.MUTANTS,
    *calls.MUTANTS,
    *inputs.MUTANTS,
    *keys.MUTANTS,
    *key_bits.MUTANTS,
    *transforms.MUTANTS,
    *gradients.MUTANTS,
    *dtypes.MUTANTS,
    *wide_dtypes.MUTANTS,
    *derived.MUTANTS,
    *history.MUTANTS,
    *attention.MUTANTS,
    *readout.MUTANTS,
    *means.MUTANTS,
    *models.MUTANTS,
    *noise.MUTANTS,
    *contracts.MUTANTS,
)
CONTROLS: tuple[Mutant, ...] = controls.CONTROLS
