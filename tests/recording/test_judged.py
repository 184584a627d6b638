"""Is each wrong wiring named by its property, and is every right program left in peace?"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import jax
import pytest

from dropout_props.properties import RECORDED
from tests.recording.judged import RIGHT, WRONG, failed


@pytest.fixture(autouse=True, scope="module")
def _compile_quickly() -> Iterator[None]:
    """Masks depend on no optimisation of the compiler."""
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)


def _first_of_each_api() -> list[Any]:
    """Mark the wirings that the first one of the same property and API stands for: by night."""
    first = {(one.property, one.api): name for name, one in reversed(WRONG.items())}.values()
    return [pytest.param(n, marks=[] if n in first else [pytest.mark.nightly]) for n in WRONG]


@pytest.mark.parametrize("name", _first_of_each_api())
def test_a_wrong_wiring_is_named(name: str) -> None:
    """Its property fails, and no property fails but those that the same fault violates."""
    wiring = WRONG[name]
    found = failed("wrong", name)
    assert wiring.property in found
    assert found <= {wiring.property, *wiring.also}


def _first_twins() -> list[Any]:
    """Mark the mended twins that one of the same property stands for: they run at night.

    What tells such twins apart is the fault that they lack. By day the properties take them from
    each API by turns. The right programs below, which look wrong in ways of their own and are of
    every API, run every time.
    """
    twins: dict[str, dict[str, str]] = {}
    for name, one in reversed(WRONG.items()):
        twins.setdefault(one.property, {})[one.api] = name
    turns = enumerate(twins[one] for one in sorted(twins))
    first = {of_api[sorted(of_api)[turn % len(of_api)]] for turn, of_api in turns}
    return [pytest.param(n, marks=[] if n in first else [pytest.mark.nightly]) for n in WRONG]


@pytest.mark.parametrize("name", _first_twins())
def test_a_mended_wiring_passes(name: str) -> None:
    """Nothing fails on the same program without the fault."""
    assert failed("mended", name) == frozenset()


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_program_passes(name: str) -> None:
    """Nothing fails on a right program, whatever about it might look wrong."""
    assert failed("right", name) == frozenset()


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(1, 20))
def test_other_keys_raise_no_alarm(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With other root keys, nothing fails on any mended or right program."""
    make = jax.random.key
    monkeypatch.setattr(jax.random, "key", lambda s, **how: make(s + 1000 * seed, **how))
    programs = [("mended", name) for name in WRONG if WRONG[name].devices == 1]
    programs += [("right", name) for name in RIGHT if RIGHT[name].devices == 1]
    found = {}
    for kind, name in programs:
        with suppress(pytest.skip.Exception):  # this Flax cannot run the program
            found[kind, name] = failed(kind, name)
    assert found, "every program was skipped"
    assert {pair: ids for pair, ids in found.items() if ids} == {}


def test_one_property_names_each_wiring() -> None:
    """A wiring that none names has no property to fail; a name that no wiring has is misspelt."""
    named = [name for prop in RECORDED for name in prop.killed_by]
    assert sorted(named) == sorted(WRONG)
    assert all(prop.killed_by for prop in RECORDED)
