"""A kernel is the framework's Dropout bit for bit, and each of its functions can be exchanged."""

from dataclasses import fields, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.layers import registry
from dropout_props.selftest.kernel.build import kernel_subject
from dropout_props.selftest.kernel.kernel import Kernel, Site
from dropout_props.subjects.subject import Subject

APIS = ("linen", "nnx")


def rederived(site: Site) -> Any:
    """The published derivation in place of the framework's own draw."""
    site.issue()
    return site.key_at()


CORRECT = {"default": Kernel(), "rederived": Kernel(derive_key=rederived)}


@pytest.fixture(params=[(api, name) for api in APIS for name in CORRECT], ids="-".join)
def pair(request: pytest.FixtureRequest) -> Any:
    """The framework's own Dropout and a correct kernel on the same API."""
    api, name = request.param
    return registry.load(f"{api}.Dropout"), kernel_subject(CORRECT[name], api=api, name=name)


def equal(one: Any, other: Any) -> bool:
    """Whether two answers, or tuples of answers, are equal bit for bit."""
    pairs = zip(jax.tree_util.tree_leaves(one), jax.tree_util.tree_leaves(other), strict=True)
    return all(
        left.dtype == right.dtype and np.asarray(left).tobytes() == np.asarray(right).tobytes()
        for left, right in pairs
    )


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("typed", [False, True])
def test_a_call_is_the_frameworks(pair: Any, x: Any, key: Any, rate: Any, typed: Any) -> None:
    """At every rate, in training and evaluation, with raw and typed keys."""
    streams = {"dropout": jax.random.wrap_key_data(key) if typed else key}
    for training in (True, False):
        arguments: dict[str, Any] = {"rate": rate, "training": training, "streams": streams}
        assert equal(*(subject.call(x, **arguments) for subject in pair))


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("call", {"training": True, "broadcast_dims": (0,)}),
        ("call", {"training": True, "broadcast_dims": (-1,)}),
        ("call_repeatedly", {"times": 3}),
        ("call_layers", {"names": ("a", "b/c", "b/d/e")}),
        ("call_in_modes", {"modes": (True, False, True)}),
    ],
)
def test_every_operation_is_the_frameworks(
    pair: Any, x: Any, key: Any, operation: Any, arguments: Any
) -> None:
    """Eagerly, under jit and under vmap over keys."""

    def asking(subject: Subject) -> Any:
        return lambda key: getattr(subject, operation)(
            x, rate=0.5, streams={"dropout": key}, **arguments
        )

    assert equal(*(asking(subject)(key) for subject in pair))
    assert equal(*(jax.jit(asking(subject))(key) for subject in pair))
    keys = jax.random.split(key, 3)
    assert equal(*(jax.vmap(asking(subject))(keys) for subject in pair))


def test_streams_are_the_frameworks(pair: Any, x: Any, key: Any) -> None:
    """Other streams, a stream of another name, an explicit key, a gradient."""
    noise = {"noise": key, "dropout": jax.random.PRNGKey(1)}
    asked: dict[str, Any] = {"rate": 0.5, "training": True}
    assert equal(*(subject.call(x, streams=noise, **asked) for subject in pair))
    renamed = [subject.named_stream("noise") for subject in pair]
    assert equal(*(subject.call(x, streams=noise, **asked) for subject in renamed))
    for streams in ({}, noise):
        assert equal(
            *(subject.call_explicit(x, key=key, rate=0.5, streams=streams) for subject in pair)
        )

    def gradient(subject: Subject) -> Any:
        return jax.grad(lambda x: (subject.call(x, streams=noise, **asked) ** 2).sum())(x)

    assert equal(*map(gradient, pair))


@pytest.mark.parametrize("stream", ["default", "params"])
def test_a_fallback_is_the_frameworks(pair: Any, x: Any, key: Any, stream: Any) -> None:
    """Where the framework draws from another stream, or refuses to, so does the kernel."""

    def outcome(subject: Subject) -> Any:
        try:
            return np.asarray(
                subject.call(x, rate=0.5, training=True, streams={stream: key}, expect_errors=True)
            ).tobytes()
        except Exception as error:  # noqa: BLE001 - the error is the outcome
            return type(error), str(error)

    own, kernel = map(outcome, pair)
    assert own == kernel


def test_a_missing_key_is_the_frameworks_error(pair: Any, x: Any) -> None:
    """Type and words."""
    seen = []
    for subject in pair:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - compared below
            subject.call(x, rate=0.5, training=True, expect_errors=True)
        seen.append((caught.type, str(caught.value)))
    assert seen[0] == seen[1]


