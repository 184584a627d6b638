"""The share of this process in a campaign: which of how many hosts it is.

A host is a process that counts on devices of its own: a task of a Slurm array, a pod of a
Kubernetes indexed job, a job of a CI matrix, or a terminal. Host i of n takes the chunks i, i + n,
i + 2n and so on that no file has yet, so hosts never need to speak to each other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from dropout_props.campaign.errors import Unusable

__all__ = ["Host", "host_of"]


@dataclass(frozen=True)
class Host:
    """Host `index` of `count`.

    Attributes:
        index: from 0.
        count: how many hosts there are.
        origin: where the two numbers come from.
    """

    index: int = 0
    count: int = 1
    origin: str = "the only host"

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def takes(self, chunk: int) -> bool:
        """Return whether a chunk is this host's."""
        return chunk % self.count == self.index


def host_of(given: str | None, environment: Mapping[str, str]) -> Host:
    """Return the share of this process.

    Args:
        given: the value of `--host`, as `0/3`; None to read it from the environment.
        environment: the environment variables. Slurm's array and its tasks count together: four
            array tasks of two processes each are eight hosts.

    Raises:
        Unusable: the numbers contradict each other, or one of the two is missing.
    """
    if given is not None:
        found = re.fullmatch(r"(\d+)/(\d+)", given.strip())
        if not found:
            raise Unusable(f"--host {given!r}: write i/n with i from 0, as in --host 0/3.")
        return _checked(int(found[1]), int(found[2]), f"--host {given}")
    if "JOB_COMPLETION_INDEX" in environment:
        if "JOB_COMPLETIONS" not in environment:
            raise Unusable(
                "JOB_COMPLETION_INDEX is set, but Kubernetes does not tell a pod how many there "
                "are. Set JOB_COMPLETIONS in the manifest to the number of completions, or give "
                "--host i/n."
            )
        names = ("JOB_COMPLETION_INDEX", "JOB_COMPLETIONS")
        index, count = (_number(environment, name) for name in names)
        return _checked(index, count, " and ".join(names))
    return _of_slurm(environment)


def _of_slurm(environment: Mapping[str, str]) -> Host:
    index, count, names = 0, 1, []
    if "SLURM_ARRAY_TASK_ID" in environment and "SLURM_ARRAY_TASK_COUNT" in environment:
        step = max(1, _number(environment, "SLURM_ARRAY_TASK_STEP", 1))
        first = _number(environment, "SLURM_ARRAY_TASK_MIN", 0)
        index = (_number(environment, "SLURM_ARRAY_TASK_ID") - first) // step
        count = _number(environment, "SLURM_ARRAY_TASK_COUNT")
        names += ["SLURM_ARRAY_TASK_ID"]
    # A batch script has SLURM_PROCID and SLURM_NTASKS too, but is one process: srun starts more.
    if "SLURM_PROCID" in environment and "SLURM_STEP_NUM_TASKS" in environment:
        tasks = _number(environment, "SLURM_STEP_NUM_TASKS")
        index, count = index * tasks + _number(environment, "SLURM_PROCID"), count * tasks
        names += ["SLURM_PROCID"]
    return _checked(index, count, " and ".join(names)) if names else Host()


def _number(environment: Mapping[str, str], name: str, default: int | None = None) -> int:
    text = environment.get(name)
    if text is None and default is not None:
        return default
    if text is None or not text.strip().isdigit():
        raise Unusable(f"{name}={text!r} is not a number. Give --host i/n instead.")
    return int(text)


def _checked(index: int, count: int, origin: str) -> Host:
    if not 0 <= index < count:
        raise Unusable(
            f"{origin}: host {index} of {count} does not exist; indices begin at 0. A Slurm array "
            "with gaps has none: give --host i/n."
        )
    return Host(index, count, origin)
