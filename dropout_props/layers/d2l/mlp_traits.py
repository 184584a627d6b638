"""What both perceptrons are: composites on batches of finite float32 inputs."""

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
            "layers": "each has parameters of its own, so two differ whatever their masks are",
            "nonfinite": "its Dense layers spread one NaN over a whole row",
        },
    }
)
