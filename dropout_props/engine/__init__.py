"""From a property and a subject to a verdict.

One `Judge` under `Settings` serves the command line, pytest, the gate and the self-test.
"""

from dropout_props.engine.judge import Judge, lost
from dropout_props.engine.settings import Settings

__all__ = ["Judge", "Settings", "lost"]
