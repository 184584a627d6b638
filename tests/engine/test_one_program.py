"""What runs as one program accelerates a property, and accuses no layer."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.cases.case import Case
from dropout_props.engine import Judge, Settings
from dropout_props.layers import registry
from dropout_props.properties import find
from dropout_props.properties.sampler import Sampler
from dropout_props.results.verdict import Verdict
from dropout_props.selftest.kernel.build import kernel_subject
from dropout_props.selftest.kernel.kernel import Kernel
from dropout_props.subjects.compiled import one_program, programs
from dropout_props.subjects.compiled.adapter import in_one_program
from dropout_props.subjects.compiled.one_program import is_traced
from dropout_props.subjects.compiled.steps import traced


def _wrong_where_traced(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    """Scale twice, but only in a call whose operations are traced."""
    scaled = x / keep_rate / (keep_rate if is_traced() else 1.0)
    return jnp.where(mask, scaled, jnp.zeros_like(x))


def test_a_violation_of_one_program_alone_is_judged_again_eagerly() -> None:
    """The eager calls hold, so DP201 passes; DP501 is the property that compares the two."""
    subject = kernel_subject(Kernel(combine=_wrong_where_traced), api="linen", name="wrong-traced")
    judge = Judge(Settings.of(profile="smoke"), {})
    assert judge(subject, find("DP201")).verdict is Verdict.PASS
    assert judge(subject, find("DP501")).verdict is Verdict.FAIL


@pytest.mark.parametrize("property_id", ["DP103", "DP201", "DP504"])
def test_a_compiler_that_is_wrong_accuses_no_layer(
    property_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its programs show, in a transform as in a plain call, eager calls do not."""
    right = programs.run_planned

    def wrong(*given: Any, **options: Any) -> Any:
        outputs, plan = right(*given, **options)
        return jax.tree_util.tree_map(lambda one: one + 1, outputs), plan

    monkeypatch.setattr(one_program, "run_planned", wrong)
    judge = Judge(Settings.of(profile="smoke"), {})
    assert judge(registry.load("linen.Dropout"), find(property_id)).verdict is Verdict.PASS


def test_batches_have_one_size_and_lose_no_key() -> None:
    """Two batches hold the keys in their order; the second one is filled up."""
    subject = kernel_subject(Kernel(), api="linen", name="right")
    sampler = Sampler(in_one_program(subject), Case(shape=(2**17,)), "DP407")
    keys = sampler.keys(3)
    batches = sampler.batches(keys)
    assert [len(batch) for batch in batches] == [sampler.num_keys] * 2 == [2, 2]
    words = np.concatenate([jax.random.key_data(batch) for batch in batches])
    np.testing.assert_array_equal(words[:3], jax.random.key_data(keys))


def test_single_keys_are_those_of_the_batch() -> None:
    """They come one by one without a program that takes the batch apart."""
    sampler = Sampler(kernel_subject(Kernel(), api="linen", name="right"), Case(), "DP502")
    singly = np.stack([jax.random.key_data(key) for key in sampler.key_list(3, role="rows")])
    np.testing.assert_array_equal(singly, jax.random.key_data(sampler.keys(3, role="rows")))


def test_a_number_beyond_its_dtype_is_infinite_without_a_warning() -> None:
    """As in JAX: (1 - rate) / rate of a tiny rate, in a function of the layer."""
    trace = traced(lambda x: x + jnp.log(1e300), jnp.zeros(3, jnp.float32))
    assert np.inf in [float(value) for value in trace.values.values()]
