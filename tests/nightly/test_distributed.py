"""Processes of one `jax.distributed` job count the integers of one; a dead one loses no chunk."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from dropout_props.campaign.folder import read_folder
from dropout_props.campaign.sampling import sampler_of
from dropout_props.campaign.work import work
from dropout_props.cases.case import Case
from dropout_props.layers import registry
from dropout_props.properties.counting.counters import HostCounter

_CHUNKS = 6
_CASE = Case(shape=(64,), rate=0.1)
_COMMAND = "from dropout_props.cli import main; import sys; main(sys.argv[1:])"


def _start(folder: Path, *, units: float, chunk_blocks: int) -> list[subprocess.Popen[bytes]]:
    """Start two processes of two devices each, which are one host."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["campaign", "run", str(folder), "linen.Dropout", "--rate", "0.1", "--shape", "64"]
    arguments += ["--until", str(units), "--chunk-blocks", str(chunk_blocks), "--cpu-devices", "2"]
    return [
        subprocess.Popen(
            [sys.executable, "-c", _COMMAND, *arguments, "--distributed"],
            env=os.environ
            | {
                "JAX_PLATFORMS": "cpu",
                "JAX_COORDINATOR_ADDRESS": f"127.0.0.1:{port}",
                "JAX_NUM_PROCESSES": "2",
                "JAX_PROCESS_ID": str(rank),
            },
            stdout=subprocess.PIPE,
        )
        for rank in range(2)
    ]


def test_two_processes_count_as_one(tmp_path: Path) -> None:
    """The first writes and prints; the integers are those that NumPy counts."""
    both = _start(tmp_path, units=_CHUNKS * 2**18, chunk_blocks=1)
    printed = [process.communicate(timeout=300)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert b"in 6 chunks" in printed[0]
    assert b"excluded" in printed[0]
    assert b"excluded" not in printed[1]
    found = read_folder(tmp_path).consistent()
    assert [one.devices for one in found.processes.values()] == [4]
    sampler = sampler_of(registry.load("linen.Dropout"), "DP203", _CASE, run_seed=0)
    np.testing.assert_array_equal(
        found.by_position, HostCounter(sampler)(range(_CHUNKS)).reshape(-1)
    )


def test_both_refuse_a_folder_of_another_campaign(tmp_path: Path) -> None:
    """The first alone reads the folder; the second does not wait for it for ever."""
    other = sampler_of(registry.load("linen.Dropout"), "DP203", _CASE, run_seed=1)
    work(tmp_path, other, until=1, chunk_blocks=1, on_host=True)
    both = _start(tmp_path, units=_CHUNKS * 2**18, chunk_blocks=1)
    for process in both:
        process.communicate(timeout=240)
    assert [process.returncode for process in both] == [4, 4]
    assert len(read_folder(tmp_path).chunks) == 1


def test_a_dead_process_loses_no_chunk(tmp_path: Path) -> None:
    """The second is killed; the first ends, and one process alone counts the rest."""
    both = _start(tmp_path, units=64 * 2**24, chunk_blocks=64)
    deadline = time.monotonic() + 240
    while len(read_folder(tmp_path).chunks) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    both[1].send_signal(signal.SIGKILL)
    for process in both:
        process.communicate(timeout=240)
    assert both[0].returncode != 0
    left = read_folder(tmp_path).consistent()
    count = len(left.chunks)
    assert 2 <= count < 64
    sampler = sampler_of(registry.load("linen.Dropout"), "DP203", _CASE, run_seed=0)
    done = work(tmp_path, sampler, until=(count + 2) * 2**24)
    assert set(range(count + 2)) <= set(done.chunks)
    number = min(left.chunks)
    alone = HostCounter(sampler)(range(number * 64, number * 64 + 64))
    assert int(alone.sum()) == done.chunks[number].kept
