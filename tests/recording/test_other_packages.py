"""Models of other people's packages under a record: what is found there is true.

docs/recording.md explains each finding. `tox -e nightly` installs the packages.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.training.train_state import TrainState

import dropout_props

pytestmark = [pytest.mark.nightly, pytest.mark.filterwarnings("ignore")]

STEPS = 6
RATE = 0.25


def test_a_mixture_of_experts_is_wired_rightly() -> None:
    """nano-moe-jax 0.1.0: the package's own step draws new masks; its evaluation draws none."""
    training: Any = pytest.importorskip("nano_moe.train", reason="nano-moe-jax is not installed")
    config = pytest.importorskip("nano_moe.config").NanoMoEConfig(
        vocab_size=32,
        n_layers=2,
        n_heads=2,
        d_model=32,
        d_ff=32,
        n_experts=2,
        block_size=16,
        batch_size=8,
        dropout_rate=RATE,
    )
    tokens = np.random.default_rng(0).integers(0, 32, (8, 17), dtype=np.int32)
    x, y = tokens[:, :-1], tokens[:, 1:]
    with dropout_props.record() as record:
        state = training.create_train_state(jax.random.key(0), config)
        for _ in range(STEPS):
            record.step()
            state, _metrics = training.train_step(state, x, y, config)
        record.evaluate(lambda: training.eval_step(state, x, y, config)["loss"])
    record.check()
    assert len(record.seen.of_site) == 1 + 3 * config.n_layers
    assert {site.declared_rate for site in record.sites if site.sampler == "bernoulli"} == {RATE}


def test_a_key_from_the_clock_serves_all_steps() -> None:
    """In nanodl 1.2.5 the trainers make the key of a step while they trace, from `time.time()`."""
    nanodl: Any = pytest.importorskip("nanodl", reason="nanodl is not installed")
    optax: Any = pytest.importorskip("optax")
    model = nanodl.ViT(
        patch_size=(4, 4),
        num_layers=2,
        hidden_dim=32,
        num_heads=2,
        feedforward_dim=32,
        dropout=RATE,
        n_outputs=4,
    )
    images = np.random.default_rng(0).standard_normal((8, 8, 8, 3), dtype=np.float32)
    classes = jnp.arange(8) % 4
    params = model.init(jax.random.key(0), images)["params"]
    state = TrainState.create(apply_fn=model.apply, params=params, tx=optax.adam(1e-3))
    state = jax.tree_util.tree_map(lambda leaf: jnp.asarray(leaf)[None], state)
    with dropout_props.record() as record:
        step = jax.pmap(nanodl.ViTDataParallelTrainer.train_step, axis_name="devices")
        for _ in range(STEPS):
            record.step()
            state, _loss = step(state, images[None], classes[None])
    assert record.judgement.failed == {"DP905", "DP907"}
    roots = {finding.property for finding in record.judgement.findings if not finding.follows}
    assert roots == {"DP907"}
    for draws in record.seen.of_site.values():
        assert len(draws) == STEPS
        assert len({draw.key for draw in draws}) <= 2  # the second call is traced again


def test_a_mixer_is_wired_rightly() -> None:
    """jax-models 0.0.5: both dropouts of each MLP draw at their rate, and evaluation is silent."""
    models: Any = pytest.importorskip("jax_models.models.mlp_mixer", reason="no jax-models")
    model = models.MLPMixer(
        patch_size=4,
        num_mixers_layers=2,
        hidden_size=32,
        channels_dim=32,
        tokens_dim=16,
        dropout=RATE,
        attach_head=True,
        num_classes=4,
    )
    images = np.random.default_rng(0).standard_normal((8, 16, 16, 3), dtype=np.float32)
    params = model.init(jax.random.key(0), images, deterministic=True)

    @jax.jit
    def step(params: Any, number: Any) -> Any:
        def loss(params: Any) -> Any:
            rngs = {"dropout": jax.random.fold_in(jax.random.key(1), number)}
            return jnp.mean(model.apply(params, images, deterministic=False, rngs=rngs) ** 2)

        return jax.grad(loss)(params)

    with dropout_props.record() as record:
        for number in range(STEPS):
            record.step()
            step(params, number)
        record.evaluate(lambda: model.apply(params, images, deterministic=True))
    record.check()
    assert len(record.seen.of_site) == 8
