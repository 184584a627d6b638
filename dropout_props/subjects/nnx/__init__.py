"""The adapter for NNX: `build` infers how a layer is called, `adapter` runs the operations.

`lifted` calls a layer under the transforms of `flax.nnx`, `steps` saves, clones and reseeds its
state, and `built` holds models of several layers. A change of NNX in a new release of Flax is
handled in this folder.
"""
