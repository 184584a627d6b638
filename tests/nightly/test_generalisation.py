"""DP804: dropout narrows the train/test gap of small models. `pytest -m nightly` runs it."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.nightly

_MODELS = ("d2l.DropoutMLP", "d2l.dropout_layer with keys")
_WITHOUT = ("a mask of ones", "no dropout, trained again")


@pytest.fixture(scope="module")
def digits() -> Any:
    """The module `digits`; the default run does not import it."""
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


@pytest.mark.parametrize("name", _WITHOUT)
def test_a_model_without_dropout_does_not_narrow_the_gap(digits: Any, name: str) -> None:
    """The same test does not exclude P(narrower) <= 1/2 for models that keep every unit."""
    seen = digits.compare(name)
    assert not seen.shown, f"DP804 is shown for a model without dropout: {name}: {seen}"


def test_every_model_is_tested(digits: Any) -> None:
    """The names above are those of the module `digits`."""
    assert tuple(digits.SHOWN) == _MODELS
    assert tuple(digits.NO_DROPOUT) == _WITHOUT
