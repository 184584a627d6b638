"""Errors about what is installed."""

from __future__ import annotations


class BrokenPair(RuntimeError):
    """The installed Flax and JAX do not work together; the text is one sentence."""
