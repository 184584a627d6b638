"""A planted bug: one change to a correct dropout, its source, and the properties that kill it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from dropout_props.selftest.kernel.build import kernel_subject
from dropout_props.selftest.kernel.kernel import Kernel
from dropout_props.subjects.subject import Subject

__all__ = ["APIS", "Api", "Mutant"]

Api = Literal["linen", "nnx"]
APIS: tuple[Api, ...] = ("linen", "nnx")


@dataclass(frozen=True)
class Mutant:
    """A dropout with one fault, or, among the controls, with none.

    Args:
        name: as the properties name it in `mutants`.
        change: what is done otherwise than in a correct layer.
        source: where it was seen.
        killed_by: ids of the properties that must each fail on it; empty for a control.
        kernel: the layer.
        apis: where it makes sense.
        derived: the layer promises the published derivation of its masks.
        attention: it stands for attention weights: batch, heads, queries, keys.
        live: the installed Flax has the same fault, which is listed: its kill reads KNOWN.
    """

    name: str
    change: str
    source: str
    killed_by: tuple[str, ...]
    kernel: Kernel
    apis: tuple[Api, ...] = APIS
    live: bool = False
    derived: bool = False
    attention: bool = False

    def subject(self, api: Api) -> Subject:
        """Return the layer in one of the two APIs, called ``mutants.<api>.<name>``."""
        name = f"mutants.{api}.{self.name}"
        subject = kernel_subject(self.kernel, api=api, name=name, derived=self.derived)
        return replace(subject, traits=replace(subject.traits, attention=self.attention))
