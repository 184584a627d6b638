"""Trap: bits, shardings and donation of a program on eight devices stay as they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = ["automatic", "explicit", "shard_map", "partly_automatic", "rules", "pmap", "vmapped"]
PROGRAM = Path(__file__).with_name("on_eight_devices.py")


@cache
def answers() -> Any:
    """Run the programs once, in a process of their own with eight host devices."""
    flags = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=8"
    done = subprocess.run(
        [sys.executable, str(PROGRAM)],
        env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def answer_of(program: str) -> Any:
    """Read the answer of a program, where this JAX can run it."""
    answer = answers()[program]
    if answer is None:
        pytest.skip(f"this JAX cannot run {program}")
    return answer


@pytest.mark.parametrize("program", PROGRAMS)
def test_bits_and_shardings_stay(program: str) -> None:
    """Values, shardings and the compiled collectives are those without a record."""
    answer = answer_of(program)
    assert answer["same_bits"]
    assert answer["same_sharding"]
    assert answer["errors"] == []


@pytest.mark.parametrize("program", ["automatic", "explicit"])
def test_an_automatic_mesh_draws_once(program: str) -> None:
    """Under automatic partitioning the whole program draws once, not once a device."""
    assert answer_of(program)["draws"] == [[]]


@pytest.mark.parametrize("program", ["shard_map", "rules", "pmap"])
def test_a_manual_mesh_draws_once_a_device(program: str) -> None:
    """Each device draws, and says where it is; with one key for all, the keys agree."""
    answer = answers()[program]
    assert sorted(answer["draws"]) == [[i] for i in range(8)]
    assert answer["keys"] == 1


def test_a_sharded_batch_of_keys_is_seen_whole() -> None:
    """A batch of keys over eight devices is seen lane by lane."""
    answer = answers()["vmapped"]
    assert (len(answer["draws"]), answer["keys"]) == (16, 16)


def test_donated_buffers_are_deleted() -> None:
    """Donation works as without a record."""
    assert answers()["donation"] == {"deleted": True, "same_bits": True}


def test_a_mesh_that_is_partly_automatic_is_noted() -> None:
    """Where JAX has no callback the program runs as it is, and the record says why."""
    answer = answer_of("partly_automatic")
    assert answer["draws"] == []
    (note,) = answer["notes"]
    assert "no partial automatic sharding" in note


@pytest.mark.parametrize("program", [one for one in PROGRAMS if one != "partly_automatic"])
def test_all_is_seen_elsewhere(program: str) -> None:
    """On every other mesh nothing is noted."""
    assert answer_of(program)["notes"] == []
