"""The law of an output says which units are kept, how often, and when two outputs agree."""

import ast
from pathlib import Path
from typing import Any, get_args

import jax.numpy as jnp
import numpy as np
import pytest

import dropout_props
from dropout_props.statistics import keep_interval
from dropout_props.subjects.output_law import OutputLaw
from dropout_props.subjects.rounding import are_close, epsilon
from dropout_props.subjects.traits import LawName, Traits

_DROPOUT, _NOISE, _HIDDEN = map(OutputLaw, get_args(LawName))
_UNSCALED = OutputLaw(dropped=-1.0, kept="unscaled")
_AFFINE = OutputLaw(dropped=lambda keep: keep - 1.0, kept=lambda x, keep: keep * x + 1.0)
_X = np.array([0.5, -2.0, 4.0], np.float32)


def test_traits_make_the_law() -> None:
    """Law, dropped and kept stay traits, and are read as one object."""
    traits = Traits(api="linen", law="dropout", dropped=-1.0, kept="unscaled")
    assert traits.output_law == _UNSCALED
    assert Traits(api="linen").output_law == _DROPOUT


@pytest.mark.parametrize(
    ("law", "outputs", "kept"),
    [
        (_DROPOUT, [0.0, -4.0, 8.0], [False, True, True]),
        (_DROPOUT, [np.nan, -0.0, np.inf], [True, False, True]),
        (_NOISE, [0.6, -2.1, 4.0], [True, False, False]),  # above its reference, or not
        (_HIDDEN, [0.0, -4.0, 8.0], [False, True, True]),
        (_UNSCALED, [0.5, -1.0, 4.0], [True, False, True]),
        (_UNSCALED, [0.0, -2.0, np.nan], [False, True, False]),
        (_AFFINE, [1.25, -0.5, 3.0 * (1.0 + 1e-5)], [True, False, False]),
        (_AFFINE, [-0.5, 0.0, 3.0 * (1.0 + 1e-7)], [False, True, True]),
    ],
)
def test_each_law_has_its_kept_units(law: OutputLaw, outputs: Any, kept: list[bool]) -> None:
    """They are those that are not 0, above their reference, or that have the declared value."""
    rows = np.array([outputs, outputs], np.float32)
    found = law.kept_units(rows, lambda: _X, keep=0.5)
    assert found.tolist() == [kept, kept]


def test_plain_dropout_needs_no_reference() -> None:
    """The reference of a model is an evaluation, which its mask does not depend on."""

    def reference() -> Any:
        raise AssertionError("it was evaluated")

    assert _DROPOUT.kept_units(_X, reference, keep=0.5).all()
    with pytest.raises(AssertionError, match="evaluated"):
        _NOISE.kept_units(_X, reference, keep=0.5)


@pytest.mark.parametrize("rate", [0.001, 0.3, 0.9])
def test_each_law_has_its_null(rate: float) -> None:
    """Noise is above its reference half of the time at every rate; dropout keeps 1 - rate."""
    for law in (_DROPOUT, _HIDDEN, _UNSCALED, _AFFINE):
        assert law.null(rate) == keep_interval(rate)
        assert law.keep_rate(rate) == 1.0 - rate
    low, high = _NOISE.null(rate)
    assert (low, high) == (0.5 - 2.0**-20, 0.5 + 2.0**-20)
    assert _NOISE.keep_rate(rate) == 0.5


def test_each_law_has_its_values() -> None:
    """A kept unit is scaled, or not, or a function says what it is; so does one of a dropped."""
    assert _DROPOUT.kept_output(_X, 0.5).tolist() == (2 * _X).tolist()
    assert _UNSCALED.kept_output(_X, 0.5).tolist() == _X.tolist()
    assert _AFFINE.kept_output(_X, 0.5).tolist() == (_X / 2 + 1).tolist()
    laws = (_DROPOUT, _UNSCALED, _AFFINE, OutputLaw(dropped=None))
    assert [law.dropped_output(0.5) for law in laws] == [0.0, -1.0, -0.5, None]


