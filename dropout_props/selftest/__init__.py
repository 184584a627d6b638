"""The self-test: shows that the suite fails where it must, and measures both of its error rates.

`kill_matrix` judges mutants and controls, `kills` records the verdicts, `kill_page` writes a page
of them. `null` measures false alarms, `power` measures misses.
"""
