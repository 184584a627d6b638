"""What a campaign refuses before it counts, and how its chunks are chosen and verified."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from dropout_props.campaign.chunks import Chunk, Header
from dropout_props.campaign.errors import OtherCampaign, Unusable
from dropout_props.campaign.folder import Contents, Writer, read_folder
from dropout_props.campaign.hosts import Host
from dropout_props.campaign.identity import Identity, identity_of, source_hash
from dropout_props.campaign.sampling import sampler_of
from dropout_props.campaign.verify import chosen, verify
from dropout_props.campaign.work import blocks_in_chunk, work
from dropout_props.cases.case import SMALL, Case
from dropout_props.environment import installed
from dropout_props.layers import registry
from dropout_props.properties.sampler import KEYS, Sampler
from dropout_props.subjects.subject import Subject

_CASE = Case(shape=(64,), rate=0.1)
_UNTIL = 4 * 2**18


def sampler(name: str = "linen.Dropout", *, run_seed: int = 0, **changed: Any) -> Sampler:
    """Return what draws the masks of a small campaign."""
    return sampler_of(registry.load(name), "DP203", replace(_CASE, **changed), run_seed=run_seed)


def test_a_folder_is_continued_with_its_own_chunks(tmp_path: Path) -> None:
    """Nothing is counted twice, more units go on from there, and another host has the rest."""
    counted: list[int] = []

    def note(chunk: Chunk) -> None:
        counted.append(chunk.number)

    arguments: dict[str, Any] = {"chunk_blocks": 1, "on_host": True, "on_chunk": note}
    work(tmp_path, sampler(), until=_UNTIL, host=Host(1, 2), **arguments)
    assert counted == [1, 3]
    # The chunk of the folder holds, whatever is usual for so many units.
    work(tmp_path, sampler(), until=_UNTIL + 1, on_host=True, on_chunk=note)
    assert counted == [1, 3, 0, 2, 4]
    files = len(read_folder(tmp_path).processes)
    assert work(tmp_path, sampler(), until=_UNTIL, on_host=True).chunks.keys() == {0, 1, 2, 3, 4}
    assert len(read_folder(tmp_path).processes) == files


def test_another_campaign_is_refused_before_it_writes(tmp_path: Path) -> None:
    """The message says what differs; the folder is as it was."""
    work(tmp_path, sampler(), until=_UNTIL, chunk_blocks=4, on_host=True)
    files = sorted(tmp_path.iterdir())
    for other, text in (
        (sampler(run_seed=1), "run_seed: 0, 1"),
        (sampler(rate=0.2), "rate: 0.1, 0.2"),
        (sampler("nnx.Dropout"), "subject: linen.Dropout, nnx.Dropout"),
    ):
        with pytest.raises(OtherCampaign, match=text):
            work(tmp_path, other, until=2 * _UNTIL, on_host=True)
    with pytest.raises(OtherCampaign, match="chunk_blocks: 4, 2"):
        work(tmp_path, sampler(), until=2 * _UNTIL, chunk_blocks=2, on_host=True)
    assert sorted(tmp_path.iterdir()) == files


def test_a_campaign_that_begins_at_the_same_moment_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both look into an empty folder; who finds the other's file leaves none of its own."""
    other = identity_of(sampler(rate=0.2), chunk_blocks=4)

    class Late(Writer):
        """Writes when another process has just written."""

        def __init__(self, folder: Path, header: Header) -> None:
            Writer(folder, Header(other, header.process)).close()
            super().__init__(folder, header)

    monkeypatch.setattr("dropout_props.campaign.work.Writer", Late)
    with pytest.raises(OtherCampaign, match="belong to different campaigns"):
        work(tmp_path, sampler(), until=_UNTIL, chunk_blocks=4, on_host=True)
    assert read_folder(tmp_path).identity == other
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("name", "property_id", "case", "text"),
    [
        ("linen.Dropout", "DP303", _CASE, "It can count DP202, DP203, DP204, DP206, DP301"),
        ("linen.Dropout", "DP301", Case(shape=(1024,), rate=0.1), "masks have 2 to 600 units, as"),
        ("linen.Dropout", "DP301", Case(shape=(1,), rate=0.1), "masks have 2 to 600 units, as"),
        ("linen.Dropout", "DP101", _CASE, "counts something else"),
        ("d2l.DropoutMLP", "DP203", _CASE, "DP203 does not apply: its output does not show"),
        ("linen.Dropout", "DP203", Case(rate=1.0), "at rate 0 and 1 nothing is left to chance"),
        (
            "linen.Dropout",
            "DP203",
            Case(dtype="int32"),
            "cannot be counted on shape=.*nearest case",
        ),
    ],
)
def test_what_cannot_be_counted_is_refused(
    name: str, property_id: str, case: Case, text: str
) -> None:
    """The message names the value, the rule and what can be counted."""
    with pytest.raises(Unusable, match=text):
        sampler_of(registry.load(name), property_id, case, run_seed=0)


