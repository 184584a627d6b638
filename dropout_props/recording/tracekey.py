"""Keep traces made while recording apart from all others.

JAX reuses a trace when the function, the types of its arguments and its own settings are the same.
A recorded trace must not be reused outside of its record, nor inside of another loop, whose index
its probes carry. So the recorder adds a number to the settings: with `jax.make_user_context`, which
is there for it, or where a release has none, with `jax_xla_profile_version`, a number that is part
of every key and that XLA ignores outside of Google.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
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


@contextmanager
def on_all_threads() -> Iterator[None]:
    """Let other threads trace again, too: a step that they have compiled before meets the hooks.

    Where this JAX sets the number for one thread only, other threads go on with what they have.
    """
    setting = _setting()
    if not (hasattr(setting, "get_global") and hasattr(setting, "set_global")):
        yield
        return
    before = setting.get_global()
    setting.set_global(next(_numbers))
    try:
        yield
    finally:
        setting.set_global(before)
