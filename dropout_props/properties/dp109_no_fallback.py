"""DP109: another stream's key does not stand in for the missing one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp

from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, Property, Violation
from dropout_props.properties.outputs import decisive_cases

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler

_OTHERS = ("params", "noise")


def _check(sampler: Sampler) -> None:
    subject, case, x = sampler.subject, sampler.case, jnp.asarray(sampler.case.inputs())
    silent = []
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
        silent.append(name)
    if silent:
        words = " and ".join(map(repr, silent))
        raise Violation(f"the key of {words} stood in for the missing {subject.traits.stream!r}")


PROPERTY = Property(
    id="DP109",
    name="no fallback stream",
    sentence="A training call that is given keys of other streams alone raises the framework's own "
    "error: none stands in for the missing one.",
    formula="train(x; {other: k}) raises",
    means="A forgotten stream stays unnoticed, and dropout is driven by the key of the parameters.",
    assumes="The stream 'default' of NNX is a fallback by its own documentation, and not asked.",
    mutants=("params_fallback",),
    needs=("missing_key", "streams"),
    decision=Exact(
        cases=decisive_cases,
        check=_check,
        explicit=(Case(shape=(128,), rate=0.5),),
        weight=4,
    ),
)
