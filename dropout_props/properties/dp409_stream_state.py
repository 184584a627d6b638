"""DP409: a training call uses one key of the layer's state, and nothing else uses any."""

import numpy as np

from dropout_props.properties.catalogue import Sampler, exact
from dropout_props.properties.outputs import agree
from dropout_props.subjects.operations import Step, Steps

_RANDOM: tuple[Step, ...] = (
    "call", "jit call", "eval call", "clone", "split merge", "save", "restore",
)  # fmt: skip
_PLAIN: tuple[Step, ...] = ("call",) * 12
_LENGTH = 14
_ALL = Steps((
    "call", "eval call", "save", "jit call", "clone", "call", "split merge", "restore", "call",
    "jit call", "eval call", "call",
))  # fmt: skip


def _issued(operation: Steps) -> list[int]:
    """The model: which key, counted from 0, belongs to each training call of an operation."""
    keys, count, saved = [], 0, 0
    for step in operation.steps:
        if step in ("call", "jit call"):
            keys.append(count)
            count += 1
        elif step == "save":
            saved = count
        elif step == "restore":
            count = saved
    return keys


def _random_steps(sampler: Sampler) -> Steps:
    """Steps at random; what is restored was saved first."""
    words = sampler.words(_LENGTH, role="steps")[:, 0]
    chosen = [_RANDOM[int(word) % len(_RANDOM)] for word in words]
    return Steps(("call", "save", *chosen, "call"))


@exact(
    "DP409",
    "key sequence is unbroken",
    statement="A training call uses one key and an evaluation none, and the sequence of keys "
    "continues exactly under nnx.jit and after splitting and merging, cloning, saving and "
    "restoring.",
    formula="the n-th training call has mask m_n, whatever happens between calls; after a restore "
    "the next mask is the one that followed the save",
    if_broken="A resumed run repeats or skips masks, or an evaluation changes what follows it.",
    assumes="Masks of different keys differ (DP403).",
    level="framework",
    needs=("state",),
    killed_by=("own_counter",),
    weight=4,
)
def stream_state(sampler: Sampler) -> None:
    plain = [np.asarray(output) for output in sampler.run(Steps(_PLAIN))]
    for operation in (_ALL, _random_steps(sampler)):
        outputs = zip(sampler.run(operation), _issued(operation), strict=True)
        for number, (output, key) in enumerate(outputs):
            if key < len(plain):
                what = f"training call {number} of {' > '.join(operation.steps)} (key {key})"
                agree(sampler, output, plain[key], what)
