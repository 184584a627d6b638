"""What a device rounds differently is no fault of a layer: by fake kinds of device, on a CPU."""

from __future__ import annotations

import os
from typing import Any

import jax
import numpy as np
import pytest

from dropout_props.cases.case import Case, as_dtype
from dropout_props.cli.options import share_devices
from dropout_props.gate import interpreter
from dropout_props.gate.environments import Built
from dropout_props.properties import Violation, find
from dropout_props.properties.outputs import agree
from dropout_props.properties.sampler import Sampler
from dropout_props.subjects.rounding import is_quotient, rounding
from dropout_props.subjects.subject import Subject


def _moved(y: np.ndarray[Any, Any], ulps: int) -> np.ndarray[Any, Any]:
    unit = f"u{y.dtype.itemsize}"
    return (y.view(unit) + np.array(ulps).astype(unit)).view(y.dtype)


@pytest.mark.parametrize(
    ("backend", "dtype", "ulps"),
    [
        ("cpu", "float32", 1),
        ("cpu", "bfloat16", 1),
        ("gpu", "float32", 2),
        ("gpu", "float64", 2),
        ("gpu", "bfloat16", 1),
        ("tpu", "float32", 32),
        ("tpu", "float16", 1),
    ],
)
def test_a_quotient_may_be_off_as_far_as_its_device_says(
    monkeypatch: pytest.MonkeyPatch, backend: str, dtype: str, ulps: int
) -> None:
    """So far and no farther; halves are divided in float32, and are exact everywhere."""
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    x = np.arange(1.0, 9.0).astype(as_dtype(dtype))
    y = (x.astype(np.float64) / 0.5).astype(x.dtype)
    assert rounding(y.dtype) == ulps
    assert is_quotient(_moved(y, ulps), x, 0.5).all()
    assert not is_quotient(_moved(y, ulps + 1), x, 0.5).any()


@pytest.mark.parametrize(("backend", "ulps"), [("cpu", 1), ("gpu", 4), ("tpu", 64)])
def test_two_outputs_may_differ_by_the_rounding_of_both(
    monkeypatch: pytest.MonkeyPatch, backend: str, ulps: int
) -> None:
    """Eager and compiled calls round apart on a GPU; a larger difference is a counterexample."""
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    sampler = Sampler(Subject.function(_scaled), Case(), "DP501")
    one = np.arange(1.0, 9.0, dtype=np.float32)
    agree(sampler, _moved(one, ulps), one, "jit")
    with pytest.raises(Violation, match="jit: 8 of 8 values differ"):
        agree(sampler, _moved(one, ulps + 1), one, "jit")


def _scaled(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    if deterministic:
        return x
    mask = jax.random.bernoulli(key, 1 - rate, x.shape)
    return jax.numpy.where(mask, x / (1 - rate) * (1 + 2.0**-21), 0)


def test_a_wrong_scale_fails_on_every_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scale that is off by 4 ulp is a counterexample to DP201 on a CPU and on a GPU."""
    check = find("DP201").exact
    assert check is not None
    sampler = Sampler(Subject.function(_scaled), Case(rate=0.5), "DP201")
    for backend in ("cpu", "gpu"):
        monkeypatch.setattr(jax, "default_backend", lambda backend=backend: backend)
        with pytest.raises(Violation, match="neither 0 nor x/keep"):
            check.check(sampler)


@pytest.mark.parametrize(
    ("backend", "reference", "precision"),
    [("cpu", "eval", None), ("gpu", "eval", "highest"), ("gpu", "input", None)],
)
def test_products_of_models_are_whole(
    monkeypatch: pytest.MonkeyPatch, backend: str, reference: Any, precision: str | None
) -> None:
    """A model on a GPU or TPU multiplies with all digits of float32; a layer is left as it is."""
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    config: Any = jax.config
    seen = []

    def model(_key: Any, x: Any, _rate: float, _deterministic: bool) -> Any:
        seen.append(config.jax_default_matmul_precision)
        return x

    subject = Subject.function(model, reference=reference)
    subject.call(jax.numpy.ones(3), rate=0.5, training=True, streams={"dropout": jax.random.key(0)})
    assert seen[0] == precision
    assert config.jax_default_matmul_precision is None


def test_processes_share_the_memory_of_a_gpu(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Neither workers nor sides of a gate take it all at their start, unless the user says so."""
    name = "XLA_PYTHON_CLIENT_PREALLOCATE"
    monkeypatch.setenv(name, "kept")  # so that it is restored
    monkeypatch.delenv(name)
    share_devices(1)
    assert name not in os.environ
    share_devices(2)
    assert os.environ.pop(name) == "false"
    built = Built(tmp_path, reused=False)
    assert interpreter.variables(built)[name] == "false"
    monkeypatch.setenv(name, "true")
    share_devices(2)
    assert interpreter.variables(built)[name] == os.environ[name] == "true"