def test_its_traits_are_the_frameworks(pair: Any) -> None:
    """So that the same properties apply, but for the derivation: a kernel may take another one."""
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
QUESTIONS: dict[str, Any] = {
    "missing_key": lambda subject, x, key: subject.call(x, rate=0.5, training=True),  # noqa: ARG005
    "explicit_key": lambda subject, x, key: subject.call_explicit(x, key=key, rate=0.5),
    "rate_zero": lambda subject, x, key: subject.call(  # noqa: ARG005
        x, rate=0.0, training=True
    ),
    "evaluate": lambda subject, x, key: subject.call(  # noqa: ARG005
        x, rate=0.5, training=False
    ),
    "rate_one": lambda subject, x, key: subject.call(  # noqa: ARG005
        x, rate=1.0, training=True
    ),
    "before_evaluate": lambda subject, x, key: subject.call_in_modes(
        x, modes=(True, False, True), rate=0.5, streams={"dropout": key}
    ),
    "order": lambda subject, x, key: subject.call(x, rate=1.0, training=False),  # noqa: ARG005
}


def usual(subject: Subject, x: Any, key: Any) -> Any:
    """A training call, which shows every change that has no question of its own."""
    return subject.call(x, rate=0.5, training=True, streams={"dropout": key})


def test_every_function_has_a_change() -> None:
    """A field that is added to the kernel is added here."""
    assert {field.name for field in fields(Kernel)} == set(CHANGES)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("name", CHANGES)
def test_each_function_is_the_one_that_is_used(api: Any, name: Any, x: Any, key: Any) -> None:
    """A change of one function shows in the question that meets it."""
    ask = QUESTIONS.get(name, usual)
    changed = ask(kernel_subject(Kernel(**{name: CHANGES[name]}), api=api, name=name), x, key)
    if name == "missing_key":
        assert changed.shape == x.shape  # a correct kernel raises, as tested above
    else:
        assert not equal(ask(kernel_subject(Kernel(), api=api, name="correct"), x, key), changed)


@pytest.mark.parametrize("api", APIS)
def test_a_change_shows_nowhere_else(api: Any, x: Any, key: Any) -> None:
    """Evaluation and the corner rates are untouched by a change of the draw."""
    subjects = [
        kernel_subject(kernel, api=api, name="kernel")
        for kernel in (Kernel(), Kernel(draw=CHANGES["draw"], combine=CHANGES["combine"]))
    ]
    for name in ("rate_zero", "evaluate", "rate_one", "order"):
        assert equal(*(QUESTIONS[name](subject, x, key) for subject in subjects))


def repeated(kernel: Any, api: Any, x: Any, key: Any) -> Any:
    """Which units are kept in three calls of one layer, bool[3, *shape]."""
    subject = kernel_subject(kernel, api=api, name="kernel")
    outputs = subject.call_repeatedly(x, times=3, rate=0.5, streams={"dropout": key})
    return np.stack(outputs) != 0


@pytest.mark.parametrize("api", APIS)
def test_a_site_tells_calls_apart(api: Any, x: Any, key: Any) -> None:
    """The count of a call is what its key depends on; ignoring it repeats the mask."""
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
def test_a_site_tells_layers_apart(api: Any, x: Any, key: Any) -> None:
    """The key as it was given, with no place folded in, is one for all layers."""
    kernel = Kernel(derive_key=lambda site: site.root_key)
    subject = kernel_subject(kernel, api=api, name="root")
    outputs = subject.call_layers(x, names=("a", "b/c"), rate=0.5, streams={"dropout": key})
    assert equal(*outputs)
    explicit = jax.random.bernoulli(key, 0.5, x.shape)
    np.testing.assert_array_equal(np.asarray(outputs[0]) != 0, explicit)


@pytest.mark.parametrize("api", APIS)
def test_a_site_remembers_within_one_application(api: Any, x: Any, key: Any) -> None:
    """A mask that is stored is met again in the next call, and gone in the next application."""

    def cached(key: Any, keep_rate: Any, shape: Any, site: Site) -> Any:
        return site.memory.setdefault("mask", jax.random.bernoulli(key, keep_rate, shape))

    first = repeated(Kernel(draw=cached), api, x, key)
    assert (first == first[0]).all()
    again = repeated(Kernel(draw=cached), api, x, jax.random.PRNGKey(1))
    assert not np.array_equal(first, again)


@pytest.mark.parametrize("api", APIS)
def test_a_site_reaches_other_streams(api: Any, x: Any, key: Any) -> None:
    """A kernel can draw from the wrong stream where there is one, and sees whether."""

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
def test_a_gradient_can_be_wrong_on_its_own(api: Any, x: Any, key: Any) -> None:
    """A kernel with its own backward pass has the framework's outputs and other gradients."""

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
