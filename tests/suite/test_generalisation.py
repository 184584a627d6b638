"""DP804: dropout narrows the train/test gap of small models. `pytest -m nightly` runs it."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.nightly

_MODELS = ("d2l.DropoutMLP", "d2l.dropout_layer with keys")
_NONE = ("a mask of ones", "no dropout, trained again")


@pytest.fixture(scope="module")
def digits() -> Any:
    """The module beside this one, which tests of the default run need not load."""
    spec = spec_from_file_location("digits", Path(__file__).with_name("digits.py"))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", _MODELS)
def test_dropout_narrows_the_gap(digits: Any, name: str) -> None:
    """An exact test at the error rate of a false pass excludes P(narrower) <= 1/2."""
    seen = digits.compare(name)
    assert seen.shown, f"DP804 is not shown: {digits.SENTENCE} {name}: {seen}"


@pytest.mark.parametrize("name", _NONE)
def test_what_drops_nothing_is_not_shown_to_narrow_it(digits: Any, name: str) -> None:
    """The same test does not exclude it where every unit is kept, with the same seeds or others."""
    seen = digits.compare(name)
    assert not seen.shown, f"DP804 is shown of what drops nothing: {name}: {seen}"


def test_every_model_is_asked(digits: Any) -> None:
    """The names above are those of the module."""
    assert tuple(digits.SHOWN) == _MODELS
    assert tuple(digits.NO_DROPOUT) == _NONE
