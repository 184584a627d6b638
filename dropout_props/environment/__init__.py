"""The installed Python, Flax and JAX: versions, flags, a smoke test, and a table of releases."""
