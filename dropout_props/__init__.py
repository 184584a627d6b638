"""dropout_props: statistical property tests for dropout layers of Flax, Linen and NNX.

This module lists the public names and imports each at its first use, so that importing the package
loads none of jax, flax, scipy, hypothesis and numpy. The pytest plugin relies on that: it costs
nothing in a session that does not use it. Type checkers read the imports under TYPE_CHECKING.
docs/architecture.md describes the rooms (the folders beside this file) and the order of imports.
"""

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dropout_props import strategies
    from dropout_props.auditing import Record, audit, record, resume
    from dropout_props.cases.case import Case
    from dropout_props.engine.judge import Judge
    from dropout_props.engine.settings import Settings
    from dropout_props.properties import CATALOGUE, NotRun, Property, Violation
    from dropout_props.properties.own import exact, statistical
    from dropout_props.properties.sampler import Sampler
    from dropout_props.pytest_plugin.parametrize import parametrize_with_properties
    from dropout_props.results.records import RunResult
    from dropout_props.results.verdict import Verdict
    from dropout_props.statistics import (
        Trials,
        agreement,
        assert_bernoulli,
        assert_independent,
        odd_parity,
    )
    from dropout_props.subjects.subject import Subject
    from dropout_props.subjects.traits import Traits

__all__ = [
    "CATALOGUE",
    "Case",
    "Judge",
    "NotRun",
    "Property",
    "Record",
    "RunResult",
    "Sampler",
    "Settings",
    "Subject",
    "Traits",
    "Trials",
    "Verdict",
    "Violation",
    "__version__",
    "agreement",
    "assert_bernoulli",
    "assert_independent",
    "audit",
    "exact",
    "odd_parity",
    "parametrize_with_properties",
    "record",
    "resume",
    "statistical",
    "strategies",
]

__version__ = "0.2.0"

# Public name -> its module, for the lazy import at run time.
_MODULES: dict[str, str] = {
    "CATALOGUE": "dropout_props.properties",
    "Case": "dropout_props.cases.case",
    "Judge": "dropout_props.engine.judge",
    "NotRun": "dropout_props.properties",
    "Property": "dropout_props.properties",
    "Record": "dropout_props.auditing",
    "RunResult": "dropout_props.results.records",
    "Sampler": "dropout_props.properties.sampler",
    "Settings": "dropout_props.engine.settings",
    "Subject": "dropout_props.subjects.subject",
    "Traits": "dropout_props.subjects.traits",
    "Trials": "dropout_props.statistics",
    "Verdict": "dropout_props.results.verdict",
    "Violation": "dropout_props.properties",
    "agreement": "dropout_props.statistics",
    "assert_bernoulli": "dropout_props.statistics",
    "assert_independent": "dropout_props.statistics",
    "audit": "dropout_props.auditing",
    "exact": "dropout_props.properties.own",
    "odd_parity": "dropout_props.statistics",
    "parametrize_with_properties": "dropout_props.pytest_plugin.parametrize",
    "record": "dropout_props.auditing",
    "resume": "dropout_props.auditing",
    "statistical": "dropout_props.properties.own",
}


# Public name of 0.1 -> its new name; the old one works until 0.3.
_RENAMED = {"Claim": "Property"}


def __getattr__(name: str) -> Any:
    """Import the module of a public name at its first use."""
    if name in _RENAMED:
        warnings.warn(
            f"dropout_props.{name} is now called {_RENAMED[name]}", DeprecationWarning, stacklevel=2
        )
        name = _RENAMED[name]
    if name == "strategies":
        return import_module("dropout_props.strategies")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    """Return the public names, imported or not."""
    return sorted({*globals(), *_MODULES, "strategies"})
