"""What proves nothing fails nothing: rates that agree by chance, short masks, hidden masks."""

from dataclasses import replace
from datetime import date
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dropout_props.cases.case import Case
from dropout_props.engine import Judge, Settings
from dropout_props.engine.deviations import SHIPPED_LIST, BadList, parse
from dropout_props.engine.deviations.apply import apply_known
from dropout_props.engine.deviations.baseline import text_of_baseline
from dropout_props.engine.probe import probe
from dropout_props.engine.run import empty_result, with_roots
from dropout_props.engine.selection import default_level
from dropout_props.environment.installed import probe as installed
from dropout_props.layers import registry
from dropout_props.properties import NotRun, Violation, find
from dropout_props.properties.coincidence import num_keys_for
from dropout_props.properties.sampler import Sampler
from dropout_props.results.records import Failure, PropertyResult, Replay
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.subject import Subject

_JUDGE = Judge(replace(Settings.of(profile="smoke"), confirm=False), installed().conditions)


def dropout(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Dropout, right on every input."""
    if deterministic or rate == 0.0:
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def even_widths(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Dropout that refuses an odd last axis."""
    if x.ndim and x.shape[-1] % 2:
        raise ValueError("the last axis must be even")
    return dropout(key, x, rate, deterministic)


class Depth(nn.Module):
    """A residual branch with one coin for the batch."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, *, deterministic: bool = False) -> Any:
        """Return the branch with its shortcut."""
        y = nn.Dense(x.shape[-1])(x)
        if deterministic or self.rate == 0.0:
            return x + y
        kept = jax.random.bernoulli(self.make_rng("dropout"), 1 - self.rate)
        return x + jnp.where(kept, y / (1 - self.rate), 0)


@pytest.mark.parametrize(("rate", "number"), [(0.5, 64), (0.1, 422), (0.9, 422)])
def test_keys_are_tried_until_chance_explains_nothing(rate: float, number: int) -> None:
    """One coin at this rate gives so many equal outputs with a probability below 2^-64."""
    sampler = Sampler(Subject.function(dropout), Case(shape=(8,), rate=rate), "DP802", 0)
    assert num_keys_for(sampler) == number
    assert max(rate, 1 - rate) ** number < 2.0**-64 * 1.0001


@pytest.mark.parametrize("rate", [0.0, 0.001, 0.03, 1.0])
def test_a_rate_at_which_keys_agree_by_chance_is_not_run(rate: float) -> None:
    """No number of keys that is tried would prove anything."""
    sampler = Sampler(Subject.function(dropout), Case(shape=(8,), rate=rate), "DP802", 0)
    with pytest.raises(NotRun, match="may be equal by chance"):
        num_keys_for(sampler)


@pytest.mark.parametrize("property_id", ["DP104", "DP405", "DP802"])
@pytest.mark.parametrize("rate", [0.0, 0.001])
def test_a_model_of_a_small_fixed_rate_is_not_accused(rate: float, property_id: str) -> None:
    """It draws nothing, or one coin that nearly always keeps."""
    subject = Subject.linen(lambda: Depth(rate), name="depth", rate=rate)
    assert _JUDGE(subject, find(property_id)).verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE)


@pytest.mark.parametrize("property_id", ["DP407", "DP408"])
def test_masks_too_short_or_too_large_to_say_anything_are_no_error(property_id: str) -> None:
    """Such a case is not run."""
    prop = find(property_id)
    assert prop.exact is not None
    shape = (3, 4) if property_id == "DP408" else (2**21 + 1,)
    subject = Subject.linen(nn.Dropout)
    with pytest.raises(NotRun):
        prop.exact.check(Sampler(subject, Case(shape=shape, rate=0.5), property_id, 0))


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_declared_inputs_that_hide_a_mask_accuse_nobody(value: float) -> None:
    """A kept 0 looks dropped, a dropped NaN kept: other values are counted, and a note says so."""
    array = np.arange(1.0, 65.0, dtype=np.float32).reshape(4, 16)
    array[:, ::2] = value
    subject = Subject.function(dropout, inputs=array)
    assert "values that hide a mask" in " ".join(probe(subject).notes)
    for property_id in ("DP201", "DP202", "DP304"):
        result = _JUDGE(subject, find(property_id))
        assert result.verdict is Verdict.PASS, result.shown
    whole = Subject.function(dropout, inputs=np.ones((4, 16), np.float32))
    assert probe(whole).notes == ()


def test_a_shape_that_gets_another_one_is_a_note() -> None:
    """A layer that takes only even widths is not judged on odd ones, and the report says so."""
    [note] = probe(Subject.function(even_widths)).notes
    assert "other shapes (ValueError: the last axis must be even)" in note
    assert probe(Subject.function(dropout)).notes == ()


def spatial(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Spatial dropout of (batch, rows, columns, channels), and of nothing else."""
    if deterministic:
        return x
    kept = jax.random.bernoulli(key, 1 - rate, (len(x), 1, 1, x.shape[-1]))
    return jnp.where(kept, x / (1 - rate), 0)


def row(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Return a row more than the input has, whatever its rank."""
    return dropout(key, jnp.stack([x, x]), rate, deterministic)


def test_a_rank_that_a_layer_broadcasts_is_a_note() -> None:
    """A mask of four axes makes four of fewer; a layer that keeps no shape is not excused."""
    found = probe(Subject.function(spatial, shared_axes=(1, 2)))
    assert (found.subject.traits.min_rank, found.subject.traits.max_rank) == (4, 4)
    assert "rank 2 (it returns an array of shape (8, 1, 8, 16))" in found.notes[0]
    judged = _JUDGE(Subject.function(spatial, shared_axes=(1, 2)), find("DP302"))
    assert judged.verdict is Verdict.PASS, judged.shown
    assert probe(Subject.function(row)).subject.traits.min_rank <= 1
    assert _JUDGE(Subject.function(row), find("DP201")).verdict is Verdict.ERROR


def added(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Add noise, of size 0 at rate 0: so -0.0 becomes 0.0."""
    return x if deterministic else x + rate * jax.random.normal(key, x.shape, x.dtype)


def times_mask(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Multiply by the mask: a dropped infinity becomes NaN."""
    return x if deterministic else x * jax.random.bernoulli(key, 1 - rate, x.shape)


class Noise(nnx.Module):
    """A layer whose own stream has the name of a stream that others do not draw from."""

    def __init__(self, rate: float, *, rngs: nnx.Rngs) -> None:
        self.rate, self.rngs, self.deterministic = rate, rngs, False

    def __call__(self, x: Any) -> Any:
        """Return the input with noise."""
        return added(self.rngs.noise(), x, self.rate, self.deterministic)


@pytest.mark.parametrize(
    ("subject", "property_id"),
    [
        (Subject.function(added, law="noise"), "DP102"),
        (Subject.function(times_mask, kept="unscaled"), "DP201"),
        (Subject.nnx(Noise, law="noise", stream="noise"), "DP104"),
        (Subject.nnx(Noise, law="noise", stream="noise"), "DP109"),
    ],
)
def test_arithmetic_and_names_of_right_layers_are_no_faults(
    subject: Subject, property_id: str
) -> None:
    """The sign of a zero, a dropped infinity times 0, and a stream with the name 'noise'."""
    found = _JUDGE(subject, find(property_id))
    assert found.verdict is Verdict.PASS, found.shown


def test_a_layer_of_flax_with_further_arguments_is_still_of_flax() -> None:
    """It is judged at level `framework`, as the layer alone is."""
    assert default_level(Subject.linen(nn.Dropout)) == "framework"
    assert default_level(Subject.linen(nn.Dropout, output=())) == "framework"


def _failed(property_id: str, seen: str, *, diagnosis: str = "") -> PropertyResult:
    failure = Failure("s", seen, "d", "m", "r", replay=Replay("i", "error"), diagnosis=diagnosis)
    return PropertyResult("my[1]*", property_id, "", "exact", Verdict.FAIL, failure=failure)


def test_an_entry_of_a_baseline_is_about_one_failure_of_one_subject() -> None:
    """Its words are never empty, and a name with brackets or stars is a name, not a pattern."""
    result = _failed("DP201", "3 of 512 outputs are neither 0 nor x/keep; at [2] 7.5")
    run = replace(empty_result(Settings.of(profile="smoke"), 1), results=(result,))
    days = {"today": date(2030, 1, 1), "expires": date(2030, 2, 1)}
    [entry] = parse(text_of_baseline(run, reason="old", **days), "b.toml")
    assert entry.matches == "outputs are neither"
    assert not entry.is_general
    assert entry.concerns("my[1]*", "linen", "DP201", {})
    assert not entry.concerns("my1x", "linen", "DP201", {})


def test_an_entry_without_words_is_refused() -> None:
    """It would cover every failure."""
    text = (
        '[[deviation]]\nproperty = "DP201"\nsubject = "a"\nmatches = " "\nreason = "r"\n'
        'link = ""\nexpires = 2099-12-31\n'
    )
    with pytest.raises(BadList, match="matches=' ' is in every message"):
        parse(text, "b.toml")


def test_an_expired_general_entry_fails_only_what_it_covers() -> None:
    """A layer that conforms, or fails in another way, is not red on the day after."""
    [entry] = [one for one in SHIPPED_LIST if one.property_id == "DP107" and one.is_general][:1]
    entry = replace(entry, expires=date(2020, 1, 1), drawn_by=(), when={}, unless={}, api="")
    subject = Subject.linen(nn.Dropout)
    environment = installed().conditions
    passes = PropertyResult(subject.name, "DP107", "", "exact", Verdict.PASS)
    assert apply_known(passes, subject, (entry,), environment) == passes
    other = replace(_failed("DP107", "something else"), subject=subject.name)
    assert apply_known(other, subject, (entry,), environment) == other
    listed = replace(_failed("DP107", f"it {entry.matches} so"), subject=subject.name)
    found = apply_known(listed, subject, (entry,), environment)
    assert (found.verdict, found.shown) == (Verdict.FAIL, "the entry expired on 2020-01-01")


@pytest.mark.parametrize(
    ("flag", "value", "property_id"),
    [
        ("jax_default_prng_impl", "rbg", "DP502"),
        ("jax_default_prng_impl", "rbg", "DP704"),
        ("jax_legacy_prng_key", "error", "DP704"),
        ("jax_debug_nans", True, "DP201"),
        ("jax_transfer_guard", "disallow", "DP201"),
        ("jax_transfer_guard", "disallow", "DP410"),
    ],
)
def test_no_flag_of_jax_accuses_a_right_layer(flag: str, value: Any, property_id: str) -> None:
    """Raw keys are of the default implementation, vmap is of threefry, NaN is an input."""
    config: Any = jax.config
    before = getattr(config, flag)
    config.update(flag, value)
    try:
        seen = _JUDGE(Subject.function(dropout), find(property_id))
    finally:
        config.update(flag, before)
    assert seen.verdict is Verdict.PASS, seen


def test_what_is_compiled_is_judged_where_jit_is_disabled() -> None:
    """There a layer that drops nothing under jit would pass, since nothing is traced."""

    def traced_otherwise(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
        return x if isinstance(x, jax.core.Tracer) else dropout(key, x, rate, deterministic)

    with jax.disable_jit():
        seen = _JUDGE(Subject.function(traced_otherwise), find("DP501"))
    assert seen.verdict is Verdict.FAIL, seen


def test_a_known_deviation_occurs_where_dtypes_are_not_promoted() -> None:
    """There every layer rejects a rate of low precision, which would end the deviation."""
    with jax.numpy_dtype_promotion("strict"):
        seen = _JUDGE(registry.load("linen.Dropout"), find("DP705"))
    assert seen.verdict is Verdict.KNOWN, seen


def test_where_two_properties_fail_is_no_common_cause() -> None:
    """Two failures for inputs of float16 alone may have two causes."""
    words = "wrong for inputs of float16, and not of float32"
    results = [_failed("DP702", "a", diagnosis=words), _failed("DP703", "b", diagnosis=words)]
    assert [one.root_id for one in with_roots(results)] == ["", ""]


def test_an_error_of_another_type_than_allowed_is_that_of_the_layer() -> None:
    """DP108 allows TypeError and ValueError; the text blames neither the property nor the suite."""

    def by_table(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
        return dropout(key, {"float32": x}[str(x.dtype)], rate, deterministic)

    result = _JUDGE(Subject.function(by_table, name="mine"), find("DP108"))
    assert result.verdict is Verdict.ERROR
    line = by_table.__code__.co_firstlineno + 1
    assert result.shown.startswith(
        "mine: a call of it raised KeyError: 'int32' "
        f"(test_evidence_before_accusation.py, line {line}). The property allows other errors "
        "here, but not this one. "
    )


@pytest.mark.parametrize("option", ["kept", "dropped", "spread"])
def test_a_function_of_the_user_that_raises_is_no_fault_of_the_suite(option: str) -> None:
    """The message names the option, its error and what to do."""

    def broken(*_: object) -> float:
        raise KeyError("my table")

    options: dict[str, Any] = {option: broken, "law": "noise" if option == "spread" else "dropout"}
    subject = Subject.function(dropout, name="mine", rate_one=False, **options)
    result = _JUDGE(subject, find("DP207" if option == "spread" else "DP201"))
    assert result.verdict is Verdict.ERROR
    assert f"{option}= of mine raised KeyError: 'my table'" in result.shown
    assert "fault of dropout_props" not in result.shown


@pytest.mark.parametrize("off", [1e-6, 1e-2])
def test_a_model_may_round_otherwise_at_another_rate(off: float) -> None:
    """Flax's attention has another program at rate 0; a real difference still fails."""

    def model(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
        y = 3.0 * x * (1.0 + off * (rate < 0.25))
        return y if deterministic else dropout(key, y, rate, deterministic=False)

    prop = find("DP101")
    assert prop.exact is not None
    subject = Subject.function(model, kind="model")
    sampler = Sampler(subject, Case(shape=(8,), rate=0.0), "DP101", 0)
    if off < 1e-4:
        prop.exact.check(sampler)
    else:
        with pytest.raises(Violation, match="evaluation with no key: 8 of 8 units differ"):
            prop.exact.check(sampler)
