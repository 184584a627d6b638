"""DP104: a training call without a key raises an error that names the stream."""

from dropout_props.properties.bits import differing
from dropout_props.properties.catalogue import NotRun, Sampler, Violation, exact
from dropout_props.properties.exact_cases import every_shape
from dropout_props.properties.outputs import said
from dropout_props.subjects.naming import other_stream


@exact(
    "DP104",
    "a missing key raises",
    statement="A training call without a key for the layer's stream raises the framework's own "
    "error, which names that stream.",
    formula="train(x, rate, no key) raises for 0 < rate < 1",
    if_broken="A forgotten stream goes unnoticed, and the model trains on one mask that never "
    "changes.",
    assumes="The traits of the subject say which error is the framework's own.",
    level="core",
    needs=("missing_key",),
    blocked_by=(),
    killed_by=("missing_rng_fallback",),
    cases=every_shape(rate=(0.1, 0.9), values=("distinct", "negative"), min_size=100),
)
def missing_key(sampler: Sampler) -> None:
    if not 0.0 < sampler.case.rate < 1.0:
        raise NotRun(f"at rate {sampler.case.rate:g} a layer draws nothing, and needs no key")
    _must_raise(sampler, "no key", {})
    if sampler.subject.traits.streams:
        other = other_stream(sampler.subject.traits.stream)
        given = f"a key for the stream {other!r} alone"
        _must_raise(sampler, given, {other: sampler.key("noise")})


def _must_raise(sampler: Sampler, given: str, streams: dict[str, object]) -> None:
    traits = sampler.subject.traits
    try:
        first, second = (sampler.train(streams=streams, expect_errors=True) for _ in range(2))
    except Exception as error:
        names = [kind.__name__ for kind in type(error).__mro__]
        seen = said(error)
        if not set(traits.missing_key_errors) & set(names):
            expected = " or ".join(traits.missing_key_errors)
            raise Violation(f"with {given}: {seen}, where {expected} was expected") from error
        if traits.missing_key_names_stream and str(traits.stream) not in str(error):
            raise Violation(f"with {given}: {seen} does not name {traits.stream!r}") from error
        return
    unlike = differing(first, second)
    again = "repeats its mask" if not unlike else f"drew another mask ({unlike} units differ)"
    raise Violation(f"with {given}: no error; a second call {again}")
