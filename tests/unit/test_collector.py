"""The garbage collector runs seldom in a process of ours, and as before in one of somebody else."""

import gc
from collections.abc import Iterator

import pytest

from dropout_props.environment import collector


@pytest.fixture
def restored() -> Iterator[None]:
    """Leave the collector of this process as it was."""
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    yield
    gc.set_threshold(*before)
    if not frozen:
        gc.unfreeze()


def test_nothing_changes_in_a_process_of_somebody_else() -> None:
    """Pytest and notebooks collect as they did."""
    before = gc.get_threshold(), gc.get_freeze_count()
    collector.keep_loaded()
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


@pytest.mark.usefixtures("restored")
def test_what_is_loaded_in_our_own_is_not_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes later is."""
    monkeypatch.setattr(collector, "_own", False)
    before = gc.get_threshold()[0]
    collector.own_process()
    collector.keep_loaded()
    assert gc.get_threshold()[0] > before
    assert gc.get_freeze_count() > 0
    assert gc.isenabled()
