"""Where an error came from: the innermost line of the code of whoever wrote the layer.

Guarantee: the place is never in Python, JAX, a framework or this package, and it is the same for
one fault, whichever operation met it. Cannot say: which of two faults on one line it was.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

__all__ = ["raised_at"]

_OTHERS = frozenset(
    {"dropout_props", "jax", "jaxlib", "flax", "equinox", "haiku", "keras", "numpy", "scipy"}
)
_INSTALLED = ("site-packages", "dist-packages")


def raised_at(error: BaseException | None) -> str:
    """Return file and line, as in `layers.py, line 12`; empty where no frame is the author's.

    A frame of an installed package counts where no other does: the layer may be of one.
    """
    if error is None:
        return ""
    frames = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if not _is_other(str(frame.f_globals.get("__name__", "")))
    ]
    own = [one for one in frames if not any(part in one[0] for part in _INSTALLED)]
    if not frames:
        return ""
    filename, line = (own or frames)[-1]
    return f"{Path(filename).name}, line {line}"


def _is_other(module: str) -> bool:
    root = module.partition(".")[0]
    return root in _OTHERS or root in sys.stdlib_module_names
