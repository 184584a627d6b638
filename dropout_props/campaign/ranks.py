"""Several processes that count together as one host, through `jax.distributed`.

It is for machines whose devices can only be used by all their processes at once, as a slice of
TPUs. Every process draws on its own devices, the sum over all is taken by JAX, and the first
process reads and writes the folder.

Guarantee: the integers are those of one process. Where the first process cannot go on, all end.
Cannot say: anything when a process dies: JAX then ends the others at their next sum. The chunks
that were flushed are in the folder, and any number of processes may go on with them. Where devices
can be used one process at a time, separate hosts are better: none of them depends on another.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import jax
import numpy as np

from dropout_props.campaign.errors import CampaignError, Unusable

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["all_agree", "all_do", "begin", "first_does", "from_first", "is_first"]

_Done = TypeVar("_Done")

_NUMBERS = ("JAX_NUM_PROCESSES", "JAX_PROCESS_ID")


def begin() -> None:
    """Join the other processes; to be called before anything else uses JAX.

    The numbers come from `JAX_COORDINATOR_ADDRESS`, `JAX_NUM_PROCESSES` and `JAX_PROCESS_ID`, or
    else from Slurm, Open MPI or a TPU, as JAX finds them.

    Raises:
        Unusable: there are no such numbers, or the others do not answer.
    """
    found: dict[str, Any] = {}
    address = os.environ.get("JAX_COORDINATOR_ADDRESS")
    if address:
        numbers = [os.environ.get(name, "") for name in _NUMBERS]
        if not all(number.isdigit() for number in numbers):
            raise Unusable(
                f"JAX_COORDINATOR_ADDRESS={address}: set {' and '.join(_NUMBERS)} too, as in 2 "
                "and 0."
            )
        names = ("num_processes", "process_id")
        found = {"coordinator_address": address, **dict(zip(names, map(int, numbers), strict=True))}
    with suppress(AttributeError, ValueError):  # for CPUs; not every release has the choice
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(**found)
    except (RuntimeError, ValueError) as error:
        raise Unusable(
            f"--distributed: JAX finds no other processes: {error} Start it with Slurm, MPI or on "
            f"a TPU slice, or set JAX_COORDINATOR_ADDRESS, {' and '.join(_NUMBERS)}."
        ) from error


def is_first() -> bool:
    """Return whether this process reads and writes the folder."""
    return jax.process_index() == 0


def first_does(action: Callable[[], _Done], *, others: _Done) -> _Done:
    """Do something in the first process alone; where it fails there, every process raises.

    Args:
        action: reads or writes the folder.
        others: what the other processes return.

    Raises:
        Unusable: in the other processes, where the first finds its folder or options unusable.
        CampaignError: in the other processes, where the first cannot go on for another reason.
        Exception: in the first process, whatever the action raises there.
    """
    result, failure = others, None
    if is_first():
        try:
            result = action()
        except Exception as error:  # noqa: BLE001 (it is raised once the others know)
            failure = error
    state = 0 if failure is None else 1 if isinstance(failure, Unusable) else 2
    known = int(from_first(np.array([state], np.int32))[0])
    if failure is not None:
        raise failure
    if known:
        raise (Unusable if known == 1 else CampaignError)(
            "the first process of this job cannot go on, and its message says why; this one ends "
            "with it."
        )
    return result


def all_do(action: Callable[[], _Done]) -> _Done:
    """Do something in every process; where it fails in one, every process raises.

    Raises:
        Unusable: it failed in another process alone.
        Exception: whatever the action raises in this process.
    """
    try:
        result = action()
    except Exception:
        all_agree(np.zeros(1, np.int32))
        raise
    if not all_agree(np.ones(1, np.int32)):
        raise Unusable(
            "--distributed: another process of this job cannot begin, and its message says why; "
            "this one ends with it."
        )
    return result


def all_agree(values: NDArray[np.int32]) -> bool:
    """Return whether every process has the same values; all have the same answer."""
    if jax.process_count() == 1:
        return True
    from jax.experimental import multihost_utils

    found = np.asarray(multihost_utils.process_allgather(values))
    return bool((found == found[0]).all())


def from_first(values: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the values that the first process has, of the same shape in all."""
    if jax.process_count() == 1:
        return values
    from jax.experimental import multihost_utils

    found: NDArray[np.int32] = np.asarray(multihost_utils.broadcast_one_to_all(values))
    return found
