"""The reference PRNG: how JAX and Flax make a mask from a key, written again in NumPy.

`threefry` is the generator, `streams` derives the keys of Linen and NNX, `mask` draws. It imports
neither JAX nor Flax, so a fault of theirs cannot hide in it.
"""

from dropout_props.properties.reference_prng.mask import bernoulli
from dropout_props.properties.reference_prng.streams import linen_key, nnx_key
from dropout_props.properties.reference_prng.threefry import fold_in, random_bits

__all__ = ["bernoulli", "fold_in", "linen_key", "nnx_key", "random_bits"]
