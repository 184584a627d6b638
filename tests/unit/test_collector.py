"""The garbage collector runs seldom in a process of ours, and as before in one of somebody else."""

import gc
from collections.abc import Iterator

import pytest

from dropout_props.environment import collector, program


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


@pytest.mark.usefixtures("restored")
def test_a_program_of_the_user_is_collected_as_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its cycles may hold large arrays; afterwards the process is ours again."""
    monkeypatch.setattr(collector, "_own", False)
    collector.own_process()
    ours = gc.get_threshold()
    assert program.call(gc.get_threshold, None) == collector._OF_PYTHON != ours
    assert gc.get_threshold() == ours
