"""The tests on the page about tests of one's own pass as they stand, and fail on a wrong mask."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import pytest

from dropout_props import assert_bernoulli
from dropout_props.cases.profiles import Profile
from dropout_props.engine import Judge, Settings
from dropout_props.layers import registry
from dropout_props.properties import own
from dropout_props.results.verdict import Verdict

_PAGE = (Path(__file__).parents[2] / "docs/your-own-tests.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"```python\n(.*?)```", _PAGE, flags=re.DOTALL)
_TESTS = re.findall(r"^def (test_\w+)", "\n".join(_BLOCKS), flags=re.MULTILINE)


@pytest.fixture(scope="module")
def written() -> Iterator[dict[str, Any]]:
    """Return what the blocks of the page define, run from the top as one file."""
    names: dict[str, Any] = {"__name__": "the_page"}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(own, "_own", {})
        exec("\n".join(_BLOCKS), names)  # noqa: S102 (our own page)
        yield names


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


@pytest.mark.usefixtures("written")
def test_the_properties_of_the_page_are_judged() -> None:
    """Each passes on a layer of Flax; its control, which is judged first, fails."""
    one = Profile("one case", 4.0, 1, 1, wide_pools=False)
    settings = replace(Settings.of(profile="smoke"), profile=one, confirm=False)
    judge, layer = Judge(settings, {}), registry.load("linen.Dropout")
    found = {prop.id: judge(layer, prop) for prop in own.own_properties()}
    verdicts = {one: result.verdict for one, result in found.items()}
    assert verdicts == {"MY101": Verdict.PASS, "MY201": Verdict.PASS}, found
