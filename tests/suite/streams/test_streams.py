"""The machine on the installed Flax: whatever is done to streams, no key is issued twice."""

from collections import Counter
from contextlib import nullcontext
from typing import Any

import pytest

from tests.suite.streams.ledger import Ledger, Stream
from tests.suite.streams.machine import CLAIMS, LISTED, drive
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
    drive(moves, salt=int(pytestconfig.getoption("--dp-salt")), shrinks=True)
    hows = [how for how in ("fork", "split", "broadcast") if Moves().derives(how)]
    wanted = {"draw", "build", "call", "switch", "clone", "split", "merge", "save", "restore"}
    wanted |= {f"derive {how}" for how in hows} | ({"row"} if "split" in hows else set())
    wanted |= {"reseed"} if Moves().reseeds() else set()
    assert {name: moves.made[name] for name in wanted if moves.made[name] < 10} == {}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_move_is_left_out_only_where_it_is_known_to_go_wrong(claim: str) -> None:
    """Let in, it is a violation on a release that the list names, and none on another."""
    violated = pytest.raises(AssertionError, match="streams count|issued twice|go on")
    with violated if claim in LISTED else nullcontext():
        drive(Moves(), LISTED - {claim})


def test_the_ledger_takes_equal_keys_of_equal_paths_alone() -> None:
    """A key that was seen must be the same again; a key that was not must be new."""
    ledger, stream, copy = Ledger(), Stream((1,)), Stream((1,))
    ledger.enter(stream.take(), b"a")
    ledger.enter(copy.take(), b"a")
    with pytest.raises(AssertionError, match=r"does not go on: key \(1, 1\)"):
        ledger.enter(stream.take(), b"b")
        ledger.enter(copy.take(), b"c")
    with pytest.raises(AssertionError, match=r"issued twice: \(1, 2\) is \(1, 0\)"):
        ledger.enter(stream.take(), b"a")
