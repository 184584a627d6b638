"""Dropout of other frameworks on JAX, and Flax's bridges between its own two, as subjects.

Holds: one small adapter a framework. Each module imports its framework, so the registry imports it
only when a subject of it is named; the extras `equinox`, `haiku` and `keras` install them. The
bridges come with Flax.
Guarantees: a subject calls the framework's own layer as its documentation shows.
"""
