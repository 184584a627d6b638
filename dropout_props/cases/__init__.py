"""Cases: the inputs of one operation, the Hypothesis strategies that draw them, and the profiles.

Guarantees: a case is immutable, and its digest covers every field and is the same in every process
and on every release. The sampler derives keys from that digest.
Imports: Hypothesis, ml-dtypes and NumPy, and no other room; never Flax or JAX.
"""
