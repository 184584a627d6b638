"""DP405: only the key of the layer's own stream decides the mask."""

from dataclasses import replace
from typing import Any

import numpy as np

from dropout_props.properties.catalogue import Sampler, Violation, every_shape, exact
from dropout_props.properties.coincidence import always_equal
from dropout_props.properties.outputs import require_same_bits
from dropout_props.subjects.subject import Unsupported

_OTHERS = ("params", "noise")


@exact(
    "DP405",
    "only its own stream matters",
    statement="The mask depends on the key of the layer's own stream and on no other stream.",
    formula="train(x, {s: k, t: j}) = train(x, {s: k}) for every other stream t; it changes with k",
    if_broken="Reseeding dropout changes nothing, or another stream, such as 'params', changes the "
    "masks.",
    assumes="Two masks of a hundred units or more at a rate from 0.3 to 0.7 are equal with "
    "probability below 2^-70. Where the output hides the mask, it must be the same under 64 keys "
    "or more.",
    needs=("streams",),
    blocked_by=(),
    explained_by=("DP802",),
    killed_by=("wrong_stream", "all_streams_mixed"),
    cases=every_shape(rate=(0.3, 0.7), values=("distinct", "negative"), min_size=100),
    one_program=True,
)
def named_stream(sampler: Sampler) -> None:
    subject = sampler.subject
    _only(sampler, subject, subject.traits.stream or "dropout")
    try:
        renamed = subject.with_stream("noise")
    except Unsupported:
        return
    _only(sampler, renamed, "noise")


def _only(sampler: Sampler, subject: Any, stream: str) -> None:
    """Raise unless the output changes with the key of `stream`, and with no other."""

    def train(**streams: object) -> np.ndarray:
        return replace(sampler, subject=subject).train(streams=streams)

    own = sampler.key("own")
    alone = train(**{stream: own})
    for other in {*_OTHERS, "dropout"} - {stream}:
        beside = train(**{stream: own, other: sampler.key(other)})
        what = f"a key for the stream {other!r} beside {stream!r} changed the mask"
        require_same_bits(beside, alone, what)
    if always_equal(sampler, lambda key: (train(**{stream: key}), alone), role="fresh"):
        raise Violation(f"another key for the stream {stream!r} left the output unchanged")
