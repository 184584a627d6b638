"""Campaigns made of given integers, without a layer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dropout_props.campaign.chunks import Chunk, Header, Process
from dropout_props.campaign.folder import Writer
from dropout_props.campaign.identity import Identity

IDENTITY = Identity(
    subject="linen.Dropout",
    source="",
    source_hash="0123456789abcdef",
    law="dropout",
    property_id="DP203",
    case={
        "seed": 0,
        "shape": [3],
        "rate": (0.1).hex(),
        "dtype": "float32",
        "broadcast_dims": [],
        "values": "distinct",
    },
    run_seed=0,
    mask_shape=(3,),
    num_keys=1000,
    chunk_blocks=10,
    environment={"flax": "0.12.12", "jax": "0.12.0.1", "PRNG": "threefry2x32"},
)
PROCESS = Process("0/1", "node7", "cpu", 2, "device", "2026-11-26 02:00:00")


def at_rate(rate: float, **changed: Any) -> Identity:
    """Return a campaign at another rate."""
    return replace(IDENTITY, case={**IDENTITY.case, "rate": rate.hex()}, **changed)


def chunk(number: int, *kept: int, milliseconds: int = 250) -> Chunk:
    """Return a chunk; by default with counts that differ from those of others."""
    counts = kept or (9000 + number, 9001, 8999 - number)
    return Chunk(number, milliseconds, np.array(counts, dtype=np.int64))


def write(
    folder: Path, *chunks: Chunk, identity: Identity = IDENTITY, process: Process = PROCESS
) -> Path:
    """Write a file with these chunks, and return its path."""
    writer = Writer(folder, Header(identity, process))
    for one in chunks:
        writer.add(one)
    writer.close()
    return writer.path
