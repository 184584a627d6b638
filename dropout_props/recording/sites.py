"""Where in the user's code something happens: places, sites that draw, modules that were called."""

from __future__ import annotations

from dataclasses import dataclass

from dropout_props.recording.frameworks import SAMPLER_OF_SPLIT


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the user's code, and the modules around it.

    Attributes:
        path: names of modules from the root inwards, `("Model", "Block_1", "Dropout_0")`. The first
            is the class of the root. Empty outside of modules.
        file: the file of the nearest line outside of JAX and of the framework.
        line: the number of that line.
        function: the qualified name of the function that holds it.
        api: `linen`, `nnx`, `equinox`, `haiku`, `keras`, or `function` outside of modules.
        phase: `init` inside of `module.init`, of a constructor, or where only shapes are computed
            for parameters; `backward` inside of the backward pass of a `jax.custom_vjp`; otherwise
            `run`.
    """

    path: tuple[str, ...]
    file: str
    line: int
    function: str
    api: str
    phase: str

    @property
    def name(self) -> str:
        """The path as text, or the function outside of modules."""
        return "/".join(self.path) or self.function


@dataclass(frozen=True, slots=True)
class Site:
    """One place that consumes keys.

    Two draws belong to one site if they agree in everything below but `id`.

    Attributes:
        id: its position in `Recording.sites`.
        place: where it is.
        sampler: the function of `jax.random`, such as `bernoulli`; `split` for a split.
        shape: the shape of one draw, without lanes of `vmap`; for a split, of the new keys.
        dtype: the dtype of what was drawn, as text; empty if the sampler has none.
        impl: the implementation of the key, such as `threefry2x32`.
        mode: the mode of `bernoulli`, `low` or `high`; empty elsewhere.
        module: the class of the innermost module; empty outside of modules.
        declared_rate: the rate that this module declares; None if it declares none.
        input_shape: the shape of what this module was called with, if it is one that declares a
            rate; else None.
        input_dtype: its dtype, as text; empty if there is none.
        shared_axes: axes along which the module declares one mask (`broadcast_dims`).
        partitionable: `jax_threefry_partitionable` when this was traced.
    """

    id: int
    place: Place
    sampler: str
    shape: tuple[int, ...]
    dtype: str
    impl: str
    mode: str
    module: str
    declared_rate: float | None
    input_shape: tuple[int, ...] | None
    input_dtype: str
    shared_axes: tuple[int, ...]
    partitionable: bool

    @property
    def splits(self) -> bool:
        """Whether this site derives keys and draws nothing."""
        return self.sampler == SAMPLER_OF_SPLIT

    @property
    def phase(self) -> str:
        """`init`, `backward` or `run`; see `Place`."""
        return self.place.phase


@dataclass(slots=True)
class ModuleCall:
    """Calls of one module that declares a rate, whether or not they drew.

    Attributes:
        place: where the module was called.
        module: its class.
        declared_rate: the rate that it declares; None if that was traced.
        input_shape: the shape of its first array; None if it was called without one.
        input_dtype: its dtype, as text.
        traced: how often the call was traced or run eagerly.
        drew: in how many of these something was drawn inside, parameters aside.
        missed: in how many something ran that cannot be seen, and that may have drawn.
        shared_axes: axes along which the module declares one mask (`broadcast_dims`).
    """

    place: Place
    module: str
    declared_rate: float | None
    input_shape: tuple[int, ...] | None
    input_dtype: str
    traced: int = 0
    drew: int = 0
    missed: int = 0
    shared_axes: tuple[int, ...] = ()

    @property
    def active(self) -> bool:
        """Whether any of the calls drew."""
        return self.drew > 0
