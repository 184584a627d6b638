"""The installed Python, Flax and JAX: versions, flags, whether the pair runs, and the table of releases."""
