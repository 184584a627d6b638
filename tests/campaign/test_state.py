"""What a campaign says: estimate, interval, evidence, grid, cost and picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from dropout_props.campaign.chunks import Chunk
from dropout_props.campaign.folder import read_folder
from dropout_props.campaign.identity import Identity
from dropout_props.campaign.picture import svg
from dropout_props.campaign.state import State, state_of
from dropout_props.campaign.words import as_json, lines
from dropout_props.properties.counting.kinds import PairsOfPositions
from dropout_props.statistics import anytime_interval
from tests.campaign.made import PROCESS, at_rate, chunk, write


def state(
    folder: Path, rate: float, *, masks: int, numbers: Any = range(4), kept: float | None = None
) -> State:
    """Return the state after chunks of so many masks of 3 units, all kept as often as said."""
    identity = at_rate(rate, num_keys=masks, chunk_blocks=1)
    times = round(masks * (1 - rate if kept is None else kept))
    write(folder, *(chunk(number, times, times, times) for number in numbers), identity=identity)
    return state_of(read_folder(folder))


def test_the_numbers_of_a_campaign(tmp_path: Path) -> None:
    """Counts, interval and what is excluded are those of the totals."""
    found = as_json(state(tmp_path, 0.1, masks=10**11))
    assert (found["trials"], found["successes"]) == (12 * 10**11, 108 * 10**10)
    assert (found["chunks"], found["missing"]) == (4, [])
    assert found["excluded"] == pytest.approx(1.2e-6, rel=0.02)
    assert found["interval"][0] == pytest.approx(-found["interval"][1], rel=0.01)
    assert abs(found["estimate"]) < 1e-15
    assert found["grid"] == pytest.approx([-2.6e-8, 1.1e-7], rel=0.1)
    assert not found["grid_decides"]
    assert found["log10_evidence"] < 0
    assert not found["refuted"]
    assert found["speeds"] == [
        {
            "kind": "cpu x 2, device",
            "processes": 1,
            "units": 12 * 10**11,
            "rate": pytest.approx(1.2e12),
        }
    ]
    assert [one["trials"] for one in found["looks"]] == [3e11, 6e11, 12e11]


def test_the_words_of_a_campaign(tmp_path: Path) -> None:
    """Each line says one thing, and the costs of more units are those of the speed."""
    text = lines(state(tmp_path, 0.1, masks=10**11, numbers=(0, 1, 3)))
    assert text[0] == (
        "linen.Dropout, DP203 mean output equals the input: shape=(3,), rate=0.1, dtype=float32, "
        "seed=0, run seed 0"
    )
    assert text[1] == "counted: 9e+11 units in 3 chunks of 3e+11; 810000000000 of 900000000000 kept"
    assert text[2] == (
        "not counted yet: 1 chunks before the last one (2); the counts are valid without them, "
        "and `campaign run` with any number of hosts counts them"
    )
    assert text[3] == (
        "E[y]/x - 1: +0, from -1.39e-06 to +1.39e-06 at any stopping time, wrong once in 1000"
    )
    assert text[4] == "excluded: |E[y]/x - 1| > 1.39e-06"
    assert text[5].startswith("evidence against the property: 10^-")
    assert text[5].endswith("(it fails at 10^9.0)")
    assert text[6] == (
        "grid: the grid of float32 allows a correct layer -2.6e-08 to +1.1e-07; "
        "jax.random.bernoulli has -2.6e-08; it decides from about 2e+14 units on"
    )
    assert text[-2] == (
        "speed: 1.2e+12 units a second and process on cpu x 2, device (1 process, 9e+11 units)"
    )
    assert text[-1] == (
        "next decade: 9e+12 units would exclude about 4.4e-07, in 0.00187 hours of one such "
        "process; a tenth of 1.4e-06 takes 100 times as many units"
    )


@pytest.mark.parametrize(
    ("law", "property_id", "quantity", "allowed"),
    [
        ("dropout", "DP203", "E[y]/x - 1", "grid of float32"),
        ("dropout", "DP202", "P(kept)/keep - 1", "grid of float32"),
        ("noise", "DP202", "P(y > x)/0.5 - 1", "margin of rounding"),
    ],
)
def test_it_names_the_quantity(
    tmp_path: Path, law: str, property_id: str, quantity: str, allowed: str
) -> None:
    """What is counted of noise, or of a layer that need not scale, is no mean of its output."""
    write(tmp_path, chunk(0), identity=at_rate(0.1, law=law, property_id=property_id))
    found = state_of(read_folder(tmp_path))
    text = "\n".join([*lines(found), svg(found).replace("&gt;", ">")])
    assert as_json(found)["quantity"] == quantity
    assert f"{quantity}: " in text
    assert f"excluded: |{quantity}| > " in text
    assert f"line: largest |{quantity}| not" in text
    assert text.count(allowed) == 3
    others = {"E[y]/x - 1", "P(kept)/keep - 1", "grid of float32", "margin of rounding"}
    assert not any(other in text for other in others - {quantity, allowed})


def test_pairs_have_a_headline_and_the_farthest_of_all(tmp_path: Path) -> None:
    """Neighbours are independent trials; of all pairs, none is as far as what is excluded."""
    identity = at_rate(0.1, property_id="DP301", num_keys=10**6, chunk_blocks=1)
    kind = identity.kind
    assert isinstance(kind, PairsOfPositions)
    # Of three units two are kept together too often: all of both in 8.2e5 of 1e6 masks.
    both = np.array([[900, 810, 810], [0, 900, 820], [0, 0, 900]]) * 1000
    write(tmp_path, *(Chunk(at, 5, kind.stored(both)) for at in range(4)), identity=identity)
    found = state_of(read_folder(tmp_path))
    text = lines(found)
    assert (found.last.units, found.last.trials, found.last.successes) == (
        12 * 10**6,
        4 * 10**6,
        4 * 820_000,
    )
    assert found.last.estimate == pytest.approx(0.0, abs=1e-12)
    assert text[1] == (
        "counted: 1.2e+07 units in 4 chunks of 3e+06; 3280000 of 4000000 pairs of neighbours alike"
    )
    assert text[2].startswith("P(alike)/(keep^2 + rate^2) - 1: ")
    assert text[4].startswith("any two units: 3 pairs, the farthest 1 and 2: +0.0244; excluded for")
    assert found.pairs is not None
    alone = anytime_interval(4 * 840_000, 4 * 10**6, error=1e-3 / 3, around=0.82)
    assert found.pairs.excluded == pytest.approx((alone.highest - 0.82) / 0.82)
    assert found.is_refuted
    assert found.construction == pytest.approx(0.0, abs=1e-7)
    assert as_json(found)["pairs"]["units"] == (1, 2)
    assert "P(alike)" in svg(found)


def test_it_says_when_the_grid_decides(tmp_path: Path) -> None:
    """At rate 0.99 the grid of float32 is 1.3e-5 wide, and 1e14 units see more than that."""
    found = state(tmp_path / "deep", 0.99, masks=10**14)
    assert found.last.excluded < found.grid_width == pytest.approx(1.3e-5, rel=0.02)
    assert any("the grid decides, not the layer" in line for line in lines(found))
    assert as_json(found)["grid_decides"]
    shallow = state(tmp_path / "shallow", 0.99, masks=10**9)
    assert not as_json(shallow)["grid_decides"]
    # So many units, and what is excluded is as wide as the grid.
    masks = round(shallow.units_to_grid / 12)
    there = state(tmp_path / "there", 0.99, masks=masks)
    assert there.last.excluded == pytest.approx(there.grid_width, rel=0.2)


def test_what_the_grid_alone_does_is_no_fault(tmp_path: Path) -> None:
    """`jax.random.bernoulli` at rate 0.99 keeps 1.1e-5 more, and is not refuted at 4e18 units."""
    found = state(tmp_path, 0.99, masks=3 * 10**17, kept=0.01 * (1 + 1.0967e-5))
    assert found.construction == pytest.approx(1.0967e-5, rel=1e-3)
    assert found.last.estimate == pytest.approx(1.0967e-5, rel=1e-3)
    assert not found.is_refuted


def test_a_bias_is_refuted_once_the_units_suffice(tmp_path: Path) -> None:
    """A layer that keeps 1e-5 too few passes at 1.2e10 units and fails at 1.2e13."""
    few = state(tmp_path / "few", 0.1, masks=10**9, kept=0.9 * (1 - 1e-5))
    many = state(tmp_path / "many", 0.1, masks=10**12, kept=0.9 * (1 - 1e-5))
    assert not few.is_refuted
    assert few.last.interval[0] < -1e-5 < few.last.interval[1]
    assert many.is_refuted
    assert many.last.interval[1] < -0.8e-5
    assert any(line.endswith("(it fails at 10^9.0): FAIL") for line in lines(many))


def test_speed_is_that_of_each_kind_of_device(tmp_path: Path) -> None:
    """Two processes on CPUs and one on a TPU: two lines."""
    identity: Identity = at_rate(0.1)
    write(tmp_path, chunk(0, milliseconds=1000), identity=identity)
    write(tmp_path, chunk(1, milliseconds=3000), identity=identity)
    tpu = replace(PROCESS, device_kind="tpu v5e", devices=4)
    write(tmp_path, chunk(2, milliseconds=10), identity=identity, process=tpu)
    write(tmp_path, identity=identity)  # a process that was killed before its first chunk
    found = state_of(read_folder(tmp_path)).speeds
    assert [(one.kind, one.processes, one.units, one.rate) for one in found] == [
        ("cpu x 2, device", 2, 60_000, 15_000.0),
        ("tpu v5e x 4, device", 1, 30_000, 3_000_000.0),
    ]


def test_the_picture_is_an_svg_of_the_looks(tmp_path: Path) -> None:
    """It is well formed, loads nothing, escapes names, and has one dot a look."""
    found = state(tmp_path, 0.1, masks=10**11)
    found = replace(found, identity=replace(found.identity, subject="a<b>&c"))
    text = svg(found)
    tree = ET.fromstring(text)  # noqa: S314 (our own text)
    name = "{http://www.w3.org/2000/svg}"
    assert len(tree.findall(f"{name}circle")) == len(found.looks) == 3
    points = tree.findall(f"{name}polyline")[0].get("points", "").split()
    heights = [float(one.split(",")[1]) for one in points]
    assert heights == sorted(heights), "what is excluded falls: its points go down"
    assert "a&lt;b&gt;&amp;c" in text
    assert "href" not in text
    assert text == svg(found)
