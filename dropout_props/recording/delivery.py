"""Wait until every computation that may still report has ended."""

from __future__ import annotations

import jax


def wait_for_reports() -> None:
    """Wait for all results that somebody holds, and for the devices to be idle.

    Callbacks without a JAX effect are not among those that `jax.effects_barrier` waits for. But a
    result is ready only after its program has ended, callbacks included; and a program whose
    results nobody holds has ended once the device has run a program that was started after it.
    """
    jax.effects_barrier()
    for array in jax.live_arrays():
        if not array.is_deleted():
            array.block_until_ready()
