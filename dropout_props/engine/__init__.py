"""From a property and a subject to a verdict: a `Judge` under `Settings`, which every way in calls."""

from dropout_props.engine.judge import Judge, lost
from dropout_props.engine.settings import Settings

__all__ = ["Judge", "Settings", "lost"]
