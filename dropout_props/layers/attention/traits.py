"""Traits of the attention weights of both APIs; a unit is a (batch, head, query, key)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

TRAITS: Mapping[str, Any] = MappingProxyType(
    {
        "reference": "eval",
        "attention": True,
        "takes": "all",
        "rate_one": False,
        "nonfinite": False,
        "empty": False,
        "max_rank": 4,
        "dtypes": ("float32",),
        "reasons": {"nonfinite": "its softmax spreads one NaN over a whole row"},
    }
)
