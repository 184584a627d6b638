"""A correct dropout: what a failing count is tried on before it is believed.

It is made of five small functions (``Kernel``), and takes its keys from Linen.
"""

from __future__ import annotations

from functools import lru_cache

from dropout_props.selftest.kernel.kernel import Kernel, kernel_subject
from dropout_props.subjects.subject import Subject

__all__ = ["reference"]


@lru_cache(maxsize=1)
def reference() -> Subject:
    """Return the correct layer, which can be asked everything that a property asks."""
    return kernel_subject(Kernel(), api="linen", name="control.reference")
