"""A kernel equals the Dropout of its framework bit for bit; each function can be replaced."""

from dataclasses import fields, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.layers import registry
from dropout_props.selftest.kernel.build import kernel_subject
from dropout_props.selftest.kernel.kernel import Kernel, Site
from dropout_props.subjects.operations import Call, InModes, Layers, Operation, Repeat, WithKey
from dropout_props.subjects.subject import Subject

APIS = ("linen", "nnx")


def rederived(site: Site) -> Any:
    """Draw the key, and return the key of the published derivation instead."""
    site.issue()
    return site.key_at()


CORRECT = {"default": Kernel(), "rederived": Kernel(derive_key=rederived)}


@pytest.fixture(params=[(api, name) for api in APIS for name in CORRECT], ids="-".join)
def pair(request: pytest.FixtureRequest) -> Any:
    """The Dropout of a framework, and a correct kernel on the same API."""
    api, name = request.param
    return registry.load(f"{api}.Dropout"), kernel_subject(CORRECT[name], api=api, name=name)


def equal(one: Any, other: Any) -> bool:
    """Return whether two outputs, or tuples of outputs, are equal bit for bit."""
    pairs = zip(jax.tree_util.tree_leaves(one), jax.tree_util.tree_leaves(other), strict=True)
    return all(
        left.dtype == right.dtype and np.asarray(left).tobytes() == np.asarray(right).tobytes()
        for left, right in pairs
    )


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("typed", [False, True])
def test_a_call_equals_that_of_the_framework(
    pair: Any, x: Any, key: Any, rate: Any, typed: Any
) -> None:
    """It does at every rate, in training and evaluation, with raw and typed keys."""
    streams = {"dropout": jax.random.wrap_key_data(key) if typed else key}
    for training in (True, False):
        arguments: dict[str, Any] = {"rate": rate, "training": training, "streams": streams}
        assert equal(*(subject.call(x, **arguments) for subject in pair))


@pytest.mark.parametrize(
    "operation",
    [
        Call(training=True, broadcast_dims=(0,)),
        Call(training=True, broadcast_dims=(-1,)),
        Repeat(3),
        Layers(("a", "b/c", "b/d/e")),
        InModes((True, False, True)),
    ],
)
def test_every_operation_equals_that_of_the_framework(
    pair: Any, x: Any, key: Any, operation: Operation
) -> None:
    """It does eagerly, under jit and under vmap over keys."""

    def operating(subject: Subject) -> Any:
        return lambda key: subject.run(operation, x, rate=0.5, streams={"dropout": key})

    assert equal(*(operating(subject)(key) for subject in pair))
    assert equal(*(jax.jit(operating(subject))(key) for subject in pair))
    keys = jax.random.split(key, 3)
    assert equal(*(jax.vmap(operating(subject))(keys) for subject in pair))


def test_streams_are_used_as_by_the_framework(pair: Any, x: Any, key: Any) -> None:
    """So are a stream of another name and an explicit key; the gradient is equal too."""
    noise = {"noise": key, "dropout": jax.random.PRNGKey(1)}
    call: dict[str, Any] = {"rate": 0.5, "training": True}
    assert equal(*(subject.call(x, streams=noise, **call) for subject in pair))
    renamed = [subject.with_stream("noise") for subject in pair]
    assert equal(*(subject.call(x, streams=noise, **call) for subject in renamed))
    for streams in ({}, noise):
        assert equal(
            *(subject.run(WithKey(), x, key=key, rate=0.5, streams=streams)[0] for subject in pair)
        )

    def gradient(subject: Subject) -> Any:
        return jax.grad(lambda x: (subject.call(x, streams=noise, **call) ** 2).sum())(x)

    assert equal(*map(gradient, pair))


@pytest.mark.parametrize("stream", ["default", "params"])
def test_a_fallback_is_that_of_the_framework(pair: Any, x: Any, key: Any, stream: Any) -> None:
    """A kernel draws from another stream, or refuses to, exactly where the framework does."""

    def outcome(subject: Subject) -> Any:
        try:
            return np.asarray(
                subject.call(x, rate=0.5, training=True, streams={stream: key}, expect_errors=True)
            ).tobytes()
        except Exception as error:  # noqa: BLE001 - the error is the outcome
            return type(error), str(error)

    own, kernel = map(outcome, pair)
    assert own == kernel


