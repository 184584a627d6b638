"""Which properties must kill a mutant, and which one must name a wrong wiring.

The properties say so, in `killed_by`, and nothing else does.
"""

from __future__ import annotations

from functools import cache

__all__ = ["killers"]


@cache
def killers() -> dict[str, tuple[str, ...]]:
    """Return the ids of the properties that name each mutant, or wrong wiring, in their order."""
    from dropout_props.properties import EXPLAINED

    found: dict[str, tuple[str, ...]] = {}
    for prop in EXPLAINED:
        for name in prop.killed_by:
            found[name] = (*found.get(name, ()), prop.id)
    return found
