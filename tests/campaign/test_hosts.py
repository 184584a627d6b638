"""Each scheduler's numbers give every process its own share of the chunks."""

from __future__ import annotations

import pytest

from dropout_props.campaign.errors import Unusable
from dropout_props.campaign.hosts import Host, host_of


@pytest.mark.parametrize(
    ("given", "environment", "index", "count"),
    [
        (None, {}, 0, 1),
        ("2/3", {}, 2, 3),
        ("0/1", {"SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_COUNT": "8"}, 0, 1),
        (None, {"SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_COUNT": "8"}, 5, 8),
        (
            None,
            {
                "SLURM_ARRAY_TASK_ID": "7",
                "SLURM_ARRAY_TASK_COUNT": "4",
                "SLURM_ARRAY_TASK_MIN": "1",
                "SLURM_ARRAY_TASK_STEP": "2",
            },
            3,
            4,
        ),
        (None, {"SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "4"}, 3, 4),
        # A batch script without srun: one process, whatever was allocated.
        (None, {"SLURM_PROCID": "0", "SLURM_NTASKS": "8"}, 0, 1),
        (None, {"SLURM_PROCID": "1", "SLURM_NTASKS": "8", "SLURM_STEP_NUM_TASKS": "2"}, 1, 2),
        (
            None,
            {
                "SLURM_ARRAY_TASK_ID": "2",
                "SLURM_ARRAY_TASK_COUNT": "3",
                "SLURM_PROCID": "1",
                "SLURM_STEP_NUM_TASKS": "2",
            },
            5,
            6,
        ),
        # One failed task of an array, submitted again alone, takes all that is left.
        (
            None,
            {
                "SLURM_ARRAY_TASK_ID": "6",
                "SLURM_ARRAY_TASK_COUNT": "1",
                "SLURM_ARRAY_TASK_MIN": "6",
            },
            0,
            1,
        ),
        (None, {"JOB_COMPLETION_INDEX": "1", "JOB_COMPLETIONS": "4"}, 1, 4),
    ],
)
def test_the_share_of_a_process(
    given: str | None, environment: dict[str, str], index: int, count: int
) -> None:
    """`--host` goes before the environment; arrays and tasks of Slurm multiply."""
    host = host_of(given, environment)
    assert (host.index, host.count) == (index, count)


@pytest.mark.parametrize(
    ("given", "environment", "text"),
    [
        ("3/3", {}, r"host 3 of 3 does not exist; indices begin at 0"),
        ("1", {}, r"write i/n with i from 0, as in --host 0/3"),
        ("-1/3", {}, r"write i/n"),
        (None, {"JOB_COMPLETION_INDEX": "1"}, r"Set JOB_COMPLETIONS in the manifest"),
        (
            None,
            {"SLURM_PROCID": "x", "SLURM_STEP_NUM_TASKS": "2"},
            r"SLURM_PROCID='x' is not a number. Give --host i/n",
        ),
        (
            None,
            {
                "SLURM_ARRAY_TASK_ID": "9",
                "SLURM_ARRAY_TASK_COUNT": "3",
                "SLURM_ARRAY_TASK_STEP": "0",
            },
            r"A Slurm array with gaps has none",
        ),
    ],
)
def test_numbers_that_cannot_be_are_refused(
    given: str | None, environment: dict[str, str], text: str
) -> None:
    """The message says what to write instead."""
    with pytest.raises(Unusable, match=text):
        host_of(given, environment)


def test_hosts_share_all_chunks() -> None:
    """Each chunk is one host's, whatever the number of hosts."""
    for count in (1, 2, 3, 8):
        taken = [[Host(index, count).takes(chunk) for index in range(count)] for chunk in range(20)]
        assert all(sum(row) == 1 for row in taken)
