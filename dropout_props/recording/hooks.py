"""All hooks at once: put them in, take them out, and show that they are out."""

from __future__ import annotations

from typing import Any

import jax
from jax import lax

from dropout_props.recording import (
    control_flow,
    executions,
    internals,
    jit_calls,
    lanes,
    modules,
    replays,
    replication,
    rules,
    samplers,
    unseen,
)
from dropout_props.recording.internals import remat_p
from dropout_props.recording.patches import Patches, cell_of
from dropout_props.recording.session import Session


def install(session: Session) -> Patches:
    """Put every hook in.

    Returns:
        What takes them out again.

    Raises:
        RecordingError: this release of JAX cannot be recorded; nothing is left behind.
    """
    patches = Patches()
    try:
        samplers.install(session, patches)
        control_flow.install(session, patches)
        lanes.install(session, patches)
        jit_calls.install(session, patches)
        replays.install(patches)
        replication.register()
        rules.install(session, patches)
        executions.install(session, patches)
        unseen.install(session, patches)
        modules.install(session, patches)
    except BaseException:
        patches.undo()
        raise
    return patches


def fingerprint() -> tuple[Any, ...]:
    """List the functions that hooks replace, as they are now."""
    return (
        *(getattr(internals.samplers, name) for name in samplers.sampler_names()),
        internals.keys.random_bits,
        internals.keys.random_split,
        internals.jit_p.bind,
        *((internals.batching.batch,) if lanes.needed() else ()),
        remat_p.impl,
        internals.execute_replicated.__init__,
        jax.custom_vjp.__call__,
        jax.custom_jvp.__call__,
        *(table[remat_p] for table in internals.lowering_tables() if remat_p in table),
        *(cell_of(f).cell_contents for f in (lax.scan, lax.while_loop, lax.cond, lax.switch)),
        *modules.classes_calls(),
    )
