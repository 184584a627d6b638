"""DP110: keys may come in any mapping, in any order."""

from typing import Any

from dropout_props.properties.catalogue import Sampler, Violation, exact
from dropout_props.properties.outputs import require_same_bits
from dropout_props.subjects.operations import MAPPINGS, Handed, MappingName


@exact(
    "DP110",
    "any mapping of keys works",
    statement="Keys may come in any mapping and in any order: a dict, a MappingProxyType and a "
    "FrozenDict of the same keys give the same output.",
    formula="train(x, M({s: k, t: j})) = train(x, {s: k, t: j}) = train(x, {t: j, s: k}) for every "
    "mapping type M",
    if_broken="A configuration that freezes its mappings cannot be used for training, or the same "
    "keys give other masks.",
    level="framework",
    needs=("streams",),
    blocked_by=(),
    killed_by=("dict_alone", "place_of_stream"),
    weight=8,
)
def any_mapping(sampler: Sampler) -> None:
    streams = {**sampler.streams(sampler.key()), "params": sampler.key("params")}

    def train(mapping: MappingName, given: dict[str, Any]) -> Any:
        return sampler.run(Handed(mapping), streams=given, expect_errors=True)[0]

    expected = train("dict", streams)
    _require(train("dict", dict(reversed(streams.items()))), expected, "a dict in reversed order")
    rejected = []
    for mapping in MAPPINGS[1:]:
        try:
            output = train(mapping, streams)
        except Exception as error:  # noqa: BLE001, PERF203 (any error is a rejection)
            rejected.append(f"{mapping} ({type(error).__name__})")
        else:
            _require(output, expected, f"a {mapping}")
    if rejected:
        raise Violation(f"rejected as the mapping of streams: {' and '.join(rejected)}")


def _require(output: Any, expected: Any, given: str) -> None:
    """Raise unless the output is the one of a dict."""
    require_same_bits(output, expected, f"keys in {given} changed the output")
