"""Layers: the subjects that ship, and the registry that finds any layer by name or path.

Holds: Flax's own Dropouts and attention, dropout as two textbooks write it, and worked examples
that are not plain dropout. `registry` loads `linen.Dropout` or `package.module:attr`.
Guarantees: names are listed without importing a framework; a layer is built when it is loaded.
Imports: Flax, JAX and `subjects/`; never a property, the engine or a report.
"""
