"""Operations as data: what a subject is told to do.

An operation is a frozen dataclass, so that a property can name, print and generate it. Each adapter
maps it to its framework and raises `Unsupported` where the installed release cannot do it. An
operation says what to do; the input, the rate and the keys are arguments of `Subject.run`.

Every operation has `num_outputs`, the number of arrays that it returns, and `words`, the name by
which a message calls it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias, get_args

__all__ = [
    "MAPPINGS",
    "Beside",
    "Call",
    "Handed",
    "InModes",
    "Layers",
    "MappingName",
    "Modes",
    "Operation",
    "Repeat",
    "Reseeded",
    "Rewrapped",
    "Shared",
    "Step",
    "Steps",
    "Transform",
    "Under",
    "WithKey",
]

MappingName: TypeAlias = Literal["dict", "MappingProxyType", "FrozenDict"]
MAPPINGS: tuple[MappingName, ...] = get_args(MappingName)
Transform: TypeAlias = Literal[
    "plain",  # no transform, in a model of the same structure
    "jit",
    "vmap",  # every row has its own key
    "shared vmap",  # all rows have one key
    "scan",  # every step has its own key
    "shared scan",  # all steps have one key
    "carried scan",  # the scan carries the layer from step to step
    "remat",
    "cond",
    "switch",
    "while",
    "raw scan",  # JAX's own transform around a layer of the framework, as in the next two
    "raw jit",
    "raw remat",
    "closed scan",  # the framework's scan, whose body closes over the layer
]
Step: TypeAlias = Literal[
    "call",
    "jit call",
    "eval call",  # one call in evaluation mode, after which training goes on
    "clone",
    "split merge",
    "snapshot",  # splits the layer, and goes on with the layer
    "merge",  # goes back to the snapshot
    "save",  # copies the state to host arrays
    "restore",  # loads the saved state into a new layer that was built on another key
    "reseed",  # always with the same key
]


@dataclass(frozen=True)
class Call:
    """Call the layer once, in one new application.

    Attributes:
        training: the mode; False is evaluation.
        broadcast_dims: axes along which one mask is shared.
    """

    training: bool
    broadcast_dims: tuple[int, ...] = ()
    num_outputs: ClassVar[int] = 1
    words: ClassVar[str] = "call"


@dataclass(frozen=True)
class Repeat:
    """Call one layer several times in one application, in training mode.

    Attributes:
        times: number of calls.
        broadcast_dims: axes along which one mask is shared.
    """

    times: int
    broadcast_dims: tuple[int, ...] = ()
    words: ClassVar[str] = "repeated calls"

    @property
    def num_outputs(self) -> int:
        """One output per call."""
        return self.times


@dataclass(frozen=True)
class InModes:
    """Call one layer once per mode, in one application.

    Attributes:
        modes: the mode of each call; True is training.
    """

    modes: tuple[bool, ...]
    words: ClassVar[str] = "calls in several modes"

    @property
    def num_outputs(self) -> int:
        """One output per mode."""
        return len(self.modes)


@dataclass(frozen=True)
class Layers:
    """Call one layer per name, all in one model and on one input, in training mode.

    Attributes:
        names: names of the layers; `a/b` is layer `b` of block `a`.
        times: number of calls of each layer, one after the other.
    """

    names: tuple[str, ...]
    times: int = 1
    words: ClassVar[str] = "calls of several layers"

    @property
    def num_outputs(self) -> int:
        """`times` outputs per name, grouped by name."""
        return len(self.names) * self.times


@dataclass(frozen=True)
class WithKey:
    """Call the layer once in training mode, with a key as an argument of the call.

    The key is the argument `key` of `Subject.run`; a correct layer ignores those of its streams.

    Attributes:
        broadcast_dims: axes along which one mask is shared.
    """

    broadcast_dims: tuple[int, ...] = ()
    num_outputs: ClassVar[int] = 1
    words: ClassVar[str] = "call with a key"


@dataclass(frozen=True)
class Under:
    """Call one layer under a transform of the framework, in training mode.

    Attributes:
        transform: name of the transform.
        times: number of calls, rows of the batch, or steps of the loop.
        evaluated: first do the same in evaluation mode.
    """

    transform: Transform
    times: int = 3
    evaluated: bool = False
    words: ClassVar[str] = "calls under a transform"

    @property
    def num_outputs(self) -> int:
        """One output per call, row or step."""
        return self.times


@dataclass(frozen=True)
class Modes:
    """Call one layer once, with its mode set in some places: True evaluates, None sets no mode.

    Attributes:
        built: the mode that the constructor gets.
        switched: the mode that `eval()` or `train()` sets on the built layer.
        called: the mode that the call gets.
        built_open: the constructor gets an explicit None, so that its default does not apply;
            `built` is then None.
    """

    built: bool | None = None
    switched: bool | None = None
    called: bool | None = None
    built_open: bool = False
    num_outputs: ClassVar[int] = 1
    words: ClassVar[str] = "call with its mode set"


@dataclass(frozen=True)
class Steps:
    """Take one stateful layer, which is built in training mode, through steps.

    Attributes:
        steps: the steps, in order.
    """

    steps: tuple[Step, ...]
    words: ClassVar[str] = "steps of one layer"

    @property
    def num_outputs(self) -> int:
        """One output per training call."""
        return sum(step in ("call", "jit call") for step in self.steps)


@dataclass(frozen=True)
class Rewrapped:
    """Build one layer on a set of streams, and a second layer on streams derived from that set.

    Attributes:
        how: the method of `Rngs` that derives the second set and passes the layer's stream through
            unchanged; `Rngs` itself builds a new set around the stream.
    """

    how: Literal["split", "fork", "broadcast", "Rngs"]
    num_outputs: ClassVar[int] = 2
    words: ClassVar[str] = "calls on derived streams"


@dataclass(frozen=True)
class Reseeded:
    """Build a model on one key, call it, and reseed it with the same key.

    A round calls each layer once, in the order of `names`. The outputs are those of the first
    round, before the reseed, and then those of the round after it.

    Attributes:
        names: names of the layers, in the order in which they are built.
        between: number of rounds between the first round and the reseed.
    """

    names: tuple[str, ...]
    between: int = 2
    words: ClassVar[str] = "calls around a reseed"

    @property
    def num_outputs(self) -> int:
        """One output per layer before the reseed, and one per layer after it."""
        return 2 * len(self.names)


@dataclass(frozen=True)
class Beside:
    """Initialise a parameter of the shape and dtype of the input; the parameter is the output.

    Attributes:
        layer: where the model has a dropout layer ahead of the parameter: nowhere, in a scope of
            its own, or, in Linen, in the scope of the model, as in a model that subclasses the
            layer.
    """

    layer: Literal["nowhere", "own place", "model's scope"]
    num_outputs: ClassVar[int] = 1
    words: ClassVar[str] = "init of a parameter"


@dataclass(frozen=True)
class Shared:
    """Call an attention layer once, in training mode.

    Attributes:
        shared: one mask serves the whole batch and all heads.
    """

    shared: bool
    num_outputs: ClassVar[int] = 1
    words: ClassVar[str] = "call of attention"


@dataclass(frozen=True)
class Handed:
    """Call one layer once, in training mode, with its keys in a mapping of a given type.

    Attributes:
        mapping: name of the type; `FrozenDict` is that of `flax.core`.
    """

    mapping: MappingName
    num_outputs: ClassVar[int] = 1
    words: ClassVar[str] = "call with a mapping of keys"


Operation: TypeAlias = (
    Call
    | Repeat
    | InModes
    | Layers
    | WithKey
    | Under
    | Modes
    | Steps
    | Rewrapped
    | Reseeded
    | Beside
    | Shared
    | Handed
)
