"""Attention of both APIs: weights with dropout, whose eval output is what they are measured by."""
