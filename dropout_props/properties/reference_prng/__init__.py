"""From a key to a mask in NumPy alone: a second implementation, to compare JAX and Flax with.

`threefry` is the generator, `streams` the key derivation of Linen and NNX, `mask` the draw.
"""

from dropout_props.properties.reference_prng.mask import bernoulli
from dropout_props.properties.reference_prng.streams import linen_key, nnx_key
from dropout_props.properties.reference_prng.threefry import fold_in, random_bits

__all__ = ["bernoulli", "fold_in", "linen_key", "nnx_key", "random_bits"]
