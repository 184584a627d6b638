"""A release of JAX on which a record would be wrong is refused."""

from __future__ import annotations

import jax
import pytest

from dropout_props.recording import RecordingError, door, internals, recording
from dropout_props.recording.recorder import unchecked


def test_this_release_sees_a_known_program_as_it_is() -> None:
    """The program that a release is judged by is recorded right on this one."""
    door.differences.cache_clear()
    assert door.differences(unchecked) == ()


def test_a_release_that_was_not_measured_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown release whose draws are seen as they are may be recorded."""
    monkeypatch.setattr(door, "MEASURED", ())
    with recording() as record:
        pass
    assert record.draws == ()


@pytest.mark.parametrize("part", range(5))
def test_a_release_that_sees_less_is_refused(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the release, what is not seen, and the releases that work."""
    name, _ = door.EXPECTED[part]
    wrong = tuple(
        (n, (lambda _: False) if i == part else right) for i, (n, right) in enumerate(door.EXPECTED)
    )
    monkeypatch.setattr(door, "MEASURED", ("0.4.30",))
    monkeypatch.setattr(jax, "__version__", "9.9.9")
    monkeypatch.setattr(door, "EXPECTED", wrong)
    door.differences.cache_clear()
    with pytest.raises(RecordingError) as caught, recording():
        pass
    door.differences.cache_clear()
    assert str(caught.value) == (
        "JAX 9.9.9 cannot be recorded: on this release the recorder does not see"
        f" {name} as they are. Use a release that it has been measured on: 0.4.30."
    )


def test_each_part_of_the_known_program_can_fail() -> None:
    """No draw at all is right for no part."""
    assert [name for name, right in door.EXPECTED if right([])] == []


def test_a_release_without_what_the_hooks_need_is_refused() -> None:
    """A name that JAX no longer has is named."""
    with pytest.raises(RecordingError, match=r"has no jax\._src\.core\.nothing"):
        internals._name(internals.core, "nothing")
    with pytest.raises(RecordingError, match=r"has no jax\._src\.nothing"):
        internals._module("jax._src.nothing")


@pytest.mark.skipif(
    internals.forgets_traces(), reason="this JAX can be recorded under checking_leaks"
)
def test_leak_checks_are_refused_where_they_would_fail() -> None:
    """On the older JAX a record inside of `jax.checking_leaks` is refused."""
    with jax.checking_leaks(), pytest.raises(RecordingError, match="checking_leaks"), recording():
        pass
