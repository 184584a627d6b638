"""Do keys reach the framework in the mapping that is asked for, and the kernel in their order?"""

from typing import Any

import flax.linen as nn
import jax
import numpy as np
import pytest
from flax import nnx

from dropout_props.layers import registry
from dropout_props.selftest.kernel.build import kernel_subject
from dropout_props.selftest.kernel.kernel import Kernel, Site
from dropout_props.subjects.operations import MAPPINGS, Handed
from dropout_props.subjects.subject import Subject, Unsupported


def handed(subject: Subject, x: Any, key: Any, mapping: Any) -> Any:
    """The output of one training call with its key in such a mapping."""
    program = Handed(mapping)
    return subject.perform(x, program, rate=0.5, streams={"dropout": key}, expect_errors=True)[0]


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_linen_is_handed_the_mapping(
    linen_dropout: Subject, x: Any, key: Any, mapping: Any, monkeypatch: Any
) -> None:
    """It arrives at `apply` as it is, whether that takes it or not."""
    apply, seen = nn.Module.apply, []

    def noted(*args: Any, rngs: Any, **kwargs: Any) -> Any:
        seen.append(type(rngs).__name__)
        return apply(*args, rngs=dict(rngs), **kwargs)

    expected = handed(linen_dropout, x, key, "dict")
    monkeypatch.setattr(nn.Module, "apply", noted)
    np.testing.assert_array_equal(handed(linen_dropout, x, key, mapping), expected)
    assert [name.lower() for name in seen] in ([mapping.lower()], [mapping.lower()[: -len("type")]])


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_nnx_is_handed_the_mapping(
    nnx_dropout: Subject, x: Any, key: Any, mapping: Any, monkeypatch: Any
) -> None:
    """It arrives at `Rngs` as it is."""
    rngs, seen = nnx.Rngs, []

    def noted(given: Any) -> Any:
        seen.append(type(given).__name__)
        return rngs(given)

    expected = handed(nnx_dropout, x, key, "dict")
    monkeypatch.setattr(nnx, "Rngs", noted)
    np.testing.assert_array_equal(handed(nnx_dropout, x, key, mapping), expected)
    assert [name.lower() for name in seen] in ([mapping.lower()], [mapping.lower()[: -len("type")]])


def test_a_function_takes_no_mapping(x: Any, key: Any) -> None:
    """It has no streams."""
    with pytest.raises(Unsupported):
        handed(registry.load("d2l.dropout_layer"), x, key, "dict")


@pytest.mark.parametrize("api", ["linen", "nnx"])
@pytest.mark.parametrize("names", [("params", "dropout"), ("dropout", "params", "noise")])
def test_a_site_names_the_streams_in_their_order(api: Any, names: Any, x: Any, key: Any) -> None:
    """As they were given: neither sorted, nor the layer's own first."""
    seen = []

    def noted(site: Site) -> Any:
        seen.append(site.streams)
        return site.issue()

    subject = kernel_subject(Kernel(derive_key=noted), api=api, name="noted")
    streams = dict(zip(names, jax.random.split(key, len(names)), strict=True))
    subject.call(x, rate=0.5, training=True, streams=streams)
    assert seen == [names]
