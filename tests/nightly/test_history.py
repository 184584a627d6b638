"""The gate on real releases whose differences are known. `pytest -m history` runs these tests."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dropout_props.cli import main
from dropout_props.environment import releases
from dropout_props.gate import environments, uv

pytestmark = [
    pytest.mark.history,
    pytest.mark.skipif(
        not shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}"),
        reason="uv is not installed",
    ),
]
PROPERTIES = ("DP101", "DP201", "DP202", "DP401", "DP402")


def changes(base: str, candidate: str, folder: Path) -> dict[str, set[str]]:
    """Run a gate; return the classes of the rows about masks and properties, by subject."""
    place = folder / "gate.json"
    options = [part for property_id in PROPERTIES for part in ("--property", property_id)]
    gate = ("gate", "--base", base, "--candidate", candidate, "--profile", "smoke")
    with pytest.raises(SystemExit):
        main([*gate, *options, "--json", str(place)])
    found: dict[str, set[str]] = {}
    for row in json.loads(place.read_text())["comparison"]["rows"]:
        if row["property_id"] not in ("signature", "answers"):
            found.setdefault(row["subject"], set()).add(row["change"])
    return found


@pytest.fixture(autouse=True)
def shared_cache(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Use the user's own cache, since making environments takes minutes."""
    monkeypatch.delenv("DROPOUT_PROPS_CACHE")


def test_the_change_of_the_default_stream_is_rekeyed(tmp_path: Path) -> None:
    """From JAX 0.4.35 to 0.5.1 both APIs draw other bits of the same distribution."""
    found = changes("flax==0.10.2", "flax==0.10.4", tmp_path)
    assert found == {
        "linen.Dropout": {"rekeyed", "identical"},
        "nnx.Dropout": {"rekeyed", "identical"},
    }


def test_nnx_changed_its_stream_and_linen_did_not(tmp_path: Path) -> None:
    """From Flax 0.10.7 to 0.11.2 Linen is identical, bit for bit, and NNX rekeyed."""
    found = changes("flax==0.10.7", "flax==0.11.2", tmp_path)
    assert found == {"linen.Dropout": {"identical"}, "nnx.Dropout": {"rekeyed", "identical"}}


ROOT = Path(__file__).parents[2]


def test_an_installed_package_judges_the_flax_of_each_interpreter(tmp_path: Path) -> None:
    """From beside Flax 0.12.8, an interpreter with 0.10.7 is judged as 0.10.7."""
    row = releases.row_of("0.12.8")
    assert row is not None
    old = environments.build("flax==0.10.7", python="3.12").interpreter
    for arguments in (
        ("venv", "--quiet", "--python", "3.12", str(tmp_path / "installed")),
        (
            *("pip", "install", "--quiet", "--python", str(tmp_path / "installed")),
            *(str(ROOT), "flax==0.12.8", f"jax=={row.jax}", f"jaxlib=={row.jaxlib}"),
        ),
    ):
        done = uv.call(*arguments)
        assert done.returncode == 0, done.stderr
    running = tmp_path / "installed" / "bin" / "python"
    gate = (str(running), "-I", "-m", "dropout_props", "gate", "--profile", "smoke")
    sides = ("--base-interpreter", str(old), "--candidate-interpreter", str(running))
    place = tmp_path / "gate.json"
    ended = subprocess.run(
        [*gate, *sides, "--property", "DP101", "--json", str(place)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    found = json.loads(place.read_text())["comparison"]
    versions = {name: found[name]["versions"] for name in ("base", "candidate")}
    assert (versions["base"]["flax"], versions["candidate"]["flax"]) == ("0.10.7", "0.12.8")
    changed = {(row["subject"], row["property_id"]): row["change"] for row in found["rows"]}
    assert changed["linen.Dropout", "masks"] == "identical"
    assert changed["nnx.Dropout", "masks"] == "rekeyed"
    assert changed["nnx.Dropout", "signature"] == "contract changed"


@pytest.mark.parametrize(
    ("base", "candidate"),
    [("0.12.0", "0.12.2"), ("0.12.4", "0.12.6"), ("0.12.10", "0.12.12")],
)
def test_neighbours_are_identical(base: str, candidate: str, tmp_path: Path) -> None:
    """Between releases of 0.12 no bit of a mask changes."""
    found = changes(f"flax=={base}", f"flax=={candidate}", tmp_path)
    assert found == {"linen.Dropout": {"identical"}, "nnx.Dropout": {"identical"}}
