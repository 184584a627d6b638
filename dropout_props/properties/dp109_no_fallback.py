"""DP109: the key of another stream is never used for a missing one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, Property, Violation
from dropout_props.properties.outputs import decisive_cases

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler

_OTHERS = ("params", "noise")


def _check(sampler: Sampler) -> None:
    subject, case, x = sampler.subject, sampler.case, sampler.inputs()
    accepted = []
    for name in _OTHERS:
        try:
            subject.call(
                x,
                rate=case.rate,
                training=True,
                streams={name: sampler.key(name)},
                expect_errors=True,
            )
        except Exception as error:
            if type(error).__name__ in subject.traits.missing_key_errors:
                continue
            raise Violation(
                f"with a key for {name!r} alone it raised {type(error).__name__}, not "
                f"{' or '.join(subject.traits.missing_key_errors)}"
            ) from error
        accepted.append(name)
    if accepted:
        words = " and ".join(map(repr, accepted))
        raise Violation(f"the key of {words} replaced the missing one of {subject.traits.stream!r}")


PROPERTY = Property(
    id="DP109",
    name="no fallback to other streams",
    level="framework",
    sentence="A training call that has keys for other streams only raises the framework's own "
    "error for a missing key.",
    formula="train(x; {other: k}) raises",
    means="A forgotten stream goes unnoticed, and the key of the parameters drives dropout.",
    assumes="NNX documents its stream 'default' as a fallback, so that stream is not tried.",
    mutants=("params_fallback",),
    needs=("missing_key", "streams"),
    decision=Exact(
        cases=decisive_cases,
        check=_check,
        explicit=(Case(shape=(128,), rate=0.5),),
        weight=4,
    ),
)
