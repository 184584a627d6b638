"""Makes a subject of a kernel, in either API."""

from __future__ import annotations

from typing import Literal

from dropout_props.selftest.kernel.kernel import Kernel
from dropout_props.selftest.kernel.linen import linen_kernel_subject
from dropout_props.selftest.kernel.nnx import nnx_kernel_subject
from dropout_props.subjects.subject import Subject


def kernel_subject(
    kernel: Kernel, *, api: Literal["linen", "nnx"], name: str, derived: bool = False
) -> Subject:
    """Makes a subject of a kernel.

    Args:
        kernel: the functions.
        api: the framework that it stands in.
        name: what reports call it.
        derived: it promises the masks of the published derivation.

    Returns:
        A subject with every trait of that framework's own Dropout.
    """
    if api == "linen":
        return linen_kernel_subject(kernel, name=name, derived=derived)
    return nnx_kernel_subject(kernel, name=name, derived=derived)
