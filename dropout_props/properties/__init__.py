"""The catalogue: every claim that dropout makes, one a file, in one explicit ordered list.

To add a property: write its file, add its line here, plant its mutant. Calibration, power, docs
and message tests then pick it up by parametrisation. What no layer can be asked for stands in a
list of its own, and is told but not judged.
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
    dp804_generalisation,
)
from dropout_props.properties.declaration import Claim, Exact, NightlyClaim, Statistical, Violation

__all__ = [
    "CATALOGUE",
    "EXPLAINED",
    "NIGHTLY",
    "Claim",
    "DecidedNightly",
    "Exact",
    "NightlyClaim",
    "Statistical",
    "UnknownClaim",
    "Violation",
    "find",
]

CATALOGUE: tuple[Claim, ...] = (
    dp101_eval_identity.CLAIM,
    dp102_rate_zero.CLAIM,
    dp103_rate_one.CLAIM,
    dp104_missing_key.CLAIM,
    dp105_mode_table.CLAIM,
    dp106_shape_dtype.CLAIM,
    dp107_invalid_rates.CLAIM,
    dp108_unscalable_input.CLAIM,
    dp109_no_fallback.CLAIM,
    dp110_any_mapping.CLAIM,
    dp111_idle_stream.CLAIM,
    dp112_same_checks_in_both_modes.CLAIM,
    dp201_support.CLAIM,
    dp202_keep_rate.CLAIM,
    dp203_expectation.CLAIM,
    dp204_same_everywhere.CLAIM,
    dp205_count_dispersion.CLAIM,
    dp206_resolution.CLAIM,
    dp301_lags.CLAIM,
    dp302_broadcast_dims.CLAIM,
    dp303_parity.CLAIM,
    dp304_input_independence.CLAIM,
    dp305_count_parity.CLAIM,
    dp401_same_key.CLAIM,
    dp402_different_keys.CLAIM,
    dp403_two_calls.CLAIM,
    dp404_two_layers.CLAIM,
    dp405_named_stream.CLAIM,
    dp406_explicit_key.CLAIM,
    dp407_distinct_masks.CLAIM,
    dp408_keys_used_once.CLAIM,
    dp409_stream_state.CLAIM,
    dp410_history.CLAIM,
    dp411_derivation.CLAIM,
    dp412_snapshots.CLAIM,
    dp413_reseed.CLAIM,
    dp414_streams_passed_on.CLAIM,
    dp415_reseeded_as_new.CLAIM,
    dp416_neighbours.CLAIM,
    dp417_streams_by_name.CLAIM,
    dp501_jit.CLAIM,
    dp502_vmap.CLAIM,
    dp503_scan.CLAIM,
    dp504_remat.CLAIM,
    dp505_sharded.CLAIM,
    dp506_control_flow.CLAIM,
    dp507_not_baked_in.CLAIM,
    dp508_framework_jit.CLAIM,
    dp509_framework_vmap.CLAIM,
    dp510_framework_scan.CLAIM,
    dp511_framework_remat.CLAIM,
    dp512_framework_control_flow.CLAIM,
    dp513_raw_transforms.CLAIM,
    dp514_explicit_mesh.CLAIM,
    dp515_transforms_distribution.CLAIM,
    dp601_gradient.CLAIM,
    dp602_gradient_ends.CLAIM,
    dp701_dtypes.CLAIM,
    dp702_special_values.CLAIM,
    dp703_overflow.CLAIM,
    dp704_key_kinds.CLAIM,
    dp705_rate_types.CLAIM,
    dp801_attention.CLAIM,
    dp802_models.CLAIM,
    dp803_linear_model.CLAIM,
)

NIGHTLY: tuple[NightlyClaim, ...] = (dp804_generalisation.CLAIM,)
"""Claims that nothing here judges."""

EXPLAINED: tuple[Claim | NightlyClaim, ...] = (*CATALOGUE, *NIGHTLY)
"""What `explain` and `list` tell of."""


class UnknownClaim(LookupError):
    """No claim of the catalogue has this id."""


class DecidedNightly(UnknownClaim):
    """The claim of this id is decided by training models, and no layer is asked."""


def find(claim_id: str) -> Claim:
    """Return the claim called `claim_id`, in any case of letters.

    Raises:
        UnknownClaim: with the closest ids.
        DecidedNightly: it is none of those that are judged; naming the command that decides it.
    """
    asked = claim_id.upper()
    for claim in CATALOGUE:
        if claim.id == asked:
            return claim
    for other in NIGHTLY:
        if other.id == asked:
            raise DecidedNightly(
                f"{other.id} is not judged here, since models are trained to decide it and no "
                f"layer is asked: `{other.command}` does that, in a checkout of this repository."
            )
    close = get_close_matches(asked, [one.id for one in EXPLAINED])
    hint = f"the closest are {', '.join(close)}" if close else "none is close"
    raise UnknownClaim(f"unknown claim {claim_id!r}: {hint}; `dropout-props list` prints them all.")
