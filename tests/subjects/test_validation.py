"""Validation describes each call, and accepts only arrays of the right shape and dtype."""

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.subjects.operations import Layers, Repeat, WithKey
from dropout_props.subjects.raised_at import raised_at
from dropout_props.subjects.subject import Crashed, Subject, SubjectError, Unsupported, WrongOutput


def subject_of(output: Any) -> Subject:
    """A function subject that returns `output(x)` for every call."""
    return Subject.function(lambda key, x, rate, deterministic: output(x), name="mine")  # noqa: ARG005


def raising(error: Any) -> Any:
    """A function that raises."""

    def function(_: Any) -> Any:
        raise error  # the innermost line of the layer

    return function


_LINE = 1 + Path(__file__).read_text().splitlines().index(
    "        raise error  # the innermost line of the layer"
)
_PLACE = f"(test_validation.py, line {_LINE})"


def test_the_message_of_a_crash_has_the_call_the_error_and_a_remedy(x: Any, key: Any) -> None:
    """The message of Crashed, sentence by sentence."""
    cause = ValueError("no such\n thing.")
    with pytest.raises(Crashed) as caught:
        subject_of(raising(cause)).call(x, rate=0.5, training=True, streams={"dropout": key})
    call = "call(x: float32[16, 16], rate=0.5, training=True, streams: dropout)"
    assert str(caught.value) == (
        f"mine: {call} raised ValueError: no such thing {_PLACE}. "
        f"The property allows no error here. "
        f"Make the same call on the layer alone to see where the error comes from; "
        f"if the layer is not meant to support this call, say so by an option, such as "
        f"inputs= or rate=."
    )
    assert caught.value.__cause__ is cause
    assert (caught.value.subject, caught.value.operation, caught.value.call) == (
        "mine",
        "call",
        call,
    )


def test_an_exception_without_a_message_is_reported_as_such(x: Any) -> None:
    """The sentence says "no message" where the exception has none."""
    with pytest.raises(Crashed, match=r"\) raised KeyError: no message \(test.*\d\)\. The prop"):
        subject_of(raising(KeyError())).call(x, rate=0.5, training=True)


@pytest.mark.parametrize(
    ("output", "seen"),
    [
        (lambda x: x[0], r"float32\[16\]"),
        (lambda x: x.astype("float16"), r"float16\[16, 16\]"),
    ],
)
def test_the_message_of_a_wrong_output_has_its_kind_and_the_expected_kind(
    x: Any, output: Any, seen: Any
) -> None:
    """The message of WrongOutput, sentence by sentence."""
    with pytest.raises(WrongOutput) as caught:
        subject_of(output).call(x, rate=0.5, training=True)
    first, second, third = str(caught.value).split(". ")
    assert first.startswith("mine: call(x: float32[16, 16], rate=0.5, training=True")
    assert first.endswith(f"returned {caught.value.seen}, where float32[16, 16] was expected")
    assert second == "A training output must have the shape and the dtype of its reference"
    assert third.startswith("Do not convert it; if the output is meant to")
    assert caught.value.seen == seen.replace("\\", "")
    assert caught.value.expected == "float32[16, 16]"


@pytest.mark.parametrize(
    ("output", "seen", "remedy"),
    [
        (lambda x: (x, x), "a tuple", "say which part is its output, as in output=0"),
        (lambda x: {"y": x}, "a dict", "say which part is its output, as in output='y'"),
        (lambda _: None, "a NoneType", "its call lacks a return"),
        (lambda _: 1.0, "a float", "say which part is its output, as in output='name' for"),
    ],
)
def test_the_message_of_an_output_that_is_no_array_names_the_option(
    x: Any, output: Any, seen: str, remedy: str
) -> None:
    """Which part of a tuple or a dict is the output is said by `output`, which the text shows."""
    with pytest.raises(WrongOutput) as caught:
        subject_of(output).call(x, rate=0.5, training=True)
    assert f"returned {seen}, where float32[16, 16] was expected. " in str(caught.value)
    assert f"A layer returns one array: {remedy}" in str(caught.value)


def test_a_numpy_array_is_a_valid_output(x: Any) -> None:
    """A layer that leaves JAX is slow, not wrong."""
    seen = subject_of(np.asarray).call(x, rate=0.5, training=True)
    np.testing.assert_array_equal(seen, x)


