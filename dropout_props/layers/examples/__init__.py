"""Worked examples: layers with runtime randomness that are not plain dropout.

Each file holds one layer and ``subject()``, which says by traits what it is built to do. They
are asked when they are named, as in ``dropout-props check examples.DropPath``.
"""
