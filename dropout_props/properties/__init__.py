"""Properties: the catalogue, one property a file, in one ordered list.

Holds: the files `dpNNN_*`, the `declaration` that they fill in, the `sampler` that derives keys
and draws masks, `counting` of masks on devices, and the reference PRNG. To add a property, write
its file, add it to the list below and write a mutant that it must fail; the tests of power,
messages and docs then include it.
DP804 needs trained models: a nightly test decides it, and it is not in the list.
`own` has the decorators by which a project declares properties of its own.
Guarantees: an exact property spends no error budget; a statistical one returns integer counts.
Imports: Hypothesis, JAX, NumPy and the rooms above; never Flax or the engine.
"""

from __future__ import annotations

from difflib import get_close_matches

from dropout_props.properties import (
    dp101_eval_identity,
    dp102_rate_zero,
    dp103_rate_one,
    dp104_missing_key,
    dp105_mode_table,
    dp106_shape_dtype,
    dp107_invalid_rates,
    dp108_unscalable_input,
    dp109_no_fallback,
    dp110_any_mapping,
    dp111_idle_stream,
    dp112_same_checks_in_both_modes,
    dp113_rate_one_key,
    dp201_support,
    dp202_keep_rate,
    dp203_expectation,
    dp204_same_everywhere,
    dp205_count_dispersion,
    dp206_resolution,
    dp301_lags,
    dp302_broadcast_dims,
    dp303_parity,
    dp304_input_independence,
    dp305_count_parity,
    dp306_windows,
    dp307_rank,
    dp401_same_key,
    dp402_different_keys,
    dp403_two_calls,
    dp404_two_layers,
    dp405_named_stream,
    dp406_explicit_key,
    dp407_distinct_masks,
    dp408_keys_used_once,
    dp409_stream_state,
    dp410_history,
    dp411_derivation,
    dp412_snapshots,
    dp413_reseed,
    dp414_streams_passed_on,
    dp415_reseeded_as_new,
    dp416_neighbours,
    dp417_streams_by_name,
    dp418_key_bits,
    dp419_names_told_apart,
    dp420_held_mask,
    dp501_jit,
    dp502_vmap,
    dp503_scan,
    dp504_remat,
    dp505_sharded,
    dp506_control_flow,
    dp507_not_baked_in,
    dp508_framework_jit,
    dp509_framework_vmap,
    dp510_framework_scan,
    dp511_framework_remat,
    dp512_framework_control_flow,
    dp513_raw_transforms,
    dp514_explicit_mesh,
    dp515_transforms_distribution,
    dp516_traced_rate,
    dp601_gradient,
    dp602_gradient_ends,
    dp701_dtypes,
    dp702_special_values,
    dp703_overflow,
    dp704_key_kinds,
    dp705_rate_types,
    dp801_attention,
    dp802_models,
    dp803_linear_model,
    dp805_mean_of_a_model,
    dp901_active_in_training,
    dp902_silent_in_evaluation,
    dp903_declared_rate,
    dp904_zero_or_scaled,
    dp905_keys_used_once,
    dp906_sites_differ,
    dp907_steps_differ,
    dp908_examples_differ,
    dp909_backward_replays,
    dp910_devices_differ,
    dp911_resumes,
    dp912_rates_as_configured,
)
from dropout_props.properties.declaration import (
    LEVELS,
    Exact,
    Level,
    NotRun,
    Property,
    Statistical,
    Violation,
)
from dropout_props.properties.own import BadProperty, own_properties
from dropout_props.properties.recorded.declaration import RecordProperty

__all__ = [
    "CATALOGUE",
    "EXPLAINED",
    "LEVELS",
    "RECORDED",
    "BadProperty",
    "DecidedOnRecords",
    "Exact",
    "Level",
    "NotRun",
    "Property",
    "RecordProperty",
    "Statistical",
    "UnknownProperty",
    "Violation",
    "every_property",
    "find",
    "own_properties",
]