def test_each_law_says_what_it_shows() -> None:
    """Noise has no two values and is rounded away in half precision; composite hides the mask."""
    facts = ("is_noise", "has_two_values", "shows_mask", "counts_half_precision", "is_plain")
    table = {
        law: [getattr(law, fact) for fact in facts]
        for law in (_DROPOUT, _NOISE, _HIDDEN, _UNSCALED)
    }
    assert table == {
        _DROPOUT: [False, True, True, True, True],
        _NOISE: [True, False, True, False, True],
        _HIDDEN: [False, False, False, True, True],
        _UNSCALED: [False, True, True, True, False],
    }


@pytest.mark.parametrize(
    ("law", "of_input", "equal", "unequal"),
    [
        (_DROPOUT, True, 1e-7, 1e-6),  # one quotient
        (_DROPOUT, False, 5e-5, 1e-3),  # behind a matrix product
        (_HIDDEN, False, 5e-5, 1e-3),
        (_AFFINE, True, 5e-5, 1e-3),
        (_NOISE, True, 5e-5, 1e-3),
    ],
)
def test_outputs_agree_up_to_the_rounding_of_their_law(
    law: OutputLaw, of_input: bool, equal: float, unequal: float
) -> None:
    """The unit that differs by more is found."""
    expected = np.array([4.0, 0.0, -1.0], np.float32)

    def off(relative: float) -> list[bool]:
        seen = expected * np.array([1.0 + relative, 1.0, 1.0], np.float32)
        return law.unlike_values(seen, expected, keep=0.75, of_input=of_input).tolist()

    assert off(equal) == [False] * 3
    assert off(unequal) == [True, False, False]


def test_a_nan_equals_a_nan_alone() -> None:
    """Where both outputs have one they agree, and where one has it they do not."""
    seen, expected = np.array([np.nan, np.nan]), np.array([np.nan, 1.0])
    for law in (_DROPOUT, _AFFINE):
        off = law.unlike_values(seen, expected, keep=0.75, of_input=True)
        assert off.tolist() == [False, True]


def test_noise_is_measured_by_its_largest_unit() -> None:
    """A small unit of noise may be off by a ten-thousandth of the largest; one of dropout not."""
    expected = np.array([100.0, 1e-3], np.float32)
    seen = expected + np.array([0.0, 5e-3], np.float32)
    assert _NOISE.unlike_values(seen, expected, keep=0.5, of_input=True).tolist() == [False, False]
    assert _DROPOUT.unlike_values(seen, expected, keep=0.5, of_input=True).tolist() == [False, True]


def test_half_precision_behind_arithmetic_may_be_off_by_units_of_its_own() -> None:
    """16 units in the last place of bfloat16 are more than a ten-thousandth."""
    expected = jnp.ones(2, jnp.bfloat16)
    seen = np.asarray(expected * jnp.asarray([1.2, 1.3], jnp.bfloat16))
    off = _HIDDEN.unlike_values(seen, np.asarray(expected), keep=0.5, of_input=False)
    assert off.tolist() == [False, True]


def test_masks_are_compared_where_the_output_shows_them() -> None:
    """A unit that is 0 in one output alone, but for noise and a declared map, which may give 0."""
    seen, expected = np.array([0.0, 1.0, 2.0]), np.array([1.0, 1.0, 0.0])
    for law in (_DROPOUT, _UNSCALED, _HIDDEN):
        assert law.unlike_masks(seen, expected).tolist() == [True, False, True]
    for law in (_NOISE, _AFFINE):
        assert not law.unlike_masks(seen, expected).any()


def test_closeness_is_in_units_of_the_dtype() -> None:
    """Eight units in the last place, of float32 and of bfloat16; an integer has none."""
    outputs = np.array([1.0 + 7 * 2.0**-23, 1.0 + 2.0**-18], np.float32)
    assert are_close(outputs, 1.0).tolist() == [True, False]
    assert (epsilon(jnp.bfloat16), epsilon(np.int32)) == (2.0**-7, 0.0)


def test_no_other_module_compares_the_name_of_a_law() -> None:
    """Every place asks the object, so that a new law has one place."""
    names = set(get_args(LawName)) - {"dropout"}  # this one is a stream as well
    root = Path(dropout_props.__file__).parent
    found = [
        f"{path.relative_to(root)}:{node.lineno}"
        for path in sorted(root.rglob("*.py"))
        if path.name != "output_law.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare)
        if any(isinstance(one, ast.Constant) and one.value in names for one in node.comparators)
    ]
    assert found == []
