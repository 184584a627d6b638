"""Every operation on every shipped subject, on the installed Flax."""

from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.subjects.operations import InModes, Layers, Repeat, WithKey
from dropout_props.subjects.subject import Subject, Unsupported


def rate_of(subject: Subject) -> float:
    """Return a rate that the subject takes."""
    return 0.5 if subject.traits.rate is None else subject.traits.rate


def same(one: Any, other: Any) -> bool:
    """Return whether two arrays hold equal numbers."""
    return bool(np.array_equal(np.asarray(one), np.asarray(other)))


def train(subject: Subject, x: Any, key: Any, **arguments: Any) -> Any:
    """Call the subject once in training mode, with one key."""
    return subject.call(
        x, rate=rate_of(subject), training=True, streams={"dropout": key}, **arguments
    )


@contextmanager
def unsupported_if(subject: Subject, ability: Any) -> Any:
    """Check that the operation is refused if, and only if, the traits lack the ability."""
    if subject.traits.lacks(ability) is None:
        yield
    else:
        with pytest.raises(Unsupported):
            yield


def test_every_unit_is_dropped_or_scaled(masked: Subject, x: Any, key: Any) -> None:
    """A unit of a training output is 0 or reference/keep, and both occur."""
    reference = np.asarray(masked.reference(x))
    output = np.asarray(train(masked, x, key))
    kept = output != 0
    np.testing.assert_array_almost_equal_nulp(output[kept], reference[kept] / 0.5, nulp=1)
    assert kept.any()
    assert not kept.all()


def test_a_training_output_has_the_references_shape_and_dtype(
    subject: Subject, x: Any, key: Any
) -> None:
    """It has, even where the output of a model is narrower than its input."""
    output, reference = train(subject, x, key), subject.reference(x)
    assert (output.shape, output.dtype) == (reference.shape, reference.dtype)
    assert not same(output, reference)


def test_one_key_gives_one_output(subject: Subject, x: Any, key: Any) -> None:
    """A call is a pure function of its key."""
    assert same(train(subject, x, key), train(subject, x, key))


def test_a_key_may_be_raw_typed_or_numpy(subject: Subject, x: Any, key: Any) -> None:
    """Keys of different kinds with equal bits give equal outputs."""
    expected = train(subject, x, key)
    assert same(train(subject, x, jax.random.wrap_key_data(key)), expected)
    assert same(train(subject, x, np.asarray(key)), expected)


def test_another_key_gives_another_output(subject: Subject, x: Any) -> None:
    """It does, except for the model that takes no key as published."""
    outputs = [train(subject, x, jax.random.PRNGKey(seed)) for seed in (0, 1)]
    assert same(*outputs) == (subject.name == "d2l.DropoutMLPScratch")


def test_other_streams_are_ignored(subject: Subject, x: Any, key: Any) -> None:
    """Keys of other streams do not change the output."""
    other = jax.random.PRNGKey(1)
    streams = {"dropout": key, "noise": other, "params": other}
    output = subject.call(x, rate=rate_of(subject), training=True, streams=streams)
    assert same(output, train(subject, x, key))


def test_evaluation_needs_no_key_and_gives_the_reference(
    subject: Subject, x: Any, key: Any
) -> None:
    """It does with a key and without; a subject without evaluation mode refuses it."""
    with unsupported_if(subject, "eval_mode"):
        for streams in ({}, {"dropout": key}):
            output = subject.call(x, rate=rate_of(subject), training=False, streams=streams)
            assert same(output, subject.reference(x))


def test_a_missing_key_is_an_error_that_the_traits_name(keyed: Subject, x: Any) -> None:
    """Its type is in the traits, and its message names the stream where the traits say so."""
    traits = keyed.traits
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the trait says which
        keyed.call(x, rate=rate_of(keyed), training=True, expect_errors=True)
    assert type(caught.value).__name__ in traits.missing_key_errors
    assert ("dropout" in str(caught.value)) >= traits.missing_key_names_stream


def test_calls_in_one_application_differ_and_repeat(subject: Subject, x: Any, key: Any) -> None:
    """Each call has its own mask, and a second application gives the same masks."""
    arguments: dict[str, Any] = {"rate": rate_of(subject), "streams": {"dropout": key}}
    with unsupported_if(subject, "repeat"):
        outputs = subject.run(Repeat(3), x, **arguments)
        assert len({np.asarray(output).tobytes() for output in outputs}) == (
            1 if subject.name == "d2l.DropoutMLPScratch" else 3
        )
        assert all(map(same, outputs, subject.run(Repeat(3), x, **arguments)))


@pytest.mark.parametrize("times", [1, 2])
def test_layers_in_one_model_differ_and_repeat(
    masked: Subject, x: Any, key: Any, times: int
) -> None:
    """So do nested layers, in the order of the names, and each of several calls."""
    layers = Layers(("a", "block/a", "b", "block/inner/a"), times)
    arguments: dict[str, Any] = {"rate": rate_of(masked), "streams": {"dropout": key}}
    with unsupported_if(masked, "layers"):
        outputs = masked.run(layers, x, **arguments)
        assert len({(np.asarray(output) != 0).tobytes() for output in outputs}) == 4 * times
        assert all(map(same, outputs, masked.run(layers, x, **arguments)))


