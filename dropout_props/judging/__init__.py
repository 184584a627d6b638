"""From a claim and a subject to a verdict; the one function `judge` that every way in calls."""

from dropout_props.judging.judge import Judge
from dropout_props.judging.settings import Settings

__all__ = ["Judge", "Settings"]
