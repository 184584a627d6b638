"""Keys reach the framework in a mapping of the given type, and a kernel in their order."""

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


def call_with(subject: Subject, x: Any, key: Any, mapping: Any) -> Any:
    """Return the output of one training call with its key in a mapping of this type."""
    operation = Handed(mapping)
    return subject.run(operation, x, rate=0.5, streams={"dropout": key}, expect_errors=True)[0]


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_linen_gets_the_mapping(
    linen_dropout: Subject, x: Any, key: Any, mapping: Any, monkeypatch: Any
) -> None:
    """`apply` gets the mapping unchanged, even where it refuses its type."""
    apply, seen = nn.Module.apply, []

    def record(*args: Any, rngs: Any, **kwargs: Any) -> Any:
        seen.append(type(rngs).__name__)
        return apply(*args, rngs=dict(rngs), **kwargs)

    expected = call_with(linen_dropout, x, key, "dict")
    monkeypatch.setattr(nn.Module, "apply", record)
    np.testing.assert_array_equal(call_with(linen_dropout, x, key, mapping), expected)
    assert [name.lower() for name in seen] in ([mapping.lower()], [mapping.lower()[: -len("type")]])


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_nnx_gets_the_mapping(
    nnx_dropout: Subject, x: Any, key: Any, mapping: Any, monkeypatch: Any
) -> None:
    """`Rngs` gets the mapping unchanged."""
    rngs, seen = nnx.Rngs, []

    def record(given: Any) -> Any:
        seen.append(type(given).__name__)
        return rngs(given)

    expected = call_with(nnx_dropout, x, key, "dict")
    monkeypatch.setattr(nnx, "Rngs", record)
    np.testing.assert_array_equal(call_with(nnx_dropout, x, key, mapping), expected)
    assert [name.lower() for name in seen] in ([mapping.lower()], [mapping.lower()[: -len("type")]])


def test_a_function_takes_no_mapping(x: Any, key: Any) -> None:
    """A function has no streams, so the operation is refused."""
    with pytest.raises(Unsupported):
        call_with(registry.load("d2l.dropout_layer"), x, key, "dict")


@pytest.mark.parametrize("api", ["linen", "nnx"])
@pytest.mark.parametrize("names", [("params", "dropout"), ("dropout", "params", "noise")])
def test_a_site_names_the_streams_in_their_order(api: Any, names: Any, x: Any, key: Any) -> None:
    """The order is that of the mapping: not sorted, nor with the own stream of the layer first."""
    seen = []

    def record(site: Site) -> Any:
        seen.append(site.streams)
        return site.issue()

    subject = kernel_subject(Kernel(derive_key=record), api=api, name="recording")
    streams = dict(zip(names, jax.random.split(key, len(names)), strict=True))
    subject.call(x, rate=0.5, training=True, streams=streams)
    assert seen == [names]
