"""The adapter for Linen: `build` infers how a layer is called, `adapter` runs the operations.

`lifted` calls a layer under the transforms of `flax.linen`; `models` holds models of several
layers. A change of Linen in a new release of Flax is handled in this folder.
"""
