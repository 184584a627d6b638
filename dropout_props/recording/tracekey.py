"""Keep traces made while recording apart from all others.

JAX reuses a trace when the function, the types of its arguments and its own settings are the same.
A recorded trace must not be reused outside of its record, nor inside of another loop, whose index
its probes carry. So the recorder adds a number to the settings: with `jax.make_user_context`, which
is there for it, or where a release has none, with `jax_xla_profile_version`, a number that is part
of every key and that XLA ignores outside of Google.
"""

from __future__ import annotations

import itertools
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import jax

from dropout_props.recording.internals import config

OLD_NAME = "jax_xla_profile_version"
_numbers = itertools.count(1)


@cache
def _setting() -> Any:
    """Find or make the setting that holds the number."""
    if hasattr(jax, "make_user_context"):
        return jax.make_user_context(0)
    names = vars(config)
    return names["xla_profile_version" if "xla_profile_version" in names else OLD_NAME]


def fresh_key() -> AbstractContextManager[None]:
    """Trace everything again inside of this context."""
    context: AbstractContextManager[None] = _setting()(next(_numbers))
    return context
