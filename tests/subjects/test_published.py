"""Layers and models as people publish them get the right answer, for the right reason.

The files in `published` are the inputs; `dropout_props.record` answers the rows about what
a model does inside.
"""

from dataclasses import replace

import pytest

from dropout_props.engine import Judge, Settings
from dropout_props.environment.installed import probe
from dropout_props.properties import find
from dropout_props.results.records import PropertyResult
from dropout_props.results.verdict import Verdict
from tests.subjects.published_layers import subject

_JUDGE = Judge(replace(Settings.of(profile="smoke"), confirm=False), probe().conditions)


def judged(path: str, property_id: str) -> PropertyResult:
    """Return the result of one property of a case."""
    return _JUDGE(subject(path), find(property_id))


@pytest.mark.parametrize(
    ("path", "property_id"),
    [
        ("flax_mha:mha", "DP405"),
        ("flax_mha:mha", "DP802"),
        ("first_contact:Block", "DP802"),
        ("first_contact:SharedRow", "DP405"),
        ("first_contact:SharedRow", "DP106"),
        ("batchnorm:net", "DP802"),
        ("batchnorm:net", "DP401"),
        ("token_model:right", "DP802"),
        ("token_model:right", "DP511"),
        ("block_droppath:right", "DP405"),
        ("block_droppath:right", "DP802"),
        ("nnx_params:net", "DP405"),
        ("nnx_params:net", "DP111"),
        ("nnx_params:last", "DP102"),
        ("locked:right_shared", "DP302"),
        ("droppath_axis:seqfirst", "DP302"),
        ("alpha_dropout:right_said", "DP201"),
        ("alpha_dropout:right_said", "DP202"),
        ("cond_dropout:right_said", "DP302"),
        ("attn_norm:right_said", "DP805"),
        ("attn_norm:right_said", "DP802"),
        ("dropblock:right_said", "DP405"),
        ("dropblock:right_said", "DP802"),
        pytest.param("locked:right_shared", "DP301", marks=pytest.mark.nightly),
        pytest.param("locked:right_shared", "DP303", marks=pytest.mark.nightly),
        pytest.param("droppath_axis:seqfirst", "DP301", marks=pytest.mark.nightly),
        pytest.param("droppath_axis:right", "DP505", marks=pytest.mark.nightly),
        ("f32_rate:flax_f32_rate", "DP201"),
        pytest.param("flax_mha:mha", "DP509", marks=pytest.mark.nightly),
        pytest.param("flax_mha:mha", "DP510", marks=pytest.mark.nightly),
        pytest.param("flax_mha:mha", "DP512", marks=pytest.mark.nightly),
        pytest.param("block_droppath:right", "DP508", marks=pytest.mark.nightly),
        pytest.param("block_droppath:right", "DP510", marks=pytest.mark.nightly),
        pytest.param("block_droppath:right", "DP512", marks=pytest.mark.nightly),
    ],
)
def test_correct_code_passes(path: str, property_id: str) -> None:
    """Correct code is not accused, on any input that it takes."""
    result = judged(path, property_id)
    assert result.verdict is Verdict.PASS, result.failure


@pytest.mark.parametrize(
    ("path", "property_id", "words"),
    [
        ("token_model:on_in_eval", "DP101", "in evaluation something still drops"),
        ("always_on:on", "DP101", "in evaluation something still drops"),
        ("block_droppath:forgotten", "DP802", "nothing is dropped"),
        ("locked:wrong_axis_shared", "DP302", "along"),
        ("locked:batch_shared_shared", "DP302", "lag along another axis"),
        ("droppath_axis:faulty", "DP302", "along"),
        ("alpha_dropout:flux_said", "DP202", "was expected"),
        ("alpha_dropout:flux_as_right", "DP201", "are those of no dropped and of no kept unit"),
        ("cond_dropout:token_said", "DP302", "differ from the first unit along"),
        ("attn_norm:norm_after_said", "DP805", "give outputs without a mean"),
        ("attn_norm:logits_said", "DP805", "times the evaluation output"),
        ("cond_dropout:batch_said", "DP302", "was expected"),
    ],
)
def test_a_fault_fails_for_its_own_reason(path: str, property_id: str, words: str) -> None:
    """A crash that is the counterexample, and a rate that never arrives, fail in plain words."""
    result = judged(path, property_id)
    assert result.verdict is Verdict.FAIL
    assert words in result.shown


def test_what_needs_an_evaluation_is_blocked_where_evaluation_fails() -> None:
    """The same crash is not reported again: the property depends on that of evaluation."""
    result = judged("token_model:on_in_eval", "DP111")
    assert (result.verdict, result.shown) == (Verdict.BLOCKED, "depends on DP101")
    assert (result.root_id, result.root_cause) == ("DP101", Verdict.FAIL)


def test_a_refused_input_is_a_note() -> None:
    """A layer that returns another shape for a scalar gets one note, which names the rank."""
    assert _JUDGE.notes(subject("first_contact:SharedRow")) == (
        "it refuses rank 0 (it returns an array of shape (1,))",
    )


def test_a_model_is_recognised() -> None:
    """A layer with parameters is judged as a model, and the note points to the recorder."""
    model, *_ = _JUDGE.notes(subject("first_contact:Block"))
    assert model.startswith("judged as a model")
    assert "dropout_props.record()" in model
    assert judged("first_contact:Block", "DP201").verdict is Verdict.NOT_APPLICABLE


def test_a_layer_that_promises_all_inputs_is_not_tried() -> None:
    """Flax's own layers promise every input: what they refuse stays an error."""
    assert _JUDGE.notes(replace(subject("first_contact:SharedRow"))) != ()
    promised = subject("first_contact:SharedRow")
    promised = replace(promised, traits=replace(promised.traits, takes="all"))
    assert _JUDGE.notes(promised) == ()
