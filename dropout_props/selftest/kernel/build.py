"""Makes a kernel a subject, in either API."""

from __future__ import annotations

from typing import Literal

from dropout_props.selftest.kernel.kernel import Kernel
from dropout_props.selftest.kernel.linen import linen_kernel_subject
from dropout_props.selftest.kernel.nnx import nnx_kernel_subject
from dropout_props.subjects.subject import Subject


def kernel_subject(
    kernel: Kernel, *, api: Literal["linen", "nnx"], name: str, derived: bool = False
) -> Subject:
    """Make a subject from a kernel.

    Args:
        kernel: the functions.
        api: the framework of the layer.
        name: the name that reports print.
        derived: the layer promises the masks of the published derivation.

    Returns:
        A subject with the traits of the Dropout of that framework.
    """
    if api == "linen":
        return linen_kernel_subject(kernel, name=name, derived=derived)
    return nnx_kernel_subject(kernel, name=name, derived=derived)
