"""How a mask follows from its key, written down once more in NumPy: an oracle without JAX.

`threefry` is the generator, `streams` what Linen and NNX make of a key, `mask` the draw.
"""

from dropout_props.properties.reference_prng.mask import bernoulli
from dropout_props.properties.reference_prng.streams import linen_key, nnx_key
from dropout_props.properties.reference_prng.threefry import fold_in, random_bits

__all__ = ["bernoulli", "fold_in", "linen_key", "nnx_key", "random_bits"]
