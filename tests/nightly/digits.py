"""Trains perceptrons on small real data, with dropout and without, and compares their gaps.

`python tests/nightly/digits.py` prints the results. The data are scikit-learn's 1797 handwritten
digits of 8 x 8 pixels. A seed draws the 300 digits of the training set (all others are the test
set), the first weights and the order of the batches; both trainings of a seed share these. The gap
is the mean cross-entropy on the test set minus that on the training set, both in evaluation mode.
There is one trial per seed; it succeeds if the gap is smaller with dropout. A tie is a failure.

The comparison cannot show that dropout is correct: a layer that only scales narrows the gap too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.layers.d2l.dropout_layer import dropout_layer
from dropout_props.layers.d2l.mlp import DropoutMLP
from dropout_props.layers.d2l.mlp_scratch import DropoutMLPScratch
from dropout_props.statistics import clopper_pearson

SENTENCE = "Dropout narrows the gap between training and test loss of small models on real data."
"""What DP804 states: P(gap with dropout < gap without) > `CHANCE`."""

NUM_SEEDS = 20
NUM_NARROWER = 18
"""Of these seeds, the fewest with a narrower gap that show DP804."""

CHANCE = 0.5
"""How often a gap is narrower where dropout does nothing."""

FALSE_PASS_RATE = 0.001

NUM_TRAINED = 300
EPOCHS = 60
BATCH = 30
STEP = 0.1  # of plain gradient descent
RATE = 0.5


class Perceptron(nn.Module):
    """The perceptron of d2l, with any function of a key and activations in place of dropout."""

    drop: Callable[[Any, Any], Any]

    @nn.compact
    def __call__(self, x: Any) -> Any:
        """Map float32[batch, pixels] to float32[batch, 10]."""
        for _ in range(2):
            x = self.drop(self.make_rng("dropout"), nn.relu(nn.Dense(256)(x)))
        return nn.Dense(10)(x)


EVALUATED = DropoutMLP(training=False)
"""Evaluates every model below: all have these weights, under the same names."""

SHOWN: dict[str, nn.Module] = {
    "d2l.DropoutMLP": DropoutMLP(dropout_1=RATE, dropout_2=RATE),
    "d2l.dropout_layer with keys": Perceptron(lambda key, x: dropout_layer(x, RATE, key)),
}
NO_DROPOUT: dict[str, nn.Module] = {
    "a mask of ones": Perceptron(lambda _, x: jnp.ones(x.shape, bool) * x),
    "no dropout, trained again": EVALUATED,
}
OTHERS: dict[str, nn.Module] = {
    "d2l.DropoutMLPScratch": DropoutMLPScratch(dropout_1=RATE, dropout_2=RATE),
    "a mask of ones, scaled": Perceptron(lambda _, x: x / (1.0 - RATE)),
}


@dataclass(frozen=True)
class Seen:
    """Number of seeds with a smaller gap, and the mean gaps with the model and without dropout."""

    narrower: int
    with_it: float
    without: float

    @property
    def lowest(self) -> float:
        """Lower bound of P(narrower): one-sided, exact, at the error rate of a false pass."""
        confidence = 1.0 - 2.0 * FALSE_PASS_RATE
        return clopper_pearson(self.narrower, NUM_SEEDS, confidence=confidence).lowest

    @property
    def shown(self) -> bool:
        """Whether the bound shows that dropout narrows the gap more often than not."""
        return self.lowest > CHANCE


def compare(name: str) -> Seen:
    """Train the model called `name` and a model without dropout per seed, and compare the gaps."""
    trained = (SHOWN | NO_DROPOUT | OTHERS)[name]
    restart = int(trained is EVALUATED)  # otherwise the two trainings would be equal
    pairs = [(gap(trained, seed, restart), gap(EVALUATED, seed)) for seed in range(NUM_SEEDS)]
    with_it, without = (float(np.mean(gaps)) for gaps in zip(*pairs, strict=True))
    return Seen(sum(one < other for one, other in pairs), with_it, without)


@cache
def gap(trained: nn.Module, seed: int, restart: int = 0) -> float:
    """Train once; return the test loss minus the training loss, both in evaluation mode."""
    known, unknown = split(seed)
    generator = np.random.default_rng((seed, restart))
    order = np.stack([generator.permutation(NUM_TRAINED) for _ in range(EPOCHS)])
    key = jax.random.key(int(generator.integers(2**32)))
    weights = _train(trained, known, order.reshape(-1, BATCH), key)
    return float(_loss(EVALUATED, weights, unknown, key) - _loss(EVALUATED, weights, known, key))


def split(seed: int) -> list[tuple[Any, Any]]:
    """Return pixels and digits of the training set, and of the test set."""
    from sklearn.datasets import load_digits

    pixels, digits = load_digits(return_X_y=True)
    shuffled = np.random.default_rng(seed).permutation(len(digits))
    parts = shuffled[:NUM_TRAINED], shuffled[NUM_TRAINED:]
    return [
        (jnp.asarray(pixels[part] / 16, jnp.float32), jnp.asarray(digits[part])) for part in parts
    ]


def _loss(model: nn.Module, weights: Any, data: Any, key: Any) -> Any:
    pixels, digits = data
    scores: Any = model.apply(weights, pixels, rngs={"dropout": key})
    chosen = jnp.take_along_axis(jax.nn.log_softmax(scores), digits[:, None], axis=1)
    return -chosen.mean()


def _descend(trained: nn.Module, data: Any, order: Any, key: Any) -> Any:
    first, masks = jax.random.split(key)

    def step(weights: Any, batch: Any) -> Any:
        number, chosen = batch
        part = tuple(one[chosen] for one in data)
        slope = jax.grad(_loss, argnums=1)(
            trained, weights, part, jax.random.fold_in(masks, number)
        )
        return jax.tree_util.tree_map(lambda w, s: w - STEP * s, weights, slope), None

    weights = EVALUATED.init(first, data[0][:1])
    return jax.lax.scan(step, weights, (jnp.arange(len(order)), order))[0]


_train = jax.jit(_descend, static_argnums=0)


if __name__ == "__main__":
    print(f"| trained with | narrower in, of {NUM_SEEDS} | P(narrower) | mean gap | without |")
    print("|---|---|---|---|---|")
    for each in (*SHOWN, *NO_DROPOUT, *OTHERS):
        seen = compare(each)
        bound, gaps = f"above {seen.lowest:.3f}", f"{seen.with_it:.3f} | {seen.without:.3f}"
        print(f"| {each} | {seen.narrower} | {bound} | {gaps} |", flush=True)
