"""A kernel as an NNX layer, with the parameters of `flax.nnx.Dropout`.

The layer contains an `nnx.Dropout` and takes its keys from there, so that it forks, shares and
counts streams as the installed release does.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from functools import partial
from typing import Any, cast

import jax
import jax.numpy as jnp
from flax import nnx

from dropout_props.selftest.kernel.kernel import Kernel, run
from dropout_props.subjects.nnx.adapter import DERIVATION
from dropout_props.subjects.operations import Modes
from dropout_props.subjects.protocol import Array, Key
from dropout_props.subjects.subject import Subject
from dropout_props.subjects.traits import WIDE_DTYPES


class _Given:
    """The arguments of the constructor; not a pytree, so that NNX ignores it."""

    def __init__(self, rngs: nnx.Rngs | None, stream: str) -> None:
        self.rngs = rngs
        self.memory: dict[str, Any] = {}
        has_stream = rngs is not None and (stream in rngs or "default" in rngs)
        self.root_key = _value(rngs[stream].key) if rngs is not None and has_stream else None
        self.count_before = _value(rngs[stream].count) if rngs is not None and has_stream else 0


class _StreamKeys:
    """The keys of an NNX layer; see `kernel.KeySource`."""

    def __init__(self, given: _Given, dropout: nnx.Dropout) -> None:
        self._given = given
        self._dropout = dropout

    @property
    def memory(self) -> MutableMapping[str, Any]:
        return self._given.memory

    def has(self, stream: str) -> bool:
        rngs = self._given.rngs
        return rngs is not None and (stream in rngs or "default" in rngs)

    def streams(self) -> tuple[str, ...]:
        return () if self._given.rngs is None else tuple(self._given.rngs)

    def issue(self, stream: str) -> Key:
        if self._given.rngs is None:
            # Raises the error of the framework for a layer without rngs.
            return nnx.Dropout(0.5, deterministic=False)(jnp.ones(()))
        if stream != self._dropout.rng_collection:
            return self._given.rngs[stream]()
        return self._own_stream()

    def root_key(self, stream: str) -> Key:
        rngs = self._given.rngs
        if stream == self._dropout.rng_collection or rngs is None:
            return self._given.root_key
        return _value(rngs[stream].key)

    def path(self, stream: str) -> tuple[Any, ...]:  # noqa: ARG002 - a layer has one fork
        # Since 0.11 a layer forks its stream when it is built: the number of the fork is its path.
        return (self._given.count_before,) if self._is_forked else ()

    def count(self, stream: str) -> Any:
        rngs = self._given.rngs
        if stream == self._dropout.rng_collection or rngs is None:
            return _value(self._own_stream.count)
        return _value(rngs[stream].count)

    def fold(self, root_key: Key, path: tuple[Any, ...], count: Any) -> Key:
        for number in (*path, count):
            root_key = jax.random.fold_in(root_key, number)
        return root_key

    @property
    def _is_forked(self) -> bool:
        return not isinstance(self._dropout.rngs, nnx.Rngs)

    @property
    def _own_stream(self) -> Any:
        rngs: Any = self._dropout.rngs
        return rngs if self._is_forked else rngs[self._dropout.rng_collection]


class NNXKernelDropout(nnx.Module):
    """Dropout with the functions of a kernel; the arguments are those of `nnx.Dropout`."""

    def __init__(
        self,
        rate: float,
        *,
        kernel: Kernel = Kernel(),  # noqa: B008 - frozen
        broadcast_dims: Sequence[int] = (),
        deterministic: bool | None = False,
        rng_collection: str = "dropout",
        rngs: nnx.Rngs | None = None,
    ) -> None:
        self.kernel = kernel
        self.given = _Given(rngs, rng_collection)
        self.dropout = nnx.Dropout(
            rate,
            broadcast_dims=tuple(broadcast_dims),
            deterministic=cast("bool", deterministic),  # None is allowed, and raises at the call
            rng_collection=rng_collection,
            rngs=rngs,
        )
        kernel.when_built(_StreamKeys(self.given, self.dropout), rng_collection)

    def __call__(self, x: Array, *, deterministic: bool | None = None, rngs: Any = None) -> Array:
        """Return the output of the kernel."""
        dropout = self.dropout
        evaluating = self.kernel.mode(
            Modes(built=dropout.deterministic, called=deterministic),
            lambda: _merged(dropout.deterministic, deterministic),
        )
        if isinstance(rngs, nnx.Rngs):
            explicit = rngs[dropout.rng_collection]()
        elif isinstance(rngs, nnx.RngStream):
            explicit = rngs()
        else:
            explicit = rngs
        return run(
            self.kernel,
            _StreamKeys(self.given, dropout),
            x,
            rate=dropout.rate,
            training=not evaluating,
            stream=dropout.rng_collection,
            broadcast_dims=tuple(dropout.broadcast_dims),
            explicit=explicit,
        )


def _merged(built: bool | None, called: bool | None) -> bool:  # noqa: FBT001 - two modes
    if built is None and called is None:
        # Raises the error of the framework for a mode that nothing sets.
        nnx.Dropout(0.5, deterministic=cast("bool", None))(jnp.ones(()))
    return bool(built if called is None else called)


def nnx_kernel_subject(kernel: Kernel, *, name: str, derived: bool = False) -> Subject:
    """Make an NNX subject from a kernel."""
    return Subject.nnx(
        partial(NNXKernelDropout, kernel=kernel),
        name=name,
        explicit_mesh=True,
        takes="all",
        mode_rule="call first",
        derivation=DERIVATION if derived else None,
        wide_dtypes=WIDE_DTYPES,
        source=f"{__name__}:{NNXKernelDropout.__name__}",
    )


def _value(variable: Any) -> Any:
    # A copy: the next draw updates the variable in place.
    return variable[...]
