"""Does each wrong wiring have its fault, and does its mended twin lack it? Shown by hand.

The nightly run shows it; every run asks the recorder, in `tests/recording/test_judged.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

import flax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from packaging.version import Version

from dropout_props.selftest.wirings import WIRINGS, NoRecord, Outcome, Wiring, rates, restored
from dropout_props.selftest.wirings.devices import DEVICES
from dropout_props.selftest.wirings.layers import LAYERS
from dropout_props.selftest.wirings.microbatches import MICROBATCHES
from dropout_props.selftest.wirings.modes import STEPS_BEFORE_EVALUATION
from dropout_props.selftest.wirings.steps import STEPS_OF_EPOCH
from dropout_props.selftest.wirings.traced import rate_of_step
from dropout_props.selftest.wirings.training import BATCH, FEATURES, RATE, TOKENS
from tests.recording.several_devices import with_devices
from tests.recording.spy import Spy, spying, words_of

pytestmark = pytest.mark.nightly  # test_judged.py runs the same programs under record

STEPS = 6
MLP = 2  # places with dropout in an MLP
TRANSFORMER = 4

MASKS = {
    # name: how many different masks the wrong and the mended program must draw
    "linen/one_layer_left_off": (STEPS, MLP * STEPS),
    "nnx/one_layer_left_off": (STEPS, MLP * STEPS),
    "linen/train_not_handed_down": (TRANSFORMER // 2 * STEPS, TRANSFORMER * STEPS),
    "linen/mode_inverted": (0, MLP * STEPS),
    "nnx/eval_not_undone": (MLP * STEPS_BEFORE_EVALUATION, MLP * STEPS),
    "linen/rate_never_arrives": (TRANSFORMER // 2 * STEPS, TRANSFORMER * STEPS),
    "nnx/rate_never_arrives": (STEPS, MLP * STEPS),
    "linen/rate_by_depth_divided_to_zero": (0, 2 * STEPS),
    "linen/result_not_used": (0, STEPS),
    "linen/one_key_for_all_steps": (TRANSFORMER, TRANSFORMER * STEPS),
    "nnx/one_key_for_all_steps": (MLP, MLP * STEPS),
    "linen/parent_split_again_each_step": (MLP, MLP * STEPS),
    "linen/same_seed_every_epoch": (MLP * STEPS_OF_EPOCH, MLP * STEPS),
    "nnx/same_seed_every_epoch": (MLP * STEPS_OF_EPOCH, MLP * STEPS),
    "nnx/streams_not_carried": (MLP, MLP * STEPS),
    "linen/key_made_while_tracing": (MLP, MLP * STEPS),
    "linen/mask_made_while_tracing": (1, STEPS),
    "nnx/mask_made_at_construction": (1, STEPS),
    "nnx/jitted_without_nnx": (MLP, MLP * STEPS),
    "linen/scan_shares_the_key": (STEPS, LAYERS * STEPS),
    "linen/raw_scan_in_module": (STEPS, LAYERS * STEPS),
    "linen/scan_body_closes_over_dropout": (STEPS, LAYERS * STEPS),
    "linen/time_steps_share_the_key": (STEPS, TOKENS * STEPS),
    "nnx/time_steps_share_the_streams": (STEPS, TOKENS * STEPS),
    "linen/steps_in_scan_share_the_key": (MLP, MLP * STEPS),
    # nnx.scan does not write the count of a broadcast stream back: the steps share too.
    "nnx/scan_shares_the_streams": (1, LAYERS * STEPS),
    "nnx/layers_built_from_one_stream": (STEPS, LAYERS * STEPS),
    "linen/one_key_at_two_places": (STEPS, 2 * STEPS),
    "nnx/one_key_at_two_places": (STEPS, 2 * STEPS),
    "linen/one_key_for_two_branches": (STEPS, 2 * STEPS),
    "linen/two_views_of_one_key": (MLP * STEPS, 2 * MLP * STEPS),
    "nnx/equal_seeds_of_layers": (STEPS, MLP * STEPS),
    "nnx/cloned_tower": (MLP * STEPS, 2 * MLP * STEPS),
    "jax/one_key_for_all_layers": (STEPS, MLP * STEPS),
    "jax/seeds_added": (STEPS + 1, MLP * STEPS),
    "jax/vmap_with_one_key": (MLP * STEPS, MLP * BATCH * STEPS),
    "linen/vmap_with_one_key": (MLP * STEPS, MLP * BATCH * STEPS),
    "linen/lifted_vmap_shares_the_key": (STEPS, BATCH * STEPS),
    "nnx/vmap_shares_the_streams": (MLP * STEPS, MLP * BATCH * STEPS),
    "linen/microbatches_share_the_key": (MLP * STEPS, MICROBATCHES * MLP * STEPS),
    "linen/looped_microbatches_share_the_key": (MLP * STEPS, MICROBATCHES * MLP * STEPS),
    "nnx/microbatches_share_the_streams": (MLP * STEPS, MICROBATCHES * MLP * STEPS),
    "linen/devices_share_the_key": (MLP * STEPS, DEVICES * MLP * STEPS),
    "jax/devices_share_the_key": (MLP * STEPS, DEVICES * MLP * STEPS),
    # A backward pass that replays the masks of the forward pass adds no different ones.
    "linen/gradient_draws_another_mask": (2 * STEPS, STEPS),
    "nnx/gradient_draws_another_mask": (2 * STEPS, STEPS),
    "linen/checkpoint_by_hand_draws_again": (2 * STEPS, STEPS),
    "jax/remat_draws_again": (2 * MLP * STEPS, MLP * STEPS),
    "linen/step_not_saved": (MLP * STEPS // 2, MLP * STEPS),
    "nnx/streams_not_saved": (MLP * STEPS // 2, MLP * STEPS),
    # The call that initialises the bridged model draws too.
    "linen/bridged_stream_misspelt": (MLP + MLP, MLP + MLP * STEPS),
    "linen/stream_misspelt": (MLP, MLP * STEPS),
    "linen/names_run_together": (STEPS, 2 * STEPS),
    "nnx/stream_passed_on": (STEPS, 2 * STEPS),
}
RATES = {
    # name: the rate of each place that the wrong and the mended program must have, in order
    "linen/schedule_stays_at_first_rate": ((0.1, 0.1), (0.1, 0.1, 0.5, 0.5)),
    "nnx/schedule_stays_at_first_rate": ((0.1, 0.1), (0.1, 0.1, 0.5, 0.5)),
    "linen/rates_swapped": ((0.5, RATE, 0.1), (0.1, RATE, 0.5)),
    "nnx/wrong_rate": ((RATE, 0.5), (RATE, RATE)),
    "linen/keep_rate_given_as_rate": ((1 - RATE, 1 - RATE), (RATE, RATE)),
    "nnx/keep_rate_given_as_rate": ((1 - RATE, 1 - RATE), (RATE, RATE)),
    "linen/rate_used_as_keep_rate": ((1 - RATE,), (RATE,)),
    "nnx/rate_used_as_keep_rate": ((1 - RATE,), (RATE,)),
}
SHAPES = {
    # name: the shape of a mask in the wrong and in the mended program
    "linen/mask_shared_by_the_batch": ((1, TOKENS, FEATURES), (BATCH, TOKENS, FEATURES)),
    "nnx/mask_shared_by_the_batch": ((1, TOKENS, FEATURES), (BATCH, TOKENS, FEATURES)),
    "linen/mask_shared_by_the_tokens": ((BATCH, 1, FEATURES), (BATCH, TOKENS, FEATURES)),
    "nnx/mask_shared_by_the_tokens": ((BATCH, 1, FEATURES), (BATCH, TOKENS, FEATURES)),
    "linen/drop_path_of_the_batch": ((1, 1, 1), (BATCH, 1, 1)),
    "linen/drop_path_of_the_tokens": ((TOKENS, 1, 1), (1, BATCH, 1)),
}
SPLIT_PARENTS = ("linen/parent_used_after_split", "nnx/parent_used_after_split")
SCALES = {
    "linen/kept_units_not_scaled": (rates._not_scaled, 1.0),
    "nnx/kept_units_scaled_twice": (rates._scaled_twice, 1 / (1 - RATE) ** 2),
}
KEYS_OF_WEIGHTS: dict[str, Callable[[], Any]] = {
    "nnx/masks_drawn_from_key_of_weights": lambda: nnx.Rngs(params=0).params(),
    "jax/masks_drawn_from_key_of_weights": lambda: jax.random.split(jax.random.key(1), STEPS + 1)[
        0
    ],
}
BY_NAME = {str(wiring): wiring for wiring in WIRINGS}
EVALUATIONS = [name for name, wiring in BY_NAME.items() if wiring.property == "DP902"]
RESUMED = [name for name, wiring in BY_NAME.items() if wiring.property == "DP911"]


def wiring_of(name: str) -> Wiring:
    """Find a wiring, or skip the test where this Flax or this machine cannot run it."""
    wiring = BY_NAME[name]
    if wiring.needs and Version(flax.__version__) < Version(wiring.needs):
        pytest.skip(f"needs Flax {wiring.needs}")
    return wiring


def watched(run: Callable[[Any, int], Outcome]) -> Spy:
    """Run a program, check that it trains, and return what it drew."""
    with spying() as spy:
        outcome = run(NoRecord(), STEPS)
    assert len(outcome.losses) == STEPS
    assert np.isfinite(outcome.losses).all()
    return spy


def masks_of(name: str) -> str:
    """Count the different masks of both programs, as JSON."""
    wiring = BY_NAME[name]
    return json.dumps([watched(wiring.wrong).masks, watched(wiring.mended).masks])


@pytest.mark.nightly
@pytest.mark.parametrize("name", [name for name in MASKS if BY_NAME[name].devices == 1])
def test_the_number_of_different_masks_shows_the_fault(name: str) -> None:
    """The wrong program draws the masks that its fault leaves, the mended one all of them."""
    wiring = wiring_of(name)
    assert (watched(wiring.wrong).masks, watched(wiring.mended).masks) == MASKS[name]


@pytest.mark.nightly
@pytest.mark.parametrize("name", RATES)
def test_the_rates_show_the_fault(name: str) -> None:
    """The wrong program drops at other rates than the mended one, or at other places."""
    wiring = wiring_of(name)
    seen = (watched(wiring.wrong).rates, watched(wiring.mended).rates)
    assert tuple(tuple(rates) for rates in seen) == RATES[name]


def test_the_schedule_moves_while_the_programs_run() -> None:
    """The scheduled rate changes within the steps that the tests take."""
    assert {rate_of_step(number) for number in range(STEPS)} == {0.1, 0.5}


@pytest.mark.nightly
@pytest.mark.parametrize("name", SHAPES)
def test_the_shapes_of_masks_show_the_fault(name: str) -> None:
    """The wrong program shares its masks along an axis along which the mended one does not."""
    wiring = wiring_of(name)
    wrong, mended = SHAPES[name]
    assert watched(wiring.wrong).shapes == {wrong}
    assert watched(wiring.mended).shapes == {mended}


@pytest.mark.nightly
@pytest.mark.parametrize("name", SPLIT_PARENTS)
def test_a_parent_of_used_keys_is_used_too(name: str) -> None:
    """The wrong program draws from a key and from its child, the mended one from children alone."""
    wiring = wiring_of(name)

    def parents(spy: Spy) -> int:
        children = {
            words_of(child)
            for words in spy.keys
            for child in jax.random.split(jax.random.wrap_key_data(jnp.array(words, jnp.uint32)))
        }
        return len(children & spy.keys)

    assert (parents(watched(wiring.wrong)), parents(watched(wiring.mended))) == (STEPS, 0)


@pytest.mark.nightly
@pytest.mark.parametrize("name", SCALES)
def test_kept_units_are_scaled_wrongly(name: str) -> None:
    """The wrong layer multiplies kept units by another factor than 1 / keep."""
    wrong, factor = SCALES[name]
    ones = jnp.ones((BATCH, FEATURES))
    for function, expected in ((wrong, factor), (rates._right, 1 / (1 - RATE))):
        outputs = np.unique(function(jax.random.key(0), ones, RATE))
        np.testing.assert_allclose(outputs, [0, expected], rtol=1e-6)
    for run in (BY_NAME[name].wrong, BY_NAME[name].mended):
        assert watched(run).masks == STEPS


@pytest.mark.nightly
@pytest.mark.parametrize("name", KEYS_OF_WEIGHTS)
def test_the_key_of_the_weights_is_drawn_from(name: str) -> None:
    """The wrong program draws a mask from the key that its weights were drawn from."""
    wiring = wiring_of(name)
    key = words_of(KEYS_OF_WEIGHTS[name]())
    assert key in watched(wiring.wrong).keys
    assert key not in watched(wiring.mended).keys


@pytest.mark.nightly
@pytest.mark.parametrize("name", EVALUATIONS)
def test_the_wrong_evaluation_draws(name: str) -> None:
    """Evaluating the wrong program drops units, evaluating the mended one does not."""
    wiring = wiring_of(name)
    assert wiring.options == {"training": False}
    for run, draws in ((wiring.wrong, True), (wiring.mended, False)):
        outcome = run(NoRecord(), 2)
        assert outcome.evaluate is not None
        with spying() as spy:
            first, second = outcome.evaluate(), outcome.evaluate()
        assert (spy.masks > 0) == draws
        if not draws:
            np.testing.assert_array_equal(first, second)


@pytest.mark.nightly
@pytest.mark.parametrize("name", RESUMED)
def test_a_restored_training_starts_its_masks_again(name: str) -> None:
    """The mended training ends where an uninterrupted one does, the wrong one elsewhere."""
    wiring = wiring_of(name)
    for run, same in ((wiring.wrong, False), (wiring.mended, True)):
        program = cast("restored.Resumable", run)
        _, whole = program.train(NoRecord(), program.start(), STEPS)
        assert (program(NoRecord(), STEPS).losses == whole) == same


@pytest.mark.nightly
@pytest.mark.parametrize("name", [name for name in MASKS if BY_NAME[name].devices > 1])
def test_devices_share_masks_in_the_wrong_program(name: str) -> None:
    """In a process with several devices, the wrong program draws one mask for all of them."""
    seen = with_devices(BY_NAME[name].devices, __name__, "masks_of", name)
    assert tuple(json.loads(seen)) == MASKS[name]


def test_every_wiring_is_shown_here() -> None:
    """Each wiring has evidence that differs for its two programs, and a name of its own."""
    for pairs in (MASKS, RATES, SHAPES):
        assert [name for name, (wrong, mended) in pairs.items() if wrong == mended] == []
    shown = [*MASKS, *RATES, *SHAPES, *SPLIT_PARENTS, *SCALES, *KEYS_OF_WEIGHTS, *EVALUATIONS]
    assert sorted(shown) == sorted(str(wiring) for wiring in WIRINGS)
