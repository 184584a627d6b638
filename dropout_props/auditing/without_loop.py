"""`audit()`: a record of functions of a key, for those who have no training loop at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax

from dropout_props.auditing.opened import Record, record

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from dropout_props.auditing.options import RecordOptions

__all__ = ["audit"]


def audit(
    train: Callable[[Any], Any],
    evaluate: Callable[[], Any] | None = None,
    *,
    keys: int = 64,
    **options: Unpack[RecordOptions],
) -> Record:
    """Record `train(key)` once for each of a few keys, each a step, and `evaluate()`.

    Args:
        train: applies the model in training mode under a key.
        evaluate: applies it in evaluation mode; it is called twice.
        keys: how many keys, at least 2.
        **options: as of `record`.

    Returns:
        The record; call its `check()` or `report()`.

    Raises:
        ValueError: too few keys, or an option that cannot be read.
        RecordingError: another record is open, or this release of JAX cannot be recorded.
    """
    if keys < 2:  # noqa: PLR2004 - a pair
        raise ValueError(f"keys={keys}: with fewer than 2, no two steps can be compared.")
    root = jax.random.key(int(options.get("run_seed", 0)))
    own = [jax.random.fold_in(root, number) for number in range(keys)]
    with record(**options) as seen:
        for key in own:
            seen.step()
            train(key)
        if evaluate is not None:
            seen.evaluate(evaluate)
    return seen
