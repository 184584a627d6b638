"""Gate: what changes between two environments, decided from their two result files.

Holds: building an environment (`environments`, `uv`), running a side in it (`side_process`,
`worker`), and comparing (`diff`, `classify`, `equivalence`, `api_changes`).
Guarantees: a side imports the Flax and JAX of its own interpreter, or is refused. "Rekeyed" needs
an exact bound on the difference, never just the absence of one.
Imports: packaging and the rooms above; loading it loads neither JAX nor Flax.
"""
