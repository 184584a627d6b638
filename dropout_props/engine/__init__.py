"""Engine: from a property and a subject to a verdict.

Holds: the one function that judges a pair (`judge`, `decide`), the search for cases, the sequential
test, the error budget, the texts of verdicts (`messages`), the known deviations, and the run.
Guarantees: a verdict depends on the settings and the pair, not on what else runs, in which order
or on how many workers. Command line, pytest, gate and self-test call the same `Judge`. The names
below are imported at their first use, so that a process that only runs tasks of the pool loads
neither JAX nor the catalogue.
Imports: the rooms above it; never Flax, a report, the self-test or the command line.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dropout_props.engine.judge import Judge, lost
    from dropout_props.engine.settings import Settings

__all__ = ["Judge", "Settings", "lost"]

_MODULES = {"Judge": "judge", "Settings": "settings", "lost": "judge"}


def __getattr__(name: str) -> Any:
    """Import the module of a name at its first use."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
