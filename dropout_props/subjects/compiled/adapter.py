"""An adapter that runs each training operation of another adapter as one program.

It compiles less: see `subjects.compiled.one_program`. An evaluation, and an operation that
gets a tracer or is being traced, is passed on unchanged, so that a transform around the layer sees
the layer itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dropout_props.subjects.compiled.one_program import as_program, is_traced
from dropout_props.subjects.operations import Call

if TYPE_CHECKING:
    from dropout_props.subjects.operations import Operation
    from dropout_props.subjects.protocol import Adapter, Array
    from dropout_props.subjects.subject import Subject

__all__ = ["OneProgramAdapter", "in_one_program", "runs_in_one_program"]


@lru_cache(maxsize=64)
def in_one_program(subject: Subject) -> Subject:
    """Return the subject with training operations that run as one program each.

    A subject that JAX cannot trace, and a reference layer of the self-test, is returned unchanged.
    """
    if not hasattr(subject, "adapter") or subject.traits.lacks("transforms"):
        return subject
    return replace(subject, adapter=OneProgramAdapter(subject.adapter))


def runs_in_one_program(subject: Subject) -> bool:
    """Return whether `in_one_program` made this subject."""
    return isinstance(getattr(subject, "adapter", None), OneProgramAdapter)


@dataclass(frozen=True, eq=False)
class OneProgramAdapter:
    """Runs the operations of an adapter as one program each; it has the interface of one.

    Attributes:
        adapter: runs the layer on its framework.
    """

    adapter: Adapter

    def run(self, operation: Operation, x: Array, **given: Any) -> tuple[Array, ...]:
        """See `Adapter.run`; an evaluation runs eagerly: its output is compared bit for bit."""

        def run() -> tuple[Array, ...]:
            return self.adapter.run(operation, x, **given)

        if isinstance(operation, Call) and not operation.training:
            return run()
        if is_traced(x, (given["streams"], given.get("key"))):
            return run()
        return tuple(as_program(run, split=True))

    def trace(self, x: Array, **arguments: Any) -> Array:
        """See `Adapter.trace`."""
        return self.adapter.trace(x, **arguments)

    def collections(self, x: Array, *, rate: float) -> frozenset[str]:
        """See `Adapter.collections`."""
        return self.adapter.collections(x, rate=rate)

    def submodules(self, x: Array, *, rate: float) -> tuple[str, ...]:
        """See `Adapter.submodules`."""
        return self.adapter.submodules(x, rate=rate)

    def fresh(self) -> OneProgramAdapter:
        """See `Adapter.fresh`."""
        return OneProgramAdapter(self.adapter.fresh())

    def filled(self) -> OneProgramAdapter:
        """See `Adapter.filled`."""
        return OneProgramAdapter(self.adapter.filled())

    def with_stream(self, name: str) -> OneProgramAdapter:
        """See `Adapter.with_stream`."""
        return OneProgramAdapter(self.adapter.with_stream(name))
