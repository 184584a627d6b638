"""The dropout layers of the installed Flax, as subjects."""

from __future__ import annotations

import flax.linen as nn
from flax import nnx

from dropout_props.subjects.nnx.adapter import DERIVATION
from dropout_props.subjects.subject import Subject
from dropout_props.subjects.traits import WIDE_DTYPES


def linen_dropout() -> Subject:
    """Return `flax.linen.Dropout` as a subject."""
    return Subject.linen(
        nn.Dropout,
        name="linen.Dropout",
        derivation="linen",
        mode_rule="one place",
        explicit_mesh=True,
        takes="all",
        wide_dtypes=WIDE_DTYPES,
    )


def nnx_dropout() -> Subject:
    """Return `flax.nnx.Dropout` as a subject."""
    return Subject.nnx(
        nnx.Dropout,
        name="nnx.Dropout",
        derivation=DERIVATION,
        mode_rule="call first",
        explicit_mesh=True,
        takes="all",
        wide_dtypes=WIDE_DTYPES,
    )
