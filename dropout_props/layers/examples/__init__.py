"""Worked examples: layers with runtime randomness that are not plain dropout.

Each file has one layer and `subject()`, whose traits say what the layer is built to do. A check
runs them only when they are named, as in `dropout-props check examples.DropPath`.
"""
