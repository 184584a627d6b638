"""The tests on the page about tests of one's own pass as they stand, and fail on a wrong mask."""

import re
from pathlib import Path
from typing import Any

import jax
import pytest

from dropout_props import assert_bernoulli

_PAGE = (Path(__file__).parents[2] / "docs/your-own-tests.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"```python\n(.*?)```", _PAGE, flags=re.DOTALL)
_TESTS = re.findall(r"^def (test_\w+)", "\n".join(_BLOCKS), flags=re.MULTILINE)


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    """Return what the blocks of the page define, run from the top as one file."""
    names: dict[str, Any] = {}
    exec("\n".join(_BLOCKS), names)  # noqa: S102 (our own page)
    return names


@pytest.mark.parametrize("name", _TESTS)
def test_a_test_of_the_page_passes(name: str, written: dict[str, Any]) -> None:
    """The mask of the page is right."""
    written[name]()


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("test_units_are_kept_at_the_rate", "each unit is kept"),
        ("test_two_layers_have_independent_masks", "the two masks are independent"),
    ],
)
def test_a_test_of_the_page_fails_on_a_wrong_mask(
    name: str, seen: str, written: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One mask for every key, kept at half of the rate, fails both."""
    wrong = jax.random.bernoulli(jax.random.key(0), 0.475, (100, 128))
    monkeypatch.setitem(written, "my_mask", lambda *_: wrong)
    with pytest.raises(AssertionError, match=seen):
        written[name]()


def test_the_refusal_on_the_page_is_the_one_of_today() -> None:
    """The quoted message is word for word that of the assertion."""
    with pytest.raises(ValueError, match="too few") as refused:
        assert_bernoulli(
            jax.numpy.ones((100, 128), bool),
            keep_rate=0.5,
            discrepancy=0.01,
            false_fail_rate=1e-10,
            false_pass_rate=1e-3,
        )
    quoted = re.findall(r"```text\n(.*?)```", _PAGE, flags=re.DOTALL)
    assert str(refused.value) in [" ".join(block.split()) for block in quoted]
