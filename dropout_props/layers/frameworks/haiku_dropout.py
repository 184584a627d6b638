"""`haiku.dropout` as a subject: a function of a key; a model calls it with `hk.next_rng_key()`."""

from __future__ import annotations

from typing import Any

import haiku as hk

from dropout_props.subjects.subject import Subject


def subject() -> Subject:
    """Return `haiku.dropout` as a subject."""
    return Subject.function(
        dropout,
        name="haiku.dropout",
        rate_one=False,  # its documentation says [0, 1), and it raises
        eval_mode=False,
        takes="all",
        reasons={"eval_mode": "a model leaves haiku.dropout out when it evaluates"},
    )


def dropout(
    key: Any,
    x: Any,
    rate: float,
    deterministic: bool,  # noqa: ARG001, FBT001 - the arguments of a function subject
) -> Any:
    """Call `haiku.dropout`."""
    return hk.dropout(key, rate, x)
