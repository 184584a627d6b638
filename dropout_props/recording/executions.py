"""Make the end of each recorded execution something that can be waited for.

A callback without a JAX effect leaves no trace of its execution: when nobody holds the results,
nothing says whether it is over. JAX has tokens for programs with effects: `jax.effects_barrier`
waits for the last one of each device, and a device runs its programs in order. So an executable
that was compiled while recording, and that calls back, is run with tokens, as if it had effects.
"""

from __future__ import annotations

from typing import Any

from dropout_props.recording.internals import execute_replicated
from dropout_props.recording.patches import Patches
from dropout_props.recording.session import Session


def install(session: Session, patches: Patches) -> None:
    """Mark the executables that are made from now on.

    Args:
        session: the record.
        patches: where the replaced function is noted.
    """
    original = execute_replicated.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        calls_back = self.keepalive or getattr(self, "has_host_callbacks", False)
        if session.journal.lowered and calls_back:
            self.has_unordered_effects = True

    patches.attribute(execute_replicated, "__init__", init)
