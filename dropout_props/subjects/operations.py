"""What may be done to a layer: framework transforms, places of the mode, steps of its state.

A program is plain data, so that a property can name it, print it and generate it; each adapter maps
it to its framework, and raises ``Unsupported`` where the installed release has no such thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

__all__ = [
    "MAPPINGS",
    "STEPS",
    "Beside",
    "Handed",
    "MappingName",
    "Modes",
    "Program",
    "Reseeded",
    "Rewrapped",
    "Shared",
    "Step",
    "Steps",
    "Transform",
    "Under",
]

MappingName: TypeAlias = Literal["dict", "MappingProxyType", "FrozenDict"]
MAPPINGS: tuple[MappingName, ...] = get_args(MappingName)
Transform: TypeAlias = Literal[
    "plain",  # none, in the same place
    "jit",
    "vmap",  # every row has a key of its own
    "shared vmap",  # the rows share one
    "scan",  # every step has a key of its own
    "shared scan",
    "carried scan",  # the layer is carried from step to step
    "remat",
    "cond",
    "switch",
    "while",
    "raw scan",  # JAX's own, around a layer of the framework
    "raw jit",
    "raw remat",
    "closed scan",  # the framework's, whose body closes over the layer
]
Step: TypeAlias = Literal[
    "call",
    "jit call",
    "eval call",  # evaluates, and trains on
    "clone",
    "split merge",
    "snapshot",  # splits, and lives on
    "merge",  # goes back to the snapshot
    "save",  # to arrays of the host
    "restore",  # into a layer built anew, on another key
    "reseed",  # with one key, always the same
]
STEPS: tuple[Step, ...] = get_args(Step)


@dataclass(frozen=True)
class Under:
    """Calls one layer under a transform of the framework, in training.

    Attributes:
        transform: which.
        times: calls of it, rows of the batch, or steps of the loop.
        evaluated: the same was done in evaluation before.
    """

    transform: Transform
    times: int = 3
    evaluated: bool = False

    @property
    def answers(self) -> int:
        """One output a call, a row or a step."""
        return self.times


@dataclass(frozen=True)
class Modes:
    """Calls one layer once, with the mode set in some places; True is evaluation, None unset.

    Attributes:
        built: when it is built.
        switched: by ``eval()`` or ``train()`` on the layer that stands.
        called: at the call.
        built_open: an explicit None is handed over when it is built, which takes the default of
            the constructor away; ``built`` is then None.
    """

    built: bool | None = None
    switched: bool | None = None
    called: bool | None = None
    built_open: bool = False
    answers: int = 1


@dataclass(frozen=True)
class Steps:
    """Takes one layer with a state of its own through steps.

    Attributes:
        steps: in their order; the layer is built in training mode.
    """

    steps: tuple[Step, ...]

    @property
    def answers(self) -> int:
        """One output a call in training."""
        return sum(step in ("call", "jit call") for step in self.steps)


@dataclass(frozen=True)
class Rewrapped:
    """Builds one layer on a set of streams, and a second on what is made of the same set.

    Attributes:
        how: the method of Rngs that passes the layer's stream through; or Rngs itself, which is
            given the stream.
    """

    how: Literal["split", "fork", "broadcast", "Rngs"]
    answers: int = 2


@dataclass(frozen=True)
class Reseeded:
    """Builds a model on one key, calls it, and reseeds it with the same key.

    Every round calls each layer once, in the order of ``names``. The answers are those of the
    first round, of the fresh model, and then those of the round that follows the reseed.

    Attributes:
        names: names of the layers, in the order in which they are built.
        between: rounds between the two.
    """

    names: tuple[str, ...]
    between: int = 2

    @property
    def answers(self) -> int:
        """One output a layer before, and one after."""
        return 2 * len(self.names)


@dataclass(frozen=True)
class Beside:
    """Initialises a parameter of the shape and dtype of the input, which is the answer.

    Attributes:
        layer: where the layer stands that comes before it: nowhere, in a place of its own, or, in
            Linen, in the scope of the model itself, as where a model extends the layer.
    """

    layer: Literal["nowhere", "own place", "model's scope"]
    answers: int = 1


@dataclass(frozen=True)
class Shared:
    """Calls an attention layer once, in training.

    Attributes:
        shared: one mask serves the whole batch and all heads.
    """

    shared: bool
    answers: int = 1


@dataclass(frozen=True)
class Handed:
    """Calls one layer once, in training, with its keys in a mapping of some type.

    Attributes:
        mapping: name of the type; ``FrozenDict`` is that of ``flax.core``.
    """

    mapping: MappingName
    answers: int = 1


Program: TypeAlias = Handed | Shared | Under | Modes | Steps | Rewrapped | Reseeded | Beside
