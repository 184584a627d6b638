"""What travels with a probe besides the key: static descriptions of its operands.

A probe has the key words (or the mask) as operand 0, and then one operand for each `Slot`: the
probability of a Bernoulli draw, the index of an enclosing loop, the index that chose a branch, the
position along a manual mesh axis. `Meta` is all that is static; it is hashable, since it is a
parameter of a primitive.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slot:
    """One operand of a probe.

    Attributes:
        kind: `probability`; `scan`, `while` or `test`, the index in a scan, in the body and in the
            condition of a while loop; `alive`, whether the condition holds; `branch`, the index
            that chose; `axis`, the position along a mesh axis; `lane`, the number of a lane of
            `vmap`, where JAX needs it to see the `vmap` at all; `key`, the key words, last, where
            operand 0 is a mask.
        id: which loop, branching or vmap this is; 0 where there is only one.
        size: the length of a scan, the number of branches or lanes, the size of a mesh axis; -1 if
            unknown.
        branch: the number of the branch that holds the draw.
        name: the name of a mesh axis or of a vmap; the dtype of a probability.
    """

    kind: str
    id: int = 0
    size: int = -1
    branch: int = -1
    name: str = ""


@dataclass(frozen=True, slots=True)
class LaneAxis:
    """One enclosing `vmap`.

    Attributes:
        size: how many lanes it has.
        name: the name of its axis, as text; empty if it has none.
        mapped: for the key and for each slot, whether each lane has its own.
    """

    size: int
    name: str
    mapped: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Meta:
    """Everything static about a probe.

    Attributes:
        session: the record that it reports to.
        point: the place in the traced program; see `Session.points`.
        slots: what the operands after the key words are.
        lanes: the enclosing vmaps, outermost first.
        calls: the calls of traced functions that lead here, outermost first.
        replay: how many differentiated `jax.checkpoint` regions surround it.
        carries: whether operand 0 is the mask that was drawn, and not the key words: where the
            mask is no function of the key.
    """

    session: int
    point: int
    slots: tuple[Slot, ...] = ()
    lanes: tuple[LaneAxis, ...] = ()
    calls: tuple[int, ...] = ()
    replay: int = 0
    carries: bool = False