def test_the_error_of_a_missing_key_is_that_of_the_framework(pair: Any, x: Any) -> None:
    """Its type and its message are."""
    seen = []
    for subject in pair:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - compared below
            subject.call(x, rate=0.5, training=True, expect_errors=True)
        seen.append((caught.type, str(caught.value)))
    assert seen[0] == seen[1]


def test_its_traits_are_those_of_the_framework(pair: Any) -> None:
    """The same properties apply, but for the derivation, which a kernel may replace."""
    own, kernel = pair
    assert kernel.traits == replace(own.traits, derivation=None)


FIXED = jax.random.PRNGKey(7)
CHANGES: dict[str, Any] = {
    "derive_key": lambda site: jax.random.fold_in(site.issue(), 7),
    "missing_key": lambda site: FIXED,  # noqa: ARG005
    "explicit_key": lambda site, key: FIXED,  # noqa: ARG005
    "mask_shape": lambda shape, dims: (1, *shape[1:]),  # noqa: ARG005
    "draw": lambda key, keep_rate, shape, site: jnp.ones(shape, bool),  # noqa: ARG005
    "combine": lambda x, mask, keep_rate, key: x * mask,  # noqa: ARG005
    "rate_zero": lambda x, rate: 2 * x,  # noqa: ARG005
    "evaluate": lambda x, rate: x * (1 - rate),
    "rate_one": lambda x, rate: x,  # noqa: ARG005
    "when_built": lambda source, stream: source.issue(stream) if source.has(stream) else None,
    "before_evaluate": lambda source, stream: source.issue(stream),
    "order": ("rate_one", "evaluate", "rate_zero"),
    "mode": lambda modes, merge: not merge(),  # noqa: ARG005
}
CALLS: dict[str, Any] = {
    "missing_key": lambda subject, x, key: subject.call(x, rate=0.5, training=True),  # noqa: ARG005
    "explicit_key": lambda subject, x, key: subject.run(WithKey(), x, key=key, rate=0.5)[0],
    "rate_zero": lambda subject, x, key: subject.call(  # noqa: ARG005
        x, rate=0.0, training=True
    ),
    "evaluate": lambda subject, x, key: subject.call(  # noqa: ARG005
        x, rate=0.5, training=False
    ),
    "rate_one": lambda subject, x, key: subject.call(  # noqa: ARG005
        x, rate=1.0, training=True
    ),
    "before_evaluate": lambda subject, x, key: subject.run(
        InModes((True, False, True)), x, rate=0.5, streams={"dropout": key}
    ),
    "order": lambda subject, x, key: subject.call(x, rate=1.0, training=False),  # noqa: ARG005
}


def usual(subject: Subject, x: Any, key: Any) -> Any:
    """A training call, which shows every change that has no call of its own in CALLS."""
    return subject.call(x, rate=0.5, training=True, streams={"dropout": key})


def test_every_function_has_a_change() -> None:
    """CHANGES has every field of the kernel."""
    assert {field.name for field in fields(Kernel)} == set(CHANGES)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("name", CHANGES)
def test_each_function_is_the_one_that_is_used(api: Any, name: Any, x: Any, key: Any) -> None:
    """A change of one function changes the output of the call that uses it."""
    call = CALLS.get(name, usual)
    changed = call(kernel_subject(Kernel(**{name: CHANGES[name]}), api=api, name=name), x, key)
    if name == "missing_key":
        assert changed.shape == x.shape  # a correct kernel raises, as tested above
    else:
        assert not equal(call(kernel_subject(Kernel(), api=api, name="correct"), x, key), changed)


@pytest.mark.parametrize("api", APIS)
def test_a_change_affects_no_other_call(api: Any, x: Any, key: Any) -> None:
    """A change of the draw leaves evaluation and the rates 0 and 1 as they are."""
    subjects = [
        kernel_subject(kernel, api=api, name="kernel")
        for kernel in (Kernel(), Kernel(draw=CHANGES["draw"], combine=CHANGES["combine"]))
    ]
    for name in ("rate_zero", "evaluate", "rate_one", "order"):
        assert equal(*(CALLS[name](subject, x, key) for subject in subjects))


