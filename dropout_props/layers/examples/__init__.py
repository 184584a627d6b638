"""Worked examples: layers that draw random numbers and are not plain dropout.

Each file holds one layer and ``subject()``, whose traits say what the layer is built to do.
`check` judges them only when they are named, as in ``dropout-props check examples.DropPath``.
"""
