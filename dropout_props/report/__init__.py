"""Reports: the terminal, Markdown, JUnit XML, and the pages that commands write.

Guarantees: a report reads the records of `results/` and nothing else, so a stored result prints
as the run did; it draws nothing and decides nothing.
Imports: rich and `results/`; never JAX, Flax, NumPy or the gate.
"""
