"""The door: words every question, lets nothing through but an array of the right kind."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.subjects.subject import Crashed, Subject, SubjectError, Unsupported, WrongAnswer


def subject_of(answer: Any) -> Subject:
    """A function subject that gives `answer(x)` whatever it is asked."""
    return Subject.function(lambda key, x, rate, deterministic: answer(x), name="mine")  # noqa: ARG005


def raising(error: Any) -> Any:
    """An answer that raises."""

    def answer(_: Any) -> Any:
        raise error

    return answer


def test_a_crash_says_what_was_asked_what_came_and_what_to_do(x: Any, key: Any) -> None:
    """The message of Crashed, sentence by sentence."""
    cause = ValueError("no such\n thing.")
    with pytest.raises(Crashed) as caught:
        subject_of(raising(cause)).call(x, rate=0.5, training=True, streams={"dropout": key})
    asked = "call(x: float32[16, 16], rate=0.5, training=True, streams: dropout)"
    assert str(caught.value) == (
        f"mine was asked for {asked} and raised ValueError: no such thing. "
        f"No error is allowed here. "
        f"Make the same call on the layer alone to see where it comes from; "
        f"if the layer is not meant to do this, say so in its traits."
    )
    assert caught.value.__cause__ is cause
    assert (caught.value.subject, caught.value.operation, caught.value.asked) == (
        "mine",
        "call",
        asked,
    )


def test_a_crash_without_words_is_said_to_have_none(x: Any) -> None:
    """An exception with an empty message leaves no hole in the sentence."""
    with pytest.raises(Crashed, match=r"and raised KeyError: no message. No error"):
        subject_of(raising(KeyError())).call(x, rate=0.5, training=True)


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (lambda x: (x, x), "a tuple"),
        (lambda _: None, "a NoneType"),
        (lambda x: x[0], r"float32\[16\]"),
        (lambda x: x.astype("float16"), r"float16\[16, 16\]"),
        (lambda _: 1.0, "a float"),
    ],
)
def test_a_wrong_answer_says_what_came_and_what_was_expected(
    x: Any, answer: Any, seen: Any
) -> None:
    """The message of WrongAnswer, sentence by sentence."""
    with pytest.raises(WrongAnswer) as caught:
        subject_of(answer).call(x, rate=0.5, training=True)
    first, second, third = str(caught.value).split(". ")
    assert first.startswith("mine was asked for call(x: float32[16, 16], rate=0.5, training=True")
    assert first.endswith(f"returned {caught.value.seen}, where float32[16, 16] was expected")
    assert second == "A training output must have the shape and the dtype of its reference"
    assert third.startswith("Return one array and convert nothing; if the output is meant to")
    assert caught.value.seen == seen.replace("\\", "")
    assert caught.value.expected == "float32[16, 16]"


def test_a_numpy_array_is_an_answer(x: Any) -> None:
    """A layer that leaves JAX is slow, not wrong."""
    seen = subject_of(np.asarray).call(x, rate=0.5, training=True)
    np.testing.assert_array_equal(seen, x)


def test_a_wrong_answer_is_no_framework_error(x: Any) -> None:
    """expect_errors lets exceptions of the layer through, not answers of the wrong kind."""
    with pytest.raises(SubjectError):
        subject_of(lambda _: None).call(x, rate=0.5, training=True, expect_errors=True)


def test_expect_errors_lets_the_frameworks_own_error_through(x: Any) -> None:
    """Properties about errors see the exception itself."""
    cause = ValueError("mine alone")
    with pytest.raises(ValueError, match=r"^mine alone$") as caught:
        subject_of(raising(cause)).call(x, rate=0.5, training=True, expect_errors=True)
    assert caught.value is cause


def test_unsupported_is_never_a_crash(x: Any) -> None:
    """What an adapter cannot do is not held against the subject."""
    with pytest.raises(Unsupported, match=r"^it cannot stand several times in one model$"):
        subject_of(lambda x: x).call_layers(x, names=("a", "b"), rate=0.5)


def test_a_question_names_what_was_asked_and_hides_the_keys(x: Any, key: Any) -> None:
    """Streams by name, a key as given, broadcast dims only where there are some."""
    crashing = subject_of(raising(ValueError("why")))
    with pytest.raises(
        Crashed, match=r"call_explicit\(x: float32\[16, 16\], key given, rate=0.5, "
    ):
        crashing.call_explicit(x, key=key, rate=0.5)
    with pytest.raises(Crashed, match=r"call_repeatedly\(x: \S+ 16\], times=2, .* streams: none\)"):
        crashing.call_repeatedly(x, times=2, rate=0.5)


def test_the_reference_of_a_model_is_what_its_answers_are_held_to(x: Any) -> None:
    """With reference='eval' a training output must have the shape of the evaluation output."""

    def narrow_in_training(key: Any, x: Any, rate: Any, deterministic: Any) -> Any:
        return x[:, :4] if deterministic else x[:, :3]

    model = Subject.function(narrow_in_training, name="mine", reference="eval", law="composite")
    assert model.reference(x).shape == (16, 4)
    with pytest.raises(WrongAnswer, match=r"returned float32\[16, 3\], where float32\[16, 4\] was"):
        model.call(x, rate=0.5, training=True)


def test_a_model_that_cannot_be_evaluated_says_so(x: Any) -> None:
    """The crash of the evaluation, not of the training call, is reported."""

    def no_evaluation(key: Any, x: Any, rate: Any, deterministic: Any) -> Any:
        if deterministic:
            raise RuntimeError("not today")
        return x

    model = Subject.function(no_evaluation, name="mine", reference="eval")
    with pytest.raises(Crashed, match=r"training=False\) and raised RuntimeError: not today"):
        model.call(x, rate=0.5, training=True)


def test_a_question_works_on_shapes_of_every_rank() -> None:
    """0-d and empty inputs pass the door."""
    for shape in ((), (0,), (2, 0, 3)):
        x = jnp.ones(shape)
        assert subject_of(lambda x: x).call(x, rate=0.5, training=True).shape == shape
