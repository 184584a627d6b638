"""A mutant: one bug in a correct dropout layer, and its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from dropout_props.selftest.kernel.build import kernel_subject
from dropout_props.selftest.kernel.kernel import Kernel
from dropout_props.selftest.killers import killers
from dropout_props.subjects.subject import Subject

__all__ = ["APIS", "Api", "Mutant"]

Api = Literal["linen", "nnx"]
APIS: tuple[Api, ...] = ("linen", "nnx")


@dataclass(frozen=True)
class Mutant:
    """A dropout layer with one bug, or a control, which has none.

    Args:
        name: unique name, which the properties that must kill it have in `killed_by`.
        change: the difference from a correct layer, one sentence.
        source: where the bug was seen: releases, issues, or a kind of code.
        kernel: the functions of the layer.
        apis: frameworks in which the bug is possible.
        derived: the layer promises the published derivation of its masks.
        attention: the layer computes attention weights: batch, heads, queries, keys.
        traits: what else the layer promises, as fields of `Traits`.
        live: the installed Flax has the same bug, as a known deviation: the verdict is KNOWN.
    """

    name: str
    change: str
    source: str
    kernel: Kernel
    apis: tuple[Api, ...] = APIS
    live: bool = False
    derived: bool = False
    attention: bool = False
    traits: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def killed_by(self) -> tuple[str, ...]:
        """Ids of the properties that must each fail on it; empty for a control."""
        return killers().get(self.name, ())

    def subject(self, api: Api) -> Subject:
        """Return the layer in one of the two APIs, with the name `mutants.<api>.<name>`."""
        name = f"mutants.{api}.{self.name}"
        subject = kernel_subject(self.kernel, api=api, name=name, derived=self.derived)
        return replace(
            subject, traits=replace(subject.traits, attention=self.attention, **self.traits)
        )
