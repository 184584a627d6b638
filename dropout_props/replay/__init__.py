"""Replay: judges a stored failure again, or writes it down as a program or a test.

Holds: `find` (the failure by its id, and its second judgement), `script` (a program: `source`
collects the code of the property, `prelude` stands in for the rest) and `pytest_file` (a test).
Guarantees: in the same environment, the same keys, masks and counts as in the recorded run.
Imports: NumPy, and only inside functions; never Flax, the gate or the command line.
"""
