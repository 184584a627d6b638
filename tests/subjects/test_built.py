"""Operations that build models: reseeded models, and a parameter beside a layer."""

from dataclasses import replace
from typing import Any, NoReturn

import jax
import numpy as np
import pytest
from flax import nnx
from flax.errors import InvalidRngError

from dropout_props.engine import Judge, Settings
from dropout_props.environment.installed import probe
from dropout_props.layers import registry
from dropout_props.properties import find
from dropout_props.results.verdict import Verdict
from dropout_props.selftest.kernel.build import kernel_subject
from dropout_props.selftest.kernel.kernel import Kernel
from dropout_props.subjects.operations import Beside, Layers, Repeat, Reseeded, Under
from dropout_props.subjects.subject import Subject, Unsupported

_BOTH = {"params": jax.random.PRNGKey(1), "dropout": jax.random.PRNGKey(2)}


def _parameter(subject: Any, layer: Any, x: Any, streams: Any) -> Any:
    [parameter] = subject.run(Beside(layer), x, rate=0.5, streams=streams)
    return np.asarray(parameter)


@pytest.mark.skipif(not hasattr(nnx, "reseed"), reason="this release has no nnx.reseed")
@pytest.mark.parametrize("between", [0, 2])
def test_a_reseeded_model_is_called_as_the_fresh_one_was(x: Any, key: Any, between: int) -> None:
    """The outputs are the masks of the new model by name, then equal masks after the reseed."""
    subject = registry.load("nnx.Dropout")
    names, streams = ("a", "block/b"), {"dropout": key}
    outputs = subject.run(Reseeded(names, between), x, rate=0.5, streams=streams)
    fresh = subject.run(Layers(names), x, rate=0.5, streams=streams)
    for seen, expected in zip(outputs, fresh * 2, strict=True):
        np.testing.assert_array_equal(seen, expected)


@pytest.mark.parametrize("api", ["linen", "nnx"])
def test_a_parameter_depends_on_its_key_and_on_keys_drawn_before(api: Any, x: Any) -> None:
    """Another key for params changes the parameter; so does a layer that draws a key of params."""
    correct = kernel_subject(Kernel(), api=api, name="correct")
    taking = Kernel(when_built=lambda source, _: source.issue("params"))
    other = {**_BOTH, "params": jax.random.PRNGKey(3)}
    place = "model's scope" if api == "linen" else "own place"
    alone = _parameter(correct, "nowhere", x, _BOTH)
    assert (alone == _parameter(correct, place, x, _BOTH)).all()
    assert (alone != _parameter(correct, "nowhere", x, other)).any()
    faulty = kernel_subject(taking, api=api, name="faulty")
    assert (alone == _parameter(faulty, "nowhere", x, _BOTH)).all()
    assert (alone != _parameter(faulty, place, x, _BOTH)).any()


def test_nnx_has_no_scopes(x: Any) -> None:
    """The operation is refused where the model has no scope."""
    with pytest.raises(Unsupported, match="no scopes"):
        _parameter(registry.load("nnx.Dropout"), "model's scope", x, _BOTH)


def _refuse(_site: Any) -> NoReturn:
    raise InvalidRngError("there is no key for 'dropout'")


def test_a_layer_that_refuses_a_missing_key_passes_dp416() -> None:
    """A Linen layer that requires a key of its own stream needs no listed deviation for DP416."""
    subject = kernel_subject(Kernel(missing_key=_refuse), api="linen", name="strict")
    settings = replace(Settings.of(profile="smoke"), confirm=False, known=())
    result = Judge(settings, probe().versions)(subject, find("DP416"))
    assert result.verdict is Verdict.PASS, result.shown


class _Narrow(nnx.Module):
    def __init__(self, rate: float, *, rngs: nnx.Rngs) -> None:
        self.out = nnx.Linear(16, 3, rngs=rngs)
        self.drop = nnx.Dropout(rate, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return self.drop(self.out(x))


@pytest.mark.skipif(not hasattr(nnx, "while_loop"), reason="this release has no nnx.while_loop")
def test_a_loop_takes_a_model_of_another_shape(key: Any) -> None:
    """A model whose output is narrower than its input has the masks of plain calls in a loop."""
    subject = Subject.nnx(_Narrow, law="composite", reference="eval")
    x = np.ones((2, 16), np.float32)
    given: Any = {"rate": 0.5, "streams": {"dropout": key}}
    looped = subject.run(Under("while", 2), x, **given)
    for seen, expected in zip(looped, subject.run(Repeat(2), x, **given), strict=True):
        assert seen.shape == (2, 3)
        np.testing.assert_allclose(seen, expected, rtol=1e-6)