def _to_one(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    if deterministic:
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x, jnp.ones_like(x))


def _of_rows(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    rows, columns = x.shape
    kept = jax.random.bernoulli(key, 1 - rate, (rows, columns))
    return x if deterministic else jnp.where(kept, x / (1 - rate), 0)


def _of_16(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    kept = jax.random.bernoulli(key, 1 - rate, (16,))
    return x if deterministic else jnp.where(kept, x / (1 - rate), 0)


def test_a_dropped_value_that_the_input_holds_is_told_from_a_kept_one() -> None:
    """A layer that drops to 1 gets an input without 1, as in a check, and its counts are right."""
    subject = Subject.function(_to_one, dropped=1.0, kept="unscaled")
    found = sampler_of(subject, "DP202", _CASE, run_seed=0)
    assert found.block(0).mean(axis=0).max() < 1.0
    again = sampler_of(subject, "DP202", found.case, run_seed=0)
    assert again.case == found.case


def test_noise_is_counted_in_float32() -> None:
    """Half precision would round much of it away: it is refused, and the message says so."""
    subject = registry.load("examples.GaussianNoise")
    with pytest.raises(Unusable, match=r"give --shape 64 --rate 0\.1 --dtype float32"):
        sampler_of(subject, "DP202", replace(_CASE, dtype="bfloat16"), run_seed=0)
    assert sampler_of(subject, "DP202", _CASE, run_seed=0).case.values == SMALL


def test_a_shape_that_the_layer_does_not_take_is_refused_with_one_that_it_takes() -> None:
    """A layer of rows and columns, or one that alone takes 16 columns, names such a shape."""
    for layer, shape in ((_of_rows, "1,64"), (_of_16, "16")):
        subject = Subject.function(layer)
        with pytest.raises(Unusable, match=f"give --shape {shape} --rate 0.1 --dtype float32"):
            sampler_of(subject, "DP203", _CASE, run_seed=0)
        taken = replace(_CASE, shape=tuple(map(int, shape.split(","))))
        assert sampler_of(subject, "DP203", taken, run_seed=0).case == taken


def test_a_layer_that_raises_is_refused() -> None:
    """What it raises is in the message, with what to do; it is no fault of this package."""

    def raising(_key: Any, x: Any, _rate: float, deterministic: bool) -> Any:
        if deterministic:
            return x
        raise RuntimeError("out of coffee")

    with pytest.raises(Unusable, match=r"(?s)out of coffee.*Give another --shape"):
        sampler_of(Subject.function(raising), "DP203", _CASE, run_seed=0)


def test_a_layer_that_shares_its_mask_is_counted(tmp_path: Path) -> None:
    """DropPath has one coin for each row, of whatever shape is given, and is verified so."""
    path = registry.load("examples.DropPath")
    found = sampler_of(path, "DP203", replace(_CASE, shape=(256, 4)), run_seed=0)
    assert found.mask_shape == (256, 1)
    contents = work(tmp_path, found, until=1, chunk_blocks=1)
    assert contents.identity is not None
    assert abs(contents.chunks[0].kept / contents.identity.chunk_units - 0.9) < 0.01

    def again(identity: Identity) -> Sampler:
        return sampler_of(path, identity.property_id, identity.rebuilt(), run_seed=0)

    assert verify(tmp_path, again, on_host=True)[0].wrong == ()


def test_chunks_are_below_two_to_the_31() -> None:
    """Deep campaigns have chunks of 2**30 units; small ones at least 64 chunks, for many hosts."""
    assert blocks_in_chunk(10**12, 2**18) * 2**18 == 2**30
    assert blocks_in_chunk(3 * 10**8, 2**18) == 16
    assert blocks_in_chunk(1, 2**18) == 1
    assert blocks_in_chunk(1, 2**18, least=64) == 64
    assert blocks_in_chunk(1, 2**29, least=64) == 2
    assert blocks_in_chunk(10**12, 2**18 - 5) * (2**18 - 5) < 2**30
    assert blocks_in_chunk(10**12, 2**30) == 1
    with pytest.raises(Unusable, match="give a smaller --shape"):
        blocks_in_chunk(10**12, 2**30 + 1)


def test_a_small_start_has_chunks_for_many_devices(tmp_path: Path) -> None:
    """Its chunks are those of a long campaign, which may go on with 64 devices."""
    contents = work(tmp_path, sampler(), until=1, on_host=True)
    assert contents.identity is not None
    assert contents.identity.chunk_blocks == 64


def test_verify_finds_a_wrong_result_and_the_file_that_holds_it(tmp_path: Path) -> None:
    """A chunk with two results is always counted again, and the wrong file is named."""
    contents = work(tmp_path, sampler(), until=_UNTIL, chunk_blocks=1, on_host=True)
    assert contents.identity is not None
    right = next(iter(contents.processes))
    writer = Writer(tmp_path, Header(contents.identity, contents.processes[right]))
    writer.add(Chunk(2, 1, contents.by_position // 4))
    writer.close()
    for seed in range(8):
        assert 2 in chosen(read_folder(tmp_path), part=0.25, seed=seed)
    found = verify(tmp_path, lambda _: sampler(), chunks=(1, 2, 1), on_host=True)
    assert [(one.number, one.wrong, one.equal) for one in found] == [
        (1, (), (right,)),
        (2, (writer.path,), (right,)),
    ]
    with pytest.raises(Unusable, match=r"--chunk 999: .* no such chunk.* are from 0 to 3\."):
        verify(tmp_path, lambda _: sampler(), chunks=(1, 999), on_host=True)
    with pytest.raises(OtherCampaign, match=r"cannot verify .* run_seed: 0, 1"):
        verify(tmp_path, lambda _: sampler(run_seed=1), on_host=True)


def test_the_sample_of_verify() -> None:
    """At least one chunk, the same for one seed, and others for others."""
    contents = Contents(chunks=dict.fromkeys(range(1000)))  # type: ignore[arg-type]
    assert len(chosen(contents, part=1e-9, seed=0)) == 1
    assert len(chosen(contents, part=0.01, seed=0)) == 10
    assert chosen(contents, part=0.01, seed=0) == chosen(contents, part=0.01, seed=0)
    assert chosen(contents, part=0.01, seed=0) != chosen(contents, part=0.01, seed=1)


def test_an_identity_has_what_decides_the_integers() -> None:
    """Source, versions and flags are in it; the kind of device only where the bits depend on it."""
    import jax

    identity = identity_of(sampler(), chunk_blocks=1)
    assert len(identity.source_hash) == 16
    assert source_hash(Subject.function(lambda _key, x, _rate, _off: x)) != ""
    assert identity.rebuilt() == _CASE
    assert {"flax", "jax", "jaxlib", "numpy", "PRNG", "x64"} <= identity.environment.keys()
    assert "device_kind" not in identity.environment
    assert type(identity).from_json(identity.as_json()) == identity
    config: Any = jax.config
    before = config.jax_default_prng_impl
    config.update("jax_default_prng_impl", "rbg")
    try:
        assert identity_of(sampler(), chunk_blocks=1).environment["device_kind"] == "cpu"
    finally:
        config.update("jax_default_prng_impl", before)


def test_an_identity_has_the_layer_itself_and_its_framework(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the file of this package that wraps it, and the framework that it imports."""
    (tmp_path / "my_layer.py").write_text(
        "import haiku\nimport flax.linen as nn\n\nclass Mine(nn.Dropout):\n"
        "    def __call__(self, x, deterministic, more):\n        return x\n"
    )
    monkeypatch.setitem(sys.modules, "haiku", ModuleType("haiku"))  # gone again after the test
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(installed, "version_of", lambda name: f"1.{len(name)}")
    mine = importlib.import_module("my_layer").Mine
    subject = Subject.linen(mine, call_kwargs={"more": 1})
    assert source_hash(subject) == source_hash(Subject.function(mine))
    environment = identity_of(replace(sampler(), subject=subject), chunk_blocks=1).environment
    assert environment["dm-haiku"] == "1.8"
    assert not {"equinox", "keras"} & environment.keys()


def test_keys_are_derived_as_their_name_says() -> None:
    """Counts add up under one derivation of keys: another needs another value of KEYS."""
    assert identity_of(sampler(), chunk_blocks=1).environment["keys"] == KEYS == "1"
    words = sampler().words(2, role="mask", block=3)
    assert words.tolist() == [[1166761786, 3682144105], [3975764536, 3038835827]]