def repeated(kernel: Any, api: Any, x: Any, key: Any) -> Any:
    """Return which units three calls of one layer keep, bool[3, *shape]."""
    subject = kernel_subject(kernel, api=api, name="kernel")
    outputs = subject.run(Repeat(3), x, rate=0.5, streams={"dropout": key})
    return np.stack(outputs) != 0


@pytest.mark.parametrize("api", APIS)
def test_a_site_distinguishes_calls(api: Any, x: Any, key: Any) -> None:
    """The key depends on the count of the call; a kernel that ignores it repeats the mask."""
    correct = repeated(Kernel(), api, x, key)
    ignored = repeated(Kernel(derive_key=lambda site: site.key_at(count=0)), api, x, key)
    assert (ignored == correct[0]).all()
    rewound = repeated(
        Kernel(derive_key=lambda site: (site.issue(), site.key_at(count=site.count % 2))[1]),
        api,
        x,
        key,
    )
    np.testing.assert_array_equal(rewound, correct[[0, 1, 0]])


@pytest.mark.parametrize("api", APIS)
def test_a_site_distinguishes_layers(api: Any, x: Any, key: Any) -> None:
    """Without the path of the layer folded in, all layers have one key."""
    kernel = Kernel(derive_key=lambda site: site.root_key)
    subject = kernel_subject(kernel, api=api, name="root")
    outputs = subject.run(Layers(("a", "b/c")), x, rate=0.5, streams={"dropout": key})
    assert equal(*outputs)
    explicit = jax.random.bernoulli(key, 0.5, x.shape)
    np.testing.assert_array_equal(np.asarray(outputs[0]) != 0, explicit)


@pytest.mark.parametrize("api", APIS)
def test_a_site_remembers_within_one_application(api: Any, x: Any, key: Any) -> None:
    """A stored mask is there in the next call, and gone in the next application."""

    def cached(key: Any, keep_rate: Any, shape: Any, site: Site) -> Any:
        return site.memory.setdefault("mask", jax.random.bernoulli(key, keep_rate, shape))

    first = repeated(Kernel(draw=cached), api, x, key)
    assert (first == first[0]).all()
    again = repeated(Kernel(draw=cached), api, x, jax.random.PRNGKey(1))
    assert not np.array_equal(first, again)


@pytest.mark.parametrize("api", APIS)
def test_a_site_reaches_other_streams(api: Any, x: Any, key: Any) -> None:
    """A kernel can see whether another stream has a key, and draw from it."""

    def wrong(site: Site) -> Any:
        return site.issue("params" if site.has("params") else None)

    subject = kernel_subject(Kernel(derive_key=wrong), api=api, name="wrong")
    outputs = [
        usual(subject, x, key),
        *(
            subject.call(
                x,
                rate=0.5,
                training=True,
                streams={"dropout": key, "params": jax.random.PRNGKey(seed)},
            )
            for seed in (1, 2)
        ),
    ]
    assert len({np.asarray(output).tobytes() for output in outputs}) == 3


@pytest.mark.parametrize("api", APIS)
def test_a_gradient_alone_can_be_wrong(api: Any, x: Any, key: Any) -> None:
    """A kernel with its own backward pass has correct outputs and other gradients."""

    @jax.custom_vjp
    def unscaled(x: Any, mask: Any) -> Any:
        return jnp.where(mask, x / 0.5, 0)

    unscaled.defvjp(
        lambda x, mask: (unscaled(x, mask), mask),
        lambda mask, cotangent: (jnp.where(mask, cotangent, 0), None),
    )
    kernel = Kernel(combine=lambda x, mask, keep_rate, key: unscaled(x, mask))  # noqa: ARG005
    wrong, correct = (kernel_subject(one, api=api, name="kernel") for one in (kernel, Kernel()))
    assert equal(usual(wrong, x, key), usual(correct, x, key))
    gradients = [
        jax.grad(lambda x, subject=subject: usual(subject, x, key).sum())(x)
        for subject in (wrong, correct)
    ]
    np.testing.assert_array_equal(2 * gradients[0], gradients[1])
