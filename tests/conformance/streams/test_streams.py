"""The machine on the installed Flax: in no order of moves is a key issued twice."""

from collections import Counter
from typing import Any

import pytest

from tests.conformance.streams.ledger import Ledger, Stream
from tests.conformance.streams.machine import drive
from tests.conformance.streams.moves import Moves
from tests.conformance.streams.tracked import KNOWN


class _Counted(Moves):
    """Counts the moves, and the methods that derived a set."""

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()

    def __getattribute__(self, name: str) -> Any:
        if name in vars(Moves):
            self.made[name] += 1
        return super().__getattribute__(name)

    def derive(self, rngs: Any, how: str, *arguments: Any) -> Any:
        self.made[f"derive {how}"] += 1
        return super().derive(rngs, how, *arguments)


def test_the_installed_flax_agrees_with_the_ledger(pytestconfig: pytest.Config) -> None:
    """It agrees in every order of moves, and every move of the release was made."""
    moves = _Counted()
    drive(moves, run_seed=int(pytestconfig.getoption("--dp-seed")), shrinks=True)
    hows = [how for how in ("fork", "split", "broadcast") if Moves().derives(how)]
    wanted = {"draw", "build", "call", "switch", "clone", "split", "merge", "save", "restore"}
    wanted |= {f"derive {how}" for how in hows} | ({"row"} if "split" in hows else set())
    wanted |= {"reseed"} if Moves().reseeds() else set()
    assert {name: moves.made[name] for name in wanted if moves.made[name] < 10} == {}


@pytest.mark.parametrize("property_id", sorted(KNOWN))
def test_a_known_deviation_is_a_violation(property_id: str) -> None:
    """The machine finds it when it makes the move, so no move is left out without need."""
    with pytest.raises(AssertionError, match=r"streams count|issued twice|go on"):
        drive(Moves(), KNOWN - {property_id})


def test_the_ledger_requires_equal_keys_for_equal_paths_only() -> None:
    """A path must always give the same key, and two paths must give two keys."""
    ledger, stream, copy = Ledger(), Stream((1,)), Stream((1,))
    ledger.enter(stream.take(), b"a")
    ledger.enter(copy.take(), b"a")
    ledger.enter(stream.take(), b"b")
    with pytest.raises(AssertionError, match=r"does not go on: key \(1, 1\)"):
        ledger.enter(copy.take(), b"c")
    with pytest.raises(AssertionError, match=r"issued twice: \(1, 2\) is \(1, 0\)"):
        ledger.enter(stream.take(), b"a")
