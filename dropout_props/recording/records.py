"""What a record says: draws, each with all that tells it apart from others."""

from __future__ import annotations

from dataclasses import dataclass, field

from dropout_props.recording.packed import PackedMask
from dropout_props.recording.sites import Place, Site


@dataclass(frozen=True, slots=True)
class Iteration:
    """The trip of one enclosing loop.

    Attributes:
        loop: the number of the loop.
        kind: `scan` or `while`.
        index: which trip; for a scan, the element, also if it runs in reverse.
        length: how many trips a scan has; None for a while loop.
    """

    loop: int
    kind: str
    index: int
    length: int | None


@dataclass(frozen=True, slots=True)
class Lane:
    """The lane of one enclosing `vmap`.

    Attributes:
        size: how many lanes there are.
        index: which one this draw belongs to; None if one key served them all.
        name: the name of the axis; empty if it has none.
    """

    size: int
    index: int | None
    name: str


@dataclass(frozen=True, slots=True)
class Branch:
    """The branch of one enclosing `cond` or `switch`.

    Attributes:
        switch: the number of the branching.
        taken: the number of the branch; 1 is true, and 0 false, for a `cond`.
        of: how many there are.
    """

    switch: int
    taken: int
    of: int


@dataclass(frozen=True, slots=True)
class Position:
    """Where a draw ran in a `shard_map`.

    Attributes:
        axis: the name of a mesh axis.
        index: the position along it.
        size: the length of the axis.
    """

    axis: str
    index: int
    size: int


@dataclass(frozen=True, slots=True)
class TracedCall:
    """A call of a jitted function inside of a larger traced program.

    Attributes:
        number: the number of the call. The calls of one function have one trace, so that its sites
            are named as its first call found them; the number tells the calls apart.
        place: where it was called.
    """

    number: int
    place: Place


@dataclass(frozen=True, slots=True)
class Draw:
    """One execution of one draw.

    Attributes:
        site: where it is.
        key: the words of the key. Raw and typed keys of equal words are equal here.
        probability: the probability of a `bernoulli`, as the program used it: a tuple if it was a
            small array; None for other samplers, and for a large array.
        probability_dtype: the dtype that it has in the program; empty where there is none.
        loops: the trips of the enclosing loops, outermost first.
        lanes: the lanes of the enclosing vmaps, outermost first.
        branches: the enclosing branches, outermost first.
        positions: the position along each manual mesh axis.
        calls: the calls of jitted functions that lead to it inside of one traced program,
            outermost first.
        replay: 0 for a draw; n in the nth nested replay of `jax.checkpoint`.
        point: the number of its place in the traced program. A site that is traced twice, or that
            draws twice eagerly, has two points.
        run: how often this very instance had run before: for a compiled step, the step.
        step: how many steps had been marked.
        instance: what is the same in each run of a compiled program: point, calls, trips, lanes,
            branches, positions and replay. Within one run every instance runs once.
        mask: the mask itself, where it is no function of the key and was kept; else None.
    """

    site: Site
    key: tuple[int, ...]
    probability: float | tuple[float, ...] | None
    probability_dtype: str
    loops: tuple[Iteration, ...]
    lanes: tuple[Lane, ...]
    branches: tuple[Branch, ...]
    positions: tuple[Position, ...]
    calls: tuple[TracedCall, ...]
    replay: int
    point: int
    run: int
    step: int
    instance: tuple[object, ...]
    mask: PackedMask | None = field(default=None, compare=False, repr=False)
