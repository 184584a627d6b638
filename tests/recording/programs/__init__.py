"""Right training programs: a recorder of dropout must stay silent on every one of them.

The mended twins of the wrong wirings are right programs too, and are not repeated here.
"""

from tests.recording.programs import (
    keys,
    layers,
    models,
    passes,
    sharded,
    stateful,
    transforms,
)
from tests.recording.programs.program import Program

__all__ = ["PROGRAMS", "Program"]

PROGRAMS: tuple[Program, ...] = (
    *keys.PROGRAMS,
    *layers.PROGRAMS,
    *models.PROGRAMS,
    *passes.PROGRAMS,
    *stateful.PROGRAMS,
    *transforms.PROGRAMS,
    *sharded.PROGRAMS,
)
