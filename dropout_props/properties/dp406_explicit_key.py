"""DP406: a key that is passed to the call decides the mask alone."""

import numpy as np

from dropout_props.properties.catalogue import Sampler, Violation, every_shape, exact
from dropout_props.properties.coincidence import always_equal
from dropout_props.properties.outputs import require_same_bits
from dropout_props.subjects.operations import WithKey


@exact(
    "DP406",
    "explicit key decides alone",
    statement="A key that is passed to the call decides the mask alone, whatever keys its streams "
    "have.",
    formula="train(x, key=k, {s: j}) = train(x, key=k) for all j; it changes with k",
    if_broken="The layer ignores the key that the caller chose, or mixes it with another.",
    assumes="Two masks of a hundred units or more at a rate from 0.3 to 0.7 are equal with "
    "probability below 2^-70.",
    needs=("explicit_key",),
    blocked_by=(),
    killed_by=("explicit_key_ignored", "explicit_key_mixed"),
    cases=every_shape(rate=(0.3, 0.7), values=("distinct", "negative"), min_size=100),
    one_program=True,
)
def explicit_key(sampler: Sampler) -> None:
    case = sampler.case
    x = sampler.inputs()

    def train(key: object, streams: dict[str, object]) -> np.ndarray:
        run = sampler.subject.run
        return np.asarray(run(WithKey(), x, key=key, rate=case.rate, streams=streams)[0])

    key = sampler.key("explicit")
    alone = train(key, {})
    for what, streams in (
        ("again, with no stream", {}),
        ("beside a stream key", sampler.streams(sampler.key("stream"))),
        ("beside another stream key", sampler.streams(sampler.key("other stream"))),
    ):
        require_same_bits(train(key, streams), alone, f"the explicit key {what}")
    if always_equal(sampler, lambda other: (train(other, {}), alone), role="another"):
        raise Violation("another explicit key left the output unchanged")
