"""Processes of one job agree to go on or to stop, and do not all count the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from dropout_props.campaign import ranks
from dropout_props.campaign.errors import OtherCampaign, Unusable
from dropout_props.campaign.hosts import Host
from dropout_props.campaign.sampling import sampler_of
from dropout_props.campaign.work import work
from dropout_props.cases.case import Case
from dropout_props.layers import registry


def test_a_refusal_of_the_first_process_is_one_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first tells the others before it raises, and they raise too."""
    told: list[int] = []

    def tell(values: Any) -> Any:
        told.append(int(values[0]))
        return values

    def refuse() -> int:
        raise OtherCampaign("run_seed: 0, 1")

    monkeypatch.setattr(ranks, "from_first", tell)
    assert ranks.first_does(lambda: 7, others=0) == 7
    with pytest.raises(OtherCampaign, match="run_seed"):
        ranks.first_does(refuse, others=0)
    assert told == [0, 1]

    monkeypatch.setattr(ranks, "is_first", lambda: False)
    assert ranks.first_does(refuse, others=3) == 3  # it is not called there
    monkeypatch.setattr(ranks, "from_first", np.ones_like)
    with pytest.raises(Unusable, match="the first process of this job cannot go on"):
        ranks.first_does(lambda: 7, others=0)


def test_a_failure_of_any_process_is_one_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each tells the others that it failed before it raises; whoever did not fail raises too."""
    compared: list[int] = []

    def fail() -> int:
        raise LookupError("no such layer")

    def compare(values: Any) -> bool:
        compared.append(int(values[0]))
        return True

    monkeypatch.setattr(ranks, "all_agree", compare)
    assert ranks.all_do(lambda: 7) == 7
    with pytest.raises(LookupError, match="no such layer"):
        ranks.all_do(fail)
    assert compared == [1, 0]
    monkeypatch.setattr(ranks, "all_agree", lambda _: False)
    with pytest.raises(Unusable, match="another process of this job cannot begin"):
        ranks.all_do(lambda: 7)


def test_processes_do_not_all_count_the_same_on_their_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noise is counted on the host: together, each process would count all of it."""
    noise = registry.load("examples.GaussianNoise")
    sampler = sampler_of(noise, "DP202", Case(shape=(64,), rate=0.1), run_seed=0)
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    with pytest.raises(Unusable, match=r"--distributed: .* give each process its --host i/n"):
        work(tmp_path, sampler, until=1)
    assert list(tmp_path.iterdir()) == []


def test_processes_with_other_options_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They compare units, host and campaign, and count nothing where one differs."""
    seen: list[bytes] = []

    def compare(values: Any) -> bool:
        seen.append(values.tobytes())
        return False

    monkeypatch.setattr("dropout_props.campaign.work.all_agree", compare)
    for run_seed, until, host in ((0, 1, 0), (1, 1, 0), (0, 2**30, 0), (0, 1, 1)):
        layer = registry.load("linen.Dropout")
        sampler = sampler_of(layer, "DP203", Case(shape=(64,), rate=0.1), run_seed=run_seed)
        with pytest.raises(Unusable, match="processes of this job count different campaigns"):
            work(tmp_path, sampler, until=until, chunk_blocks=1, host=Host(host, 2))
    assert len(set(seen)) == 4
    assert list(tmp_path.iterdir()) == []
