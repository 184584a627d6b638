"""The machine on the installed Flax: whatever is done to streams, no key is issued twice."""

from collections import Counter
from typing import Any

import pytest

from tests.suite.streams.held import LISTED
from tests.suite.streams.ledger import Ledger, Stream
from tests.suite.streams.machine import drive
from tests.suite.streams.moves import Moves


class _Counted(Moves):
    """Notes the names of the moves that were made, and of the methods that derived a set."""

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()

    def __getattribute__(self, name: str) -> Any:
        if name in vars(Moves):
            self.made[name] += 1
        return super().__getattribute__(name)

    def derive(self, rngs: Any, how: str, *arguments: Any) -> Any:
        self.made[f"derive {how}"] += 1
        return super().derive(rngs, how, *arguments)


def test_the_installed_flax_issues_what_the_ledger_says(pytestconfig: pytest.Config) -> None:
    """Every order of moves agrees, and every move that the release has was among them."""
    moves = _Counted()
    drive(moves, run_seed=int(pytestconfig.getoption("--dp-seed")), shrinks=True)
    hows = [how for how in ("fork", "split", "broadcast") if Moves().derives(how)]
    wanted = {"draw", "build", "call", "switch", "clone", "split", "merge", "save", "restore"}
    wanted |= {f"derive {how}" for how in hows} | ({"row"} if "split" in hows else set())
    wanted |= {"reseed"} if Moves().reseeds() else set()
    assert {name: moves.made[name] for name in wanted if moves.made[name] < 10} == {}


@pytest.mark.parametrize("property_id", sorted(LISTED))
def test_a_move_that_is_left_out_would_be_a_violation(property_id: str) -> None:
    """Let in, it is found: the list of known deviations leaves out nothing that holds."""
    with pytest.raises(AssertionError, match=r"streams count|issued twice|go on"):
        drive(Moves(), LISTED - {property_id})


def test_the_ledger_takes_equal_keys_of_equal_paths_alone() -> None:
    """A key that was seen must be the same again; a key that was not must be new."""
    ledger, stream, copy = Ledger(), Stream((1,)), Stream((1,))
    ledger.enter(stream.take(), b"a")
    ledger.enter(copy.take(), b"a")
    ledger.enter(stream.take(), b"b")
    with pytest.raises(AssertionError, match=r"does not go on: key \(1, 1\)"):
        ledger.enter(copy.take(), b"c")
    with pytest.raises(AssertionError, match=r"issued twice: \(1, 2\) is \(1, 0\)"):
        ledger.enter(stream.take(), b"a")
