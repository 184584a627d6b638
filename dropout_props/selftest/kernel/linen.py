"""A kernel as a Linen layer, with the parameters of `flax.linen.Dropout`."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from functools import partial
from typing import Any

import flax.linen as nn
from flax.core.scope import LazyRng

from dropout_props.selftest.kernel.kernel import Kernel, run
from dropout_props.subjects.operations import Modes
from dropout_props.subjects.protocol import Array, Key
from dropout_props.subjects.subject import Subject
from dropout_props.subjects.traits import WIDE_DTYPES


class _ScopeKeys:
    """The keys of the scope of a Linen module; see `kernel.KeySource`."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module

    @property
    def memory(self) -> MutableMapping[str, Any]:
        # vars() avoids the frozen __setattr__ of Linen. Every apply clones, so the store is empty.
        store: dict[str, Any] = vars(self._module).setdefault("_kernel_memory", {})
        return store

    def has(self, stream: str) -> bool:
        return self._module.has_rng(stream)

    def streams(self) -> tuple[str, ...]:
        return tuple(self._scope.rngs)

    def issue(self, stream: str) -> Key:
        return self._module.make_rng(stream)

    def root_key(self, stream: str) -> Key:
        return self._scope.rngs[stream].rng

    def path(self, stream: str) -> tuple[Any, ...]:
        return tuple(self._scope.rngs[stream].suffix)

    def count(self, stream: str) -> int:
        return int(self._scope.rng_counters[stream])

    def fold(self, root_key: Key, path: tuple[Any, ...], count: Any) -> Key:
        # Linen counts from 1.
        return LazyRng.create(root_key, *path, count + 1).as_jax_rng()

    @property
    def _scope(self) -> Any:
        assert self._module.scope is not None, "a kernel runs only inside apply"
        return self._module.scope


class LinenKernelDropout(nn.Module):
    """Dropout with the functions of a kernel.

    Attributes:
        rate: probability that a unit is dropped.
        kernel: the functions.
        broadcast_dims: axes along which one mask is shared.
        deterministic: True evaluates.
        rng_collection: name of the stream.
    """

    rate: float
    kernel: Kernel = Kernel()
    broadcast_dims: Sequence[int] = ()
    deterministic: bool | None = None
    rng_collection: str = "dropout"

    @nn.compact
    def __call__(
        self, x: Array, *, deterministic: bool | None = None, rng: Key | None = None
    ) -> Array:
        """Return the output of the kernel."""
        evaluating = self.kernel.mode(
            Modes(built=self.deterministic, called=deterministic),
            lambda: nn.merge_param("deterministic", self.deterministic, deterministic),
        )
        source = _ScopeKeys(self)
        self.kernel.when_built(source, self.rng_collection)
        return run(
            self.kernel,
            source,
            x,
            rate=self.rate,
            training=not evaluating,
            stream=self.rng_collection,
            broadcast_dims=tuple(self.broadcast_dims),
            explicit=rng,
        )


def linen_kernel_subject(kernel: Kernel, *, name: str, derived: bool = False) -> Subject:
    """Make a Linen subject from a kernel."""
    return Subject.linen(
        partial(LinenKernelDropout, kernel=kernel),
        name=name,
        explicit_mesh=True,
        takes="all",
        mode_rule="one place",
        derivation="linen" if derived else None,
        wide_dtypes=WIDE_DTYPES,
        source=f"{__name__}:{LinenKernelDropout.__name__}",
    )
