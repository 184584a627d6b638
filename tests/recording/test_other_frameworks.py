"""Programs of Haiku, Equinox and Keras: they draw through `jax.random`, and are recorded."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.recording import recording

X = jnp.ones((4, 8))


def test_a_haiku_model_is_recorded(key: jax.Array) -> None:
    """Draws of a transformed Haiku function are seen with the user's line."""
    hk: Any = pytest.importorskip("haiku", reason="Haiku is not installed")

    class Block(hk.Module):  # type: ignore[misc, name-defined, unused-ignore]
        def __call__(self, x: jax.Array) -> jax.Array:
            x = hk.Linear(8)(x)
            dropped: jax.Array = hk.dropout(hk.next_rng_key(), 0.25, x)
            return dropped

    class Outer(hk.Module):  # type: ignore[misc, name-defined, unused-ignore]
        def __call__(self, x: jax.Array) -> jax.Array:
            out: jax.Array = Block(name="block")(x)
            return out

    def forward(x: jax.Array) -> jax.Array:
        return Outer()(x)

    model = hk.transform(forward)
    with recording() as record:
        params = model.init(key, X)
        jax.jit(jax.grad(lambda p, k: jnp.sum(model.apply(p, k, X))))(params, key)
    drops = [d for d in record.draws if d.site.sampler == "bernoulli"]
    assert [(d.site.place.phase, d.probability) for d in drops][-1] == ("run", 0.75)
    assert [d.site.place.phase for d in drops] == ["init", "run"]
    assert {d.site.place.api for d in drops} == {"haiku"}
    assert {d.site.place.path for d in drops} == {("Outer", "block")}
    assert {d.site.place.file for d in drops} == {__file__}
    assert record.notes == ()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_an_equinox_model_is_recorded(key: jax.Array) -> None:
    """Equinox modules are named by their attributes, with rate, mode and shared axes."""
    eqx: Any = pytest.importorskip("equinox", reason="Equinox is not installed")

    class Model(eqx.Module):  # type: ignore[misc, name-defined, unused-ignore]
        dense: Any
        drop: Any
        off: Any

        def __init__(self, key: jax.Array) -> None:
            self.dense = eqx.nn.Linear(8, 8, key=key)
            self.drop = eqx.nn.Dropout(0.25)
            self.off = eqx.nn.Dropout(0.5, inference=True)

        def __call__(self, x: jax.Array, key: jax.Array) -> jax.Array:
            out: jax.Array = self.off(self.drop(self.dense(x), key=key))
            return out

    model = Model(key)

    @eqx.filter_jit  # type: ignore[untyped-decorator, unused-ignore]
    def step(model: Any, keys: jax.Array) -> Any:
        return eqx.filter_value_and_grad(lambda m: jnp.sum(jax.vmap(m)(X, keys)))(model)

    with recording() as record:
        seen = step(model, jax.random.split(key, 4))
    assert len(record.draws) == 4
    assert len({d.key for d in record.draws}) == 4
    (site,) = {d.site for d in record.draws}
    assert (site.place.path, site.declared_rate) == (("Model", "drop"), 0.25)
    assert {d.probability for d in record.draws} == {0.75}
    calls = [(c.place.path, c.declared_rate, c.active) for c in record.module_calls]
    assert calls == [(("Model", "drop"), 0.25, True), (("Model", "off"), 0.5, False)]
    jax.tree.map(np.testing.assert_array_equal, seen, step(model, jax.random.split(key, 4)))


KERAS = """
import json, sys
import jax, numpy as np, keras
from dropout_props.recording import recording

inner = keras.layers.Dropout(0.25, seed=1)
model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(8), inner, keras.layers.Dense(1)])
model.compile(optimizer="sgd", loss="mse")
x = np.ones((16, 8), "float32")
with recording() as record:
    model.fit(x, np.ones((16, 1), "float32"), batch_size=8, epochs=2, verbose=0, shuffle=False)
    trained = len(record.draws)
    model.predict(x, verbose=0)
drops = [d for d in record.draws if d.site.declared_rate is not None]
print(json.dumps({
    "trained": len([d for d in drops if d.site.place.phase == "run"]),
    "predicted": len(record.draws) - trained,
    "keys": len({d.key for d in drops}),
    "api": sorted({d.site.place.api for d in drops}),
    "ends": sorted({d.site.place.path[-1] for d in drops}),
    "rates": sorted({d.site.declared_rate for d in drops}),
    "samplers": sorted({d.site.sampler for d in drops}),
    "errors": list(record.errors),
}))
"""


def test_a_keras_model_on_jax_is_recorded() -> None:
    """`fit` draws once a step with a key of its own, and `predict` draws nothing."""
    if importlib.util.find_spec("keras") is None:
        pytest.skip("Keras is not installed")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KERAS],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["trained"] == 4
    assert answer["keys"] == 4
    assert answer["predicted"] == 0
    assert answer["api"] == ["keras"]
    assert answer["rates"] == [0.25]
    assert answer["errors"] == []
