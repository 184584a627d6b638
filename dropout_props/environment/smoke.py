"""The smoke test: do the installed Flax and JAX work together at all?

Flax declares no upper bound on JAX, so a resolver picks pairs that import and then fail on the
first apply. The test runs imports and a first Linen apply, and traces init, jit with grad, nn.scan
and nnx.Dropout: a trace calls all of Flax's code and what that calls in JAX, and compiles nothing.
It cannot say whether their results are correct. Only the remedy reads the table of releases; the
verdict does not.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

from dropout_props.environment import releases
from dropout_props.environment.errors import BrokenPair
from dropout_props.environment.guards import without_guards
from dropout_props.environment.versions import version_of

__all__ = ["BrokenPair", "smoke_test"]


def smoke_test() -> None:
    """Run the parts of Flax that every check uses.

    Raises:
        BrokenPair: one of them failed; the text is one sentence with the versions, the step that
            failed and what to install.
    """
    for step, run in _STEPS:
        try:
            with warnings.catch_warnings(), without_guards():
                warnings.simplefilter("ignore")  # a warning is not a failure
                run()
        except Exception as error:  # noqa: PERF203 - six steps
            raise BrokenPair(_sentence(step, error)) from error


def remedy(flax: str) -> str:
    """Return what to install with, or instead of, a version of Flax.

    Args:
        flax: the installed version, or `not installed`.

    Returns:
        The end of a sentence.
    """
    known = releases.supported()
    if flax == "not installed":
        return f"install flax {known[-1]} or later"
    row = releases.row_at_or_below(flax)
    if row is None:
        oldest = releases.row_of(known[0])
        assert oldest is not None
        return f"install flax {oldest.flax}, the oldest that is supported, with jax {oldest.jax}"
    return f"install jax {row.jax}, from the time of that Flax (pip install 'jax=={row.jax}')"


def _sentence(step: str, error: Exception) -> str:
    text = " ".join(str(error).split()).replace(". ", "; ").rstrip(".")[:200] or "no message"
    flax, jax = version_of("flax"), version_of("jax")
    return (
        f"Flax {flax} does not work with JAX {jax} ({step} raised {type(error).__name__}: "
        f"{text}): {remedy(flax)}."
    )


def _imports() -> None:
    import flax.linen
    import flax.nnx  # noqa: F401 - the step is to import both


def _model() -> tuple[Any, Any]:
    import flax.linen as nn
    import jax.numpy as jnp

    class Smoke(nn.Module):
        @nn.compact
        def __call__(self, x: Any) -> Any:
            return nn.Dropout(0.5)(nn.Dense(1)(x), deterministic=False)

    return Smoke(), jnp.ones((1,))


def _keys() -> dict[str, Any]:
    import jax

    return {"params": jax.random.key(0), "dropout": jax.random.key(1)}


def _apply() -> None:
    import flax.linen as nn
    import jax
    import jax.numpy as jnp

    @jax.jit
    def train() -> Any:
        rngs = {"dropout": _keys()["dropout"]}
        return nn.Dropout(0.5).apply({}, jnp.ones((1,)), deterministic=False, rngs=rngs)

    train().block_until_ready()


def _traced(run: Callable[[], Any]) -> Callable[[], None]:
    """Return a step that is traced."""

    def trace() -> None:
        import jax

        jax.eval_shape(partial(run))  # another function each time: JAX keeps traces

    return trace


def _init() -> Any:
    model, x = _model()
    return model.init(_keys(), x)


def _jit_grad() -> Any:
    import jax

    model, x = _model()
    variables = model.init(_keys(), x)

    def loss(variables: Any) -> Any:
        return model.apply(variables, x, rngs={"dropout": _keys()["dropout"]}).sum()

    return jax.jit(jax.grad(loss))(variables)


def _scan() -> Any:
    import flax.linen as nn
    import jax.numpy as jnp

    class Step(nn.Module):
        @nn.compact
        def __call__(self, carry: Any, x: Any) -> Any:
            return nn.Dropout(0.5)(carry, deterministic=False), x

    scanned = nn.scan(Step, variable_broadcast="params", split_rngs={"dropout": True})
    return scanned().apply(
        {}, jnp.ones((1,)), jnp.ones((2, 1)), rngs={"dropout": _keys()["dropout"]}
    )


def _nnx() -> Any:
    import jax.numpy as jnp
    from flax import nnx

    return nnx.Dropout(0.5, deterministic=False, rngs=nnx.Rngs(dropout=0))(jnp.ones((1,)))


_STEPS: tuple[tuple[str, Callable[[], None]], ...] = (
    ("importing", _imports),
    ("a first Linen apply", _apply),
    ("a Linen init", _traced(_init)),
    ("jit of a gradient", _traced(_jit_grad)),
    ("nn.scan", _traced(_scan)),
    ("a call of nnx.Dropout", _traced(_nnx)),
)
