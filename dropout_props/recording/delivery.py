"""Wait until every computation that may still report has ended."""

from __future__ import annotations

from collections.abc import Callable

import jax


def wait_for_reports(failed: Callable[[str], None]) -> None:
    """Wait for all executions of recorded programs, whether or not somebody holds their results.

    `executions` makes recorded programs leave a token, for which `jax.effects_barrier` waits.
    Waiting for the results that somebody holds as well costs nothing more.

    Args:
        failed: takes a sentence if a computation failed, so that reports may be missing.
    """
    try:
        jax.effects_barrier()
    except Exception as error:  # noqa: BLE001 - the program has met it, or will: it is not ours
        failed(f"a recorded program failed, and may not have reported every draw: {error}")
    for array in jax.live_arrays():
        if not array.is_deleted():
            try:
                array.block_until_ready()
            except Exception as error:  # noqa: BLE001 - as above
                failed(f"a recorded program failed, and may not have reported every draw: {error}")
