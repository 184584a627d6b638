"""Replay: judges a stored failure again, or writes it down as a program or a test.

Holds: `find` (the failure by its id, and its second judgement), `script` and `pytest_file` with
their `templates/`.
Guarantees: in the same environment, the same keys, masks and counts as in the recorded run.
Imports: JAX and NumPy only inside functions; never Flax, the gate or the command line.
"""
