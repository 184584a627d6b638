"""DP417: one key gives different masks in streams of different names."""

from dataclasses import replace
from itertools import combinations

from dropout_props.properties.bits import same_bits
from dropout_props.properties.catalogue import NotRun, Sampler, Violation, exact
from dropout_props.properties.coincidence import one_suffices

_OTHERS = ("noise", "audio")  # of one length


@exact(
    "DP417",
    "stream name changes the mask",
    statement="One key gives different masks in two streams of different names.",
    formula="m(layer of stream s; {s: k, t: k}) != m(layer of stream t; {s: k, t: k})",
    if_broken="Streams with one seed are one stream: parameters and masks, or two kinds of noise, "
    "come from the same random bits.",
    assumes="Two masks of a hundred units or more at a rate from 0.3 to 0.7 are equal with "
    "probability below 2^-70.",
    level="framework",
    needs=("mask", "streams", "named_stream"),
    blocked_by=(),
    killed_by=("stream_name_ignored", "stream_name_by_length"),
    weight=4,
)
def streams_by_name(sampler: Sampler) -> None:
    subject, case = sampler.subject, sampler.case
    if not one_suffices(sampler):
        raise NotRun(f"at rate {case.rate:g} equal masks of {case.size} units may be chance")
    names = tuple(dict.fromkeys((subject.traits.stream or "dropout", *_OTHERS)))
    streams = dict.fromkeys(names, sampler.key())
    outputs = {
        name: replace(sampler, subject=subject.with_stream(name)).train(streams=streams)
        for name in names
    }
    pairs = list(combinations(names, 2))
    alike = [pair for pair in pairs if same_bits(outputs[pair[0]], outputs[pair[1]])]
    if len(alike) == len(pairs):
        raise Violation(f"one key gives one mask in every stream: {', '.join(map(repr, names))}")
    if alike:
        first, second = alike[0]
        raise Violation(f"one key gives one mask in the streams {first!r} and {second!r}")
