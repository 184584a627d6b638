"""DP802: a model depends on its dropout key in training, and not in evaluation."""

from typing import Any

import numpy as np

from dropout_props.properties.bits import same_bits
from dropout_props.properties.catalogue import Sampler, Violation, exact
from dropout_props.properties.coincidence import always_equal, num_keys_for
from dropout_props.properties.outputs import evaluation, require_same_bits


@exact(
    "DP802",
    "keys matter in training only",
    statement="The training output of a model changes with its dropout key, and its evaluation "
    "output is the same with any key and with none.",
    formula="train(x, k) != train(x, j); eval(x, k) = eval(x, j) = eval(x)",
    if_broken="Dropout is off in training, or still on in evaluation.",
    assumes="Two masks of a hundred units or more at a rate from 0.3 to 0.7 are equal with "
    "probability below 2^-70.",
    level="core",
    needs=("eval_mode", "streams"),
    blocked_by=(),
    explained_by=("DP101",),
    killed_by=("constant_key", "mask_of_ones"),
    weight=2,
)
def models(sampler: Sampler) -> None:
    x = sampler.inputs()
    first, second = sampler.key_list(2, role="training")
    train = sampler.output
    trained = train(first, x)
    evaluated = _checked_evaluation(sampler, x, (first, second))
    if always_equal(sampler, lambda key: (train(key, x), trained), role="another"):
        is_idle = same_bits(trained, evaluated)
        why = "no key changes it"
        if is_idle:
            why = (
                "nothing is dropped. If every layer of this configuration has rate 0, as a "
                "schedule of a single block has, judge one that drops"
            )
        raise Violation(f"in training {1 + num_keys_for(sampler)} keys gave the same output: {why}")


def _checked_evaluation(sampler: Sampler, x: Any, keys: tuple[Any, ...]) -> np.ndarray[Any, Any]:
    """Return the evaluation output without a key; raise Violation if a key changes it."""
    evaluated = evaluation(sampler, x)
    for key in keys:
        other = sampler.output(key, x, training=False)
        require_same_bits(other, evaluated, "a key changed the evaluation")
    return evaluated
