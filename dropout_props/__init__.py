"""dropout_props: does a dropout layer do what dropout means, here, now?

Importing this package imports neither jax, flax, scipy, hypothesis nor numpy: the public names are
resolved at their first use. So the pytest plugin costs nothing in sessions that do not use it.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Public name -> the module that holds it. The one list of what this package promises to keep.
_HOMES: dict[str, str] = {
    "CATALOGUE": "dropout_props.properties",
    "Case": "dropout_props.cases.case",
    "Property": "dropout_props.properties",
    "Judge": "dropout_props.engine",
    "RunResult": "dropout_props.results.records",
    "Settings": "dropout_props.engine",
    "Subject": "dropout_props.subjects.subject",
    "Traits": "dropout_props.subjects.subject",
    "Trials": "dropout_props.statistics",
    "Verdict": "dropout_props.results.verdict",
    "parametrize_with_properties": "dropout_props.pytest_plugin.parametrize",
}

__all__ = ["__version__", *sorted(_HOMES)]  # noqa: PLE0604 - strings, all of them


def __getattr__(name: str) -> Any:
    """Import the home of a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *_HOMES})
