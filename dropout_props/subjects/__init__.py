"""Subjects: a layer or model under test, its traits, and the adapters that run it.

Holds: `Subject` and `Traits`, the operations that a property can request (`operations`), one
adapter for each of Linen (`linen/`), NNX (`nnx/`) and plain functions (`function`), the checks of
every output (`validation`), and the isolated process with eight devices (`isolated`).
Guarantees: differences between releases of Flax are handled here; properties do not see them.
Imports: Flax, JAX, NumPy, cloudpickle, and no other room. This module itself loads nothing.
"""