def test_expect_errors_does_not_allow_a_wrong_output(x: Any) -> None:
    """expect_errors lets exceptions of the layer through, and no output of the wrong kind."""
    with pytest.raises(SubjectError):
        subject_of(lambda _: None).call(x, rate=0.5, training=True, expect_errors=True)


def test_expect_errors_lets_the_frameworks_own_error_through(x: Any) -> None:
    """Properties about errors see the exception itself."""
    cause = ValueError("mine alone")
    with pytest.raises(ValueError, match=r"^mine alone$") as caught:
        subject_of(raising(cause)).call(x, rate=0.5, training=True, expect_errors=True)
    assert caught.value is cause


def test_unsupported_is_never_a_crash(x: Any) -> None:
    """The subject is not blamed for an operation that its adapter cannot run."""
    with pytest.raises(Unsupported, match=r"^it cannot occur several times in one model$"):
        subject_of(lambda x: x).run(Layers(("a", "b")), x, rate=0.5)


def test_a_described_call_names_its_arguments_and_hides_the_keys(x: Any, key: Any) -> None:
    """It names streams, says that a key was given, and omits empty broadcast_dims."""
    crashing = subject_of(raising(ValueError("why")))
    given = r"x: float32\[16, 16\], key given, rate=0.5, streams: none"
    with pytest.raises(Crashed, match=rf"mine: call with a key\({given}\) raised"):
        crashing.run(WithKey(), x, key=key, rate=0.5)
    given = r"x: float32\[16, 16\], rate=0.5, times=2, streams: none"
    with pytest.raises(Crashed, match=rf"mine: repeated calls\({given}\) raised"):
        crashing.run(Repeat(2), x, rate=0.5)


def test_a_key_without_withkey_and_withkey_without_a_key_are_refused(x: Any, key: Any) -> None:
    """Both are errors of the caller, and say where a key belongs."""
    subject = subject_of(lambda x: x)
    for operation, wrong in ((Repeat(2), key), (WithKey(), None)):
        with pytest.raises(ValueError, match=r"WithKey takes a key, and no other operation does"):
            subject.run(operation, x, rate=0.5, key=wrong)


def test_outputs_of_a_model_are_compared_with_its_reference(x: Any) -> None:
    """With reference='eval' a training output must have the shape of the evaluation output."""

    def narrow_in_training(key: Any, x: Any, rate: Any, deterministic: Any) -> Any:
        return x[:, :4] if deterministic else x[:, :3]

    model = Subject.function(narrow_in_training, name="mine", reference="eval", law="composite")
    assert model.reference(x).shape == (16, 4)
    with pytest.raises(WrongOutput, match=r"returned float32\[16, 3\], where float32\[16, 4\] was"):
        model.call(x, rate=0.5, training=True)


def test_the_crash_of_an_evaluation_is_reported(x: Any) -> None:
    """The message names the evaluation that computes the reference, not the training call."""

    def no_evaluation(key: Any, x: Any, rate: Any, deterministic: Any) -> Any:
        if deterministic:
            raise RuntimeError("not today")
        return x

    model = Subject.function(no_evaluation, name="mine", reference="eval")
    with pytest.raises(Crashed, match=r"training=False\) raised RuntimeError: not today"):
        model.call(x, rate=0.5, training=True)


def test_shapes_of_every_rank_are_valid() -> None:
    """0-d and empty inputs pass validation."""
    for shape in ((), (0,), (2, 0, 3)):
        x = jnp.ones(shape)
        assert subject_of(lambda x: x).call(x, rate=0.5, training=True).shape == shape


def test_the_place_of_an_error_is_a_line_of_the_author(x: Any) -> None:
    """The line that calls JAX, and none where a framework alone runs."""

    def adds(x: Any) -> Any:
        return x + jnp.ones(3)

    with pytest.raises(Crashed, match=r"\(test_validation.*\d\)\. The property") as caught:
        subject_of(adds).call(x, rate=0.5, training=True)
    at = adds.__code__.co_firstlineno + 1
    assert raised_at(caught.value.__cause__) == f"test_validation.py, line {at}"
    found = caught.value.__cause__
    assert found is not None
    assert found.__traceback__ is not None
    inner = found.__traceback__
    while inner.tb_next is not None:
        inner = inner.tb_next
    assert raised_at(found.with_traceback(inner)) == ""  # the line of JAX that raised
    assert raised_at(ValueError("never raised")) == ""