def test_modes_alternate_in_one_application(subject: Subject, x: Any, key: Any) -> None:
    """An evaluation call between two training calls gives the reference."""
    arguments: dict[str, Any] = {"rate": rate_of(subject), "streams": {"dropout": key}}
    try:
        first, evaluated, second = subject.run(InModes((True, False, True)), x, **arguments)
    except Unsupported:
        return
    assert subject.traits.eval_mode
    assert not same(first, second)
    assert subject.traits.reference == "eval" or same(evaluated, x)


def test_an_explicit_key_alone_decides_the_mask(subject: Subject, x: Any, key: Any) -> None:
    """The keys of the streams do not change the output."""
    other = jax.random.PRNGKey(1)
    with unsupported_if(subject, "explicit_key"):
        output = subject.run(WithKey(), x, key=key, rate=0.5)[0]
        assert same(
            subject.run(WithKey(), x, key=key, rate=0.5, streams={"dropout": other})[0], output
        )
        assert not same(subject.run(WithKey(), x, key=other, rate=0.5)[0], output)
        assert same(subject.run(WithKey(), x, key=np.asarray(key), rate=0.5)[0], output)


def test_a_layer_draws_from_the_named_stream(subject: Subject, x: Any, key: Any) -> None:
    """The key of the named stream gives the mask; without it the call is an error."""
    with unsupported_if(subject, "named_stream"):
        renamed = subject.with_stream("noise")
        assert renamed.traits.stream == "noise"
        noise = {"noise": key}
        output = renamed.call(x, rate=0.5, training=True, streams=noise)
        both = {**noise, "dropout": jax.random.PRNGKey(1)}
        assert same(renamed.call(x, rate=0.5, training=True, streams=both), output)
        with pytest.raises(Exception, match=r"noise|rngs"):
            renamed.call(x, rate=0.5, training=True, streams={"dropout": key}, expect_errors=True)


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_a_mask_is_shared_along_broadcast_dims(
    subject: Subject, x: Any, key: Any, dim: Any
) -> None:
    """All units along the listed axis are kept or dropped together."""
    with unsupported_if(subject, "broadcast_dims"):
        kept = np.asarray(train(subject, x, key, broadcast_dims=(dim,))) != 0
        assert (kept.all(axis=dim) == kept.any(axis=dim)).all()
        assert not (kept.all(axis=1 + dim if dim < 0 else 1 - dim)).all()


@pytest.mark.parametrize("typed", [False, True])
def test_vmap_over_keys_equals_a_loop(subject: Subject, x: Any, key: Any, typed: Any) -> None:
    """Batching changes no mask, for raw and for typed keys."""
    keys = jax.random.split(key, 3)
    if typed:
        keys = jax.random.wrap_key_data(keys)
    batched = jax.vmap(lambda one: train(subject, x, one))(keys)
    assert same(batched, jnp.stack([train(subject, x, one) for one in keys]))


def test_jit_over_key_and_input_gives_the_same_mask(subject: Subject, x: Any, key: Any) -> None:
    """The trace leaves nothing in a cache: an eager call afterwards works."""
    eager = np.asarray(train(subject, x, key))
    traced = np.asarray(jax.jit(lambda key, x: train(subject, x, key))(key, x))
    np.testing.assert_allclose(traced, eager, rtol=1e-4, atol=1e-4)
    if subject.traits.law == "dropout":
        assert same(traced != 0, eager != 0)
    assert same(train(subject, x, key), eager)


def test_inputs_that_the_traits_allow_are_accepted(subject: Subject, key: Any) -> None:
    """Every dtype of the traits is accepted, in every shape of the rank that they allow."""
    traits = subject.traits
    shapes = [(), (0,), (1,), (3, 0), (2, 3, 5)]
    for dtype in traits.dtypes:
        for shape in [one for one in shapes if len(one) >= traits.min_rank]:
            if traits.empty or 0 not in shape:
                x = jnp.ones(shape, dtype)
                assert train(subject, x, key).dtype == dtype


def test_a_fixed_rate_is_the_only_one(x: Any, key: Any) -> None:
    """The refusal of another rate names both rates."""
    from dropout_props.layers import registry

    fixed = registry.load("textbook.MyModel")
    with pytest.raises(Unsupported, match=r"^its rate is fixed at 0\.5, not 0\.25$"):
        fixed.call(x, rate=0.25, training=True, streams={"dropout": key})


@pytest.mark.parametrize(
    ("names", "rule"),
    [
        (("a", "a"), "'a' is taken twice; rename one"),
        (("a", "a/b"), "'a' is both a layer and a block; rename one"),
        (("a/b", "a"), "'a' is taken twice; rename one"),
        (("a//b",), "'a//b' has an empty part; leave none out"),
        (("",), "'' has an empty part; leave none out"),
    ],
)
def test_invalid_names_of_layers_are_refused(
    linen_dropout: Subject, nnx_dropout: Subject, x: Any, names: Any, rule: Any
) -> None:
    """Both APIs refuse them with the same message, which has the names and the rule."""
    for subject in (linen_dropout, nnx_dropout):
        with pytest.raises(Exception, match="raised ValueError") as caught:
            subject.run(Layers(names), x, rate=0.5)
        assert str(caught.value.__cause__) == f"names={list(names)!r}: {rule}"