CATALOGUE: tuple[Property, ...] = (
    dp101_eval_identity.PROPERTY,
    dp102_rate_zero.PROPERTY,
    dp103_rate_one.PROPERTY,
    dp104_missing_key.PROPERTY,
    dp105_mode_table.PROPERTY,
    dp106_shape_dtype.PROPERTY,
    dp107_invalid_rates.PROPERTY,
    dp108_unscalable_input.PROPERTY,
    dp109_no_fallback.PROPERTY,
    dp110_any_mapping.PROPERTY,
    dp111_idle_stream.PROPERTY,
    dp112_same_checks_in_both_modes.PROPERTY,
    dp113_rate_one_key.PROPERTY,
    dp201_support.PROPERTY,
    dp202_keep_rate.PROPERTY,
    dp203_expectation.PROPERTY,
    dp204_same_everywhere.PROPERTY,
    dp205_count_dispersion.PROPERTY,
    dp206_resolution.PROPERTY,
    dp301_lags.PROPERTY,
    dp302_broadcast_dims.PROPERTY,
    dp303_parity.PROPERTY,
    dp304_input_independence.PROPERTY,
    dp305_count_parity.PROPERTY,
    dp306_windows.PROPERTY,
    dp307_rank.PROPERTY,
    dp401_same_key.PROPERTY,
    dp402_different_keys.PROPERTY,
    dp403_two_calls.PROPERTY,
    dp404_two_layers.PROPERTY,
    dp405_named_stream.PROPERTY,
    dp406_explicit_key.PROPERTY,
    dp407_distinct_masks.PROPERTY,
    dp408_keys_used_once.PROPERTY,
    dp409_stream_state.PROPERTY,
    dp410_history.PROPERTY,
    dp411_derivation.PROPERTY,
    dp412_snapshots.PROPERTY,
    dp413_reseed.PROPERTY,
    dp414_streams_passed_on.PROPERTY,
    dp415_reseeded_as_new.PROPERTY,
    dp416_neighbours.PROPERTY,
    dp417_streams_by_name.PROPERTY,
    dp418_key_bits.PROPERTY,
    dp419_names_told_apart.PROPERTY,
    dp420_held_mask.PROPERTY,
    dp501_jit.PROPERTY,
    dp502_vmap.PROPERTY,
    dp503_scan.PROPERTY,
    dp504_remat.PROPERTY,
    dp505_sharded.PROPERTY,
    dp506_control_flow.PROPERTY,
    dp507_not_baked_in.PROPERTY,
    dp508_framework_jit.PROPERTY,
    dp509_framework_vmap.PROPERTY,
    dp510_framework_scan.PROPERTY,
    dp511_framework_remat.PROPERTY,
    dp512_framework_control_flow.PROPERTY,
    dp513_raw_transforms.PROPERTY,
    dp514_explicit_mesh.PROPERTY,
    dp515_transforms_distribution.PROPERTY,
    dp516_traced_rate.PROPERTY,
    dp601_gradient.PROPERTY,
    dp602_gradient_ends.PROPERTY,
    dp701_dtypes.PROPERTY,
    dp702_special_values.PROPERTY,
    dp703_overflow.PROPERTY,
    dp704_key_kinds.PROPERTY,
    dp705_rate_types.PROPERTY,
    dp801_attention.PROPERTY,
    dp802_models.PROPERTY,
    dp803_linear_model.PROPERTY,
    dp805_mean_of_a_model.PROPERTY,
)
"""Every property that a layer or a model can be judged by, in the order of ids."""

_NIGHTLY = "DP804"

RECORDED: tuple[RecordProperty, ...] = (
    dp901_active_in_training.PROPERTY,
    dp902_silent_in_evaluation.PROPERTY,
    dp903_declared_rate.PROPERTY,
    dp904_zero_or_scaled.PROPERTY,
    dp905_keys_used_once.PROPERTY,
    dp906_sites_differ.PROPERTY,
    dp907_steps_differ.PROPERTY,
    dp908_examples_differ.PROPERTY,
    dp909_backward_replays.PROPERTY,
    dp910_devices_differ.PROPERTY,
    dp911_resumes.PROPERTY,
    dp912_rates_as_configured.PROPERTY,
)
"""Properties of a running model, which a record is judged against."""

EXPLAINED: tuple[Property | RecordProperty, ...] = (
    *CATALOGUE,
    *RECORDED,
)
"""The properties that `explain` and `list` print."""


class UnknownProperty(LookupError):
    """No property of the catalogue has this id."""


class DecidedOnRecords(UnknownProperty):
    """The id is that of a property of a running model, which no layer is judged against."""


def every_property() -> tuple[Property, ...]:
    """Return the properties that a layer is judged against: the catalogue, then the project's."""
    return (*CATALOGUE, *own_properties())


def find(property_id: str) -> Property:
    """Return the property with the id `property_id`, in upper or lower case.

    Raises:
        UnknownProperty: with the closest ids; for DP804, with the page of the test that decides it.
        DecidedOnRecords: the property is judged on a record of a running model.
    """
    wanted = property_id.upper()
    for prop in every_property():
        if prop.id == wanted:
            return prop
    if wanted == _NIGHTLY:
        raise UnknownProperty(
            f"{_NIGHTLY} is not in the catalogue: a nightly test decides it by training models; "
            "see docs/generalisation.md."
        )
    if any(one.id == wanted for one in RECORDED):
        raise DecidedOnRecords(
            f"{wanted} is a property of a running model, and no layer is judged against it: record "
            "the model with `dropout_props.record()`."
        )
    known = [*(one.id for one in (*EXPLAINED, *own_properties())), _NIGHTLY]
    close = get_close_matches(wanted, known)
    hint = f"the closest are {', '.join(close)}" if close else "none is close"
    raise UnknownProperty(
        f"unknown property {property_id!r}: {hint}; `dropout-props list` prints them all."
    )
