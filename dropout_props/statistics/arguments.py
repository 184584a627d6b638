"""Validates the arguments of every function of the statistics."""

from __future__ import annotations

__all__ = ["require_at_least_one", "require_inside"]


def require_inside(**named: float) -> None:
    """Raise ValueError for a rate, confidence or discrepancy that is not between 0 and 1."""
    for name, value in named.items():
        if not 0.0 < value < 1.0:
            msg = f"{name}={value!r}: it must lie strictly between 0 and 1."
            raise ValueError(msg)


def require_at_least_one(**named: int) -> None:
    """Raise ValueError for a number of things that is less than 1."""
    for name, value in named.items():
        if value < 1:
            msg = f"{name}={value!r}: it must be at least 1."
            raise ValueError(msg)
