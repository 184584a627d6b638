"""Attention of Linen and of NNX with dropout on its weights, as subjects.

The output shows the weights, and the evaluation output is the reference that dropped and kept
weights are compared with.
"""
