"""Draws a few examples of a strategy, the same in every process: Hypothesis gets a fixed seed."""

from __future__ import annotations

from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase

__all__ = ["drawn"]


def drawn(strategy: Any, count: int) -> list[Any]:
    """Return up to `count` distinct draws of a Hypothesis strategy."""
    found: list[Any] = []

    @hypothesis.seed(0)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(strategy)
    def draw(one: Any) -> None:
        found.append(one)

    draw()
    return found
