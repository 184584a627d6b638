"""The probe in the compiled program: a host callback beside the data, never in its way.

On one device the callback runs once a draw. Under automatic partitioning it runs on the first
device, on the whole (tiny) key. Where all mesh axes are manual, as in `shard_map`, each device
calls.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from dropout_props.recording.errors import RecordingError
from dropout_props.recording.internals import callback_sharding, emit_python_callback
from dropout_props.recording.journal import cannot_call_back, deliver, lowered
from dropout_props.recording.slots import Meta


def lower(ctx: Any, words: Any, *operands: Any, meta: Meta) -> list[Any]:
    """Emit the callback and hand on the operand itself.

    Where JAX has no callback, as in a `shard_map` with axes that stay automatic, the program goes
    on without one, and the record says so.

    Args:
        ctx: JAX's context of the lowering.
        words: the key words in the program.
        operands: one value a slot.
        meta: what they are.

    Returns:
        The key words.

    Raises:
        RecordingError: the program is being exported.
    """
    if getattr(ctx.module_context.lowering_parameters, "for_export", False):
        raise RecordingError(
            "a program that is exported would carry the recorder's callbacks: call jax.export"
            " outside of the record."
        )
    try:
        emit_python_callback(
            ctx.replace(avals_out=()),
            partial(_call, meta),
            None,
            [words, *operands],
            ctx.avals_in,
            [],
            has_side_effect=True,
            sharding=callback_sharding(ctx.module_context.axis_context),
        )
    except Exception as error:  # noqa: BLE001 - the program must run, seen or not
        cannot_call_back(meta, str(error) or type(error).__name__)
    else:
        lowered(meta)
    return [words]


def _call(meta: Meta, *arrays: Any) -> tuple[()]:
    """Run on a thread of XLA."""
    deliver(meta, *arrays)
    return ()
