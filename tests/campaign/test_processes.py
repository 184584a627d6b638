"""Processes that share a folder, die in the middle of a line, and are resumed by others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np

from dropout_props.campaign.folder import read_folder
from dropout_props.campaign.identity import identity_of
from dropout_props.campaign.sampling import sampler_of
from dropout_props.campaign.verify import verify
from dropout_props.cases.case import Case
from dropout_props.layers import registry
from dropout_props.properties.counting.counters import HostCounter

_CASE = Case(shape=(64,), rate=0.1)
_CHUNKS = 12
_UNTIL = _CHUNKS * 2**18  # a block each

_HOST = """
import os, signal, sys
from pathlib import Path

folder, host, dies_at = sys.argv[1:]
write = os.write

def write_half(file, data):
    if dies_at and data.startswith(dies_at.encode() + b" "):
        write(file, data[: len(data) // 2])
        os.fsync(file)
        os.kill(os.getpid(), signal.SIGKILL)
    return write(file, data)

os.write = write_half

from dropout_props.campaign.hosts import host_of
from dropout_props.campaign.sampling import sampler_of
from dropout_props.campaign.work import work
from dropout_props.cases.case import Case
from dropout_props.layers import registry

sampler = sampler_of(
    registry.load("linen.Dropout"), "DP203", Case(shape=(64,), rate=0.1), run_seed=5
)
work(
    Path(folder), sampler, until=%d, host=host_of(host, {}), chunk_blocks=1
)
"""


def _start(folder: Path, host: str, *, devices: int, dies_at: str = "") -> subprocess.Popen[bytes]:
    flags = {"XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}"}
    return subprocess.Popen(
        [sys.executable, "-c", _HOST % _UNTIL, str(folder), host, dies_at],
        env=os.environ | {"JAX_PLATFORMS": "cpu"} | flags,
    )


def test_a_killed_host_costs_one_chunk(tmp_path: Path) -> None:
    """Three hosts, one killed in the middle of a line, then one: the integers of one process."""
    folder = tmp_path / "campaign"
    hosts = [
        _start(folder, "0/3", devices=1),
        _start(folder, "1/3", devices=2, dies_at="7"),
        _start(folder, "2/3", devices=4),
    ]
    assert [host.wait(120) for host in hosts] == [0, -signal.SIGKILL, 0]
    before = read_folder(folder).consistent()
    assert sorted(before.chunks) == [0, 1, 2, 3, 4, 5, 6, 8, 9, 11]  # not 7, nor 10 after it
    assert [note for note in before.notes if "is torn" in note] == before.notes != []
    torn = {path: path.read_bytes() for path in before.processes}

    assert _start(folder, "0/1", devices=8).wait(120) == 0
    after = read_folder(folder).consistent()
    assert sorted(after.chunks) == list(range(_CHUNKS))
    assert len(after.processes) == 4
    for path, content in torn.items():
        assert path.read_bytes() == content, "a process wrote to the file of another"

    sampler = sampler_of(registry.load("linen.Dropout"), "DP203", _CASE, run_seed=5)
    assert identity_of(sampler, chunk_blocks=1) == after.identity
    alone = HostCounter(sampler)(range(_CHUNKS)).reshape(-1)
    np.testing.assert_array_equal(after.by_position, alone)
    found = verify(folder, lambda _: sampler, part=1.0, on_host=True)
    assert [one.number for one in found] == list(range(_CHUNKS))
    assert not any(one.wrong for one in found)
