"""Traits of both perceptrons: models with dropout inside, on batches of finite float32 inputs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

TRAITS: Mapping[str, Any] = MappingProxyType(
    {
        "law": "composite",
        "reference": "eval",
        "layers": False,
        "nonfinite": False,
        "empty": False,
        "min_rank": 1,
        "dtypes": ("float32",),
        "reasons": {
            "layers": "each has its own parameters, so two differ even with equal masks",
            "nonfinite": "its Dense layers spread one NaN over a whole row",
        },
    }
)
