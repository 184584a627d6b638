"""What `check()` says, sentence by sentence, for three representative failures."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import jax
import pytest

import dropout_props
from dropout_props.layers.examples import training_step
from dropout_props.selftest.wirings import WIRINGS
from tests.recording.test_record import X, drop

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "recording.md"


@cache
def message(name: str) -> str:
    """Return the message for one of three programs."""
    programs: dict[str, Any] = {
        "two_faults": training_step.eight_steps,
        "one_key": lambda: [drop(jax.random.key(0)) for _ in range(3)],
        "whole_batch": lambda: jax.vmap(lambda x, k: drop(k) + x, (0, None))(X, jax.random.key(0)),
    }
    with dropout_props.record() as record:
        programs[name]()
    with pytest.raises(AssertionError) as caught:
        record.check()
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("two_faults", "2 root causes; 8 masks at 1 site in 8 steps."),
        ("two_faults", "DP901 active in training: Every dropout draws masks in every step"),
        ("two_faults", "at    Classifier/block_1/Dropout_0 (training_step.py:"),
        ("two_faults", "seen  it declares rate 0.1; 1 call traced in training drew no mask"),
        ("two_faults", "means The layer drops nothing: the model trains without"),
        ("two_faults", "mend  Give the layer the mode of the call: deterministic=not train"),
        ("two_faults", "DP907 steps differ: The masks of two steps of training are independent."),
        ("two_faults", "at    Classifier/block_0/Dropout_0 (training_step.py:"),
        ("two_faults", "so    DP905 fails as well"),
        ("one_key", "1 root cause; 3 masks at 1 site in 3 steps."),
        ("one_key", "at    drop (test_record.py:"),
        ("one_key", "seen  1 key served 3 masks; steps 0 and 1 have equal masks"),
        ("one_key", "means The same units are dropped in every step: a smaller network is trained"),
        (
            "one_key",
            "mend  Fold the number of the step into the key: jax.random.fold_in(key, step).",
        ),
        ("whole_batch", "DP908 examples differ: Each example of a batch has a mask of its own"),
        ("whole_batch", "seen  vmap maps 8 lanes; 1 mask served all lanes at once"),
        ("whole_batch", "mend  Split the key and map over the keys: jax.vmap(f)(x, "),
    ],
)
def test_the_message_says(name: str, sentence: str) -> None:
    """Each sentence is in the message."""
    assert sentence in message(name)


@pytest.mark.parametrize("name", ["two_faults", "one_key", "whole_batch"])
def test_a_cause_has_twelve_lines_at_most(name: str) -> None:
    """Causes are separated by empty lines; root causes come first, and none is repeated."""
    _, *causes = message(name).split("\n\n")
    assert all(len(cause.splitlines()) <= 12 for cause in causes)
    assert len({cause.splitlines()[0] for cause in causes}) == len(causes)


def _without_versions(page: str) -> str:
    """Leave out the line with the versions of what is installed."""
    return re.sub(r'<p class="dim">flax [^<]*</p>', "", page)


def test_the_page_shows_the_report_of_the_example_as_printed() -> None:
    """The report in docs/recording.md is what `dropout-props audit` prints today.

    So is the HTML page beside it, but for the versions in it. The picture of README is compared
    with docs/recording.md, in tests/unit/tools/test_pictures.py.
    """
    with dropout_props.record() as record:
        training_step.eight_steps()
    assert record.report() in PAGE.read_text(encoding="utf-8")
    stored = (ROOT / "docs" / "_static" / "audit.html").read_text(encoding="utf-8")
    assert _without_versions(record.to_html()) == _without_versions(stored)


def test_the_comparison_has_a_row_for_each_wiring() -> None:
    """A new wiring needs a row: `python benchmarks/wirings_comparison.py --write` makes it."""
    text = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")
    row = r"^\| `([a-z]+/\w+)` \| .* \| (\S+) \| [^|]* \| [^|]* \|$"
    rows = re.findall(row, text, flags=re.MULTILINE)
    assert dict(rows) == {str(wiring): wiring.property for wiring in WIRINGS}
