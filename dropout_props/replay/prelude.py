"""Parts of every program that `replay --script` writes: small stand-ins, and the last function.

`dropout_props.replay.source` copies their text into the program. A stand-in does what the other
code of a program needs of the class or function of its name, without validation.
"""
# ruff: noqa: T201 - a program prints

from __future__ import annotations

import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from dropout_props.subjects.operations import Call

if TYPE_CHECKING:
    from dropout_props.subjects.output_law import OutputLaw

__all__ = ["Subject", "Traits", "Trials", "raised_at", "recheck", "recount", "run_isolated"]

_NEVER = 1e-9  # a correct layer exits with 1 less often than this


class Trials:
    """Counts of one family: successes and trials of each member, and its null."""

    def __init__(self, *counts: Any, label: str = "") -> None:
        import numpy as np

        arrays = np.broadcast_arrays(*map(np.atleast_1d, counts))
        self.successes, self.trials, self.lowest, self.highest = arrays
        self.label = label

    @classmethod
    def of(cls, successes: Any, trials: Any, null: Any, label: str = "") -> Trials:
        """Returns counts with one null for all members: a number, or an interval."""
        lowest, highest = null if isinstance(null, tuple) else (null, null)
        return cls(successes, trials, lowest, highest, label=label)

    def __add__(self, other: Trials) -> Trials:
        successes, trials = self.successes + other.successes, self.trials + other.trials
        return Trials(successes, trials, self.lowest, self.highest, label=self.label)


class Traits(SimpleNamespace):
    """Facts about the layer: those that the code reads."""

    @property
    def output_law(self) -> OutputLaw:
        """How an output depends on its mask; of a layer with its own values there is no program."""
        from dropout_props.subjects.output_law import OutputLaw

        return OutputLaw(self.law)

    def lacks(self, ability: str) -> str | None:
        """Returns why the layer has not this ability; None when it has it."""
        reasons: dict[str, str] = self.lacking
        return reasons.get(ability)

    @property
    def shares(self) -> bool:
        """Whether the layer always shares its mask along some axes."""
        return self.shares_rest or bool(self.shared_axes)


class Subject(SimpleNamespace):
    """The layer, as the property calls it: its name, traits and adapter."""

    __hash__ = object.__hash__  # type: ignore[assignment] # a cache of compiled code needs it

    def run(self, operation: Any, x: Any, *, streams: Any = None, **arguments: Any) -> Any:
        """Runs an operation on the layer."""
        return self.adapter.run(operation, x, streams=streams or {}, **arguments)

    def call(self, x: Any, *, training: bool, broadcast_dims: Any = (), **arguments: Any) -> Any:
        """Calls the layer once."""
        return self.run(Call(training, tuple(broadcast_dims)), x, **arguments)[0]

    def reference(self, x: Any, *, rate: float | None = None) -> Any:
        """Returns what a training output is measured by: `x`, or the evaluation output."""
        if self.traits.reference == "input":
            return x
        usual = 0.5 if self.traits.rate is None else self.traits.rate
        return self.call(x, rate=usual if rate is None else rate, training=False)

    def fresh(self) -> Subject:
        """Returns the same layer, without anything that its framework remembers."""
        return Subject(**{**vars(self), "adapter": self.adapter.fresh()})


def run_isolated(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a function in a new process that has eight devices."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def raised_at(error: BaseException | None) -> str:
    """Returns no line of the author: the layer may be part of the program."""
    del error
    return ""


def recount(observe: Callable[..., Any], sampler: Any, seen: list[tuple[str, int, int]]) -> int:
    """Counts the blocks of the failed case again, and prints the counts of each family.

    Returns 1 when they are those of the failure, or when a correct layer never gives such counts.
    """
    import numpy as np

    families, block = _observed(observe, sampler, 0), 1
    while families[0].trials.sum() < seen[0][2]:
        more = _observed(observe, sampler, block)
        families, block = [a + b for a, b in zip(families, more, strict=True)], block + 1
    counts = [(one.label, int(one.successes.sum()), int(one.trials.sum())) for one in families]
    chance = 1.0
    for one, (label, successes, trials) in zip(families, counts, strict=True):
        rates = one.successes / one.trials
        bounds = _chances(rates, one.trials, np.clip(rates, one.lowest, one.highest))
        worst = int(np.argmin(bounds))
        chance = min(chance, 2 * len(bounds) * len(counts) * float(bounds[worst]))
        print(f"{label}: {successes} of {trials}")
        print(
            f"  member {worst}: {one.successes[worst]} of {one.trials[worst]}, seen "
            f"{rates[worst]:.6f}, expected {one.lowest[worst]:.6f} to {one.highest[worst]:.6f}"
        )
    same = counts == seen
    print(f"these counts are {'the same as' if same else 'other than'} those of the failure")
    print(f"a correct layer is as far off with a probability of at most {chance:.1e}")
    return int(same or chance < _NEVER)


def _observed(observe: Callable[..., Any], sampler: Any, block: int) -> list[Any]:
    """Returns the counts of a block, without families of which this case has no trial."""
    return [one for one in observe(sampler, block) if one.trials.any()]


def _chances(rates: Any, trials: Any, null: Any) -> Any:
    """Returns Chernoff's bound of the chance of these rates, or of rates farther from the null."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        kept, dropped = (
            np.where(rate > 0, rate * np.log(rate / expected), 0.0)
            for rate, expected in ((rates, null), (1 - rates, 1 - null))
        )
    return np.exp(-trials * (kept + dropped))


def recheck(check: Callable[..., Any], violation: type[Exception], sampler: Any, seen: str) -> int:
    """Checks the failed case again; returns 1 when it is a counterexample."""
    try:
        check(sampler)
    except violation as found:
        same = seen.startswith(str(found))
        print(f"{found}\nthis is {'the same as' if same else 'other than'} the failure")
        return 1
    print("no counterexample")
    return 0
