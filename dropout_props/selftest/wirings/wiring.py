"""A wrong wiring: a model trained with one fault in how its dropout is wired, and a mended twin.

Both halves are real programs, `run(record, steps)`: they build a model, train it for `steps` steps
of plain gradient descent and return what came out. They know of a recorder only one method,
`record.step()`, which they call at the start of each step where the steps are a Python loop;
`NoRecord` takes its place where nothing records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, Protocol

from dropout_props.selftest.killers import killers

__all__ = ["Api", "NoRecord", "Outcome", "Record", "Run", "Wiring"]

Api = Literal["linen", "nnx", "jax"]


class Record(Protocol):
    """The part of a recorder that a program may use."""

    def step(self) -> object:
        """Say that a training step begins."""


class NoRecord:
    """Stands in for a recorder where nothing records."""

    def step(self) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class Outcome:
    """The result of a training run.

    Attributes:
        losses: float[steps], the loss before each step.
        state: the trained state: a tree of arrays, or the NNX module itself.
        evaluate: runs the trained model as the program means to evaluate it, and returns its
            outputs. None where the program has no evaluation.
    """

    losses: tuple[float, ...]
    state: Any
    evaluate: Callable[[], Any] | None = None


Run = Callable[[Record, int], Outcome]


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """One fault of wiring, twice as a program: with it and without it.

    Attributes:
        name: unique within an API.
        api: what the program is written in.
        also: other properties that the same fault rightly violates. No property outside of
            `property` and `also` may fail.
        says: one sentence, what is wrong.
        mend: one sentence, what mends it.
        wrong: the program with the fault.
        mended: the program without it.
        options: keyword arguments for recording and checking both programs. `rates` maps patterns
            of sites to a rate, or to a function from the number of a step, from 0, to a rate;
            `batch_axis` maps them to an axis, and `expect_shared` to the axes along which a mask
            may be constant. With `training=False`, the training run is not what is recorded, but
            the `evaluate` of its outcome.
        devices: how many devices the programs need.
        needs: the oldest Flax release that can run both programs and shows the fault, where that
            is newer than the oldest supported one; else empty.
        seen_in: reports of this fault in real projects, or the release in which Flax itself has it.
    """

    name: str
    api: Api
    says: str
    mend: str
    wrong: Run
    mended: Run
    also: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    devices: int = 1
    needs: str = ""
    seen_in: str = ""

    @property
    def property(self) -> str:
        """Id of the property that must name the fault: the one that has it in `killed_by`.

        Raises:
            LookupError: none has.
        """
        if str(self) not in killers():
            raise LookupError(
                f"no property names the wiring {self}: add it to the `killed_by` of the one that "
                "must fail on it."
            )
        return killers()[str(self)][0]

    def __str__(self) -> str:
        """Return the API and the name, which together are unique."""
        return f"{self.api}/{self.name}"
