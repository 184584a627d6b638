"""Self-test: evidence that the suite finds bugs and does not accuse correct layers.

Holds: mutants (layers with one bug) and controls (correct layers) in `mutants/`, the layer that
they change in `kernel/`, wrong wirings of models and their mended twins in `wirings/`, the kill
matrix (`kill_matrix`, `kills`, `kill_page`), and measurements of false alarms (`enumeration`,
`depth`, `null_runs`) and misses (`power`).
Guarantees: it calls the engine that `check` calls. It cannot say whether a bug that no mutant has
would be found. Imports: Flax, JAX, NumPy, SciPy and the rooms above; no report, gate or command.
"""
