"""DP414: a stream that is passed on to another Rngs does not issue its keys again."""

from functools import partial
from typing import Any, Literal, TypeAlias, get_args

from dropout_props.properties.catalogue import Crashed, Sampler, Unsupported, Violation, exact
from dropout_props.properties.coincidence import always_equal
from dropout_props.properties.outputs import cause_text
from dropout_props.subjects.naming import other_stream
from dropout_props.subjects.operations import Rewrapped

_Way: TypeAlias = Literal["fork", "split", "broadcast", "Rngs"]
_WAYS: tuple[_Way, ...] = get_args(_Way)


def _two_layers(sampler: Sampler, how: _Way, key: Any) -> tuple[Any, Any]:
    other = other_stream(sampler.subject.traits.stream)
    streams = {**sampler.streams(key), other: sampler.key("noise")}
    first, second = sampler.run(Rewrapped(how), streams=streams)
    return first, second


@exact(
    "DP414",
    "derived streams use new keys",
    statement="A layer built on streams that Rngs.fork, Rngs.split, Rngs.broadcast or Rngs made "
    "from others has another mask than a layer built on the originals.",
    formula="m(layer on R) != m(layer on R.split({other: n, stream: None}))",
    if_broken="Two parts of a model drop the same units, because one key was issued twice.",
    assumes="Of the four ways, those that the installed release has are tested. A layer that "
    "raises on derived streams, and not on the originals (DP201), fails.",
    level="framework",
    needs=("state",),
    explained_by=("DP802",),
    killed_by=("own_counter",),
    weight=8,
)
def streams_passed_on(sampler: Sampler) -> None:
    missing, reissued = [], []
    for how in _WAYS:
        try:
            if always_equal(sampler, partial(_two_layers, sampler, how)):
                reissued.append("Rngs itself" if how == "Rngs" else f"Rngs.{how}")
        except Unsupported as error:  # noqa: PERF203 (each way may be missing)
            missing.append(error)
        except Crashed as error:
            raise Violation(
                f"a layer on streams of Rngs.{how} raised {cause_text(error)}"
            ) from error
    if reissued:
        raise Violation(
            f"a used key was issued again by a stream passed on through {' and '.join(reissued)}"
        )
    if len(missing) == len(_WAYS):
        raise missing[0]
