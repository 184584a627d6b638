"""DP109: the key of another stream is never used for a missing one."""

from dropout_props.properties.catalogue import Sampler, Violation, exact
from dropout_props.subjects.naming import other_stream


@exact(
    "DP109",
    "no fallback to other streams",
    statement="A training call that has keys for other streams only raises the framework's own "
    "error for a missing key.",
    formula="train(x; {other: k}) raises",
    if_broken="A forgotten stream goes unnoticed, and the key of the parameters drives dropout.",
    assumes="NNX documents its stream 'default' as a fallback, so that stream is not tried.",
    level="framework",
    needs=("missing_key", "streams"),
    blocked_by=(),
    killed_by=("params_fallback",),
    weight=4,
)
def no_fallback(sampler: Sampler) -> None:
    traits, accepted = sampler.subject.traits, []
    for name in ("params", other_stream(traits.stream)):
        try:
            sampler.train(streams={name: sampler.key(name)}, expect_errors=True)
        except Exception as error:
            if type(error).__name__ in traits.missing_key_errors:
                continue
            raise Violation(
                f"with a key for {name!r} alone it raised {type(error).__name__}, not "
                f"{' or '.join(traits.missing_key_errors)}"
            ) from error
        accepted.append(name)
    if accepted:
        words = " and ".join(map(repr, accepted))
        raise Violation(f"the key of {words} replaced the missing one of {traits.stream!r}")
