"""A column of the support matrix: a release of Flax, and the kind of devices it is judged on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dropout_props.gate.environments import build
from dropout_props.gate.side_process import SideJob

if TYPE_CHECKING:
    from dropout_props.gate.environments import Built

__all__ = ["Column"]


@dataclass(frozen=True)
class Column:
    """A release on a platform.

    Args:
        release: of Flax.
        platform: of JAX, as in `cuda`.
    """

    release: str
    platform: str = "cpu"

    def __str__(self) -> str:
        """Return the name in tables; the CPU is not named."""
        return self.release if self.platform == "cpu" else f"{self.release} {self.platform}"

    @property
    def file(self) -> str:
        """Name of the file that holds the result."""
        return f"flax-{str(self).replace(' ', '-').replace(',', '-')}.json"

    def job(self, request: dict[str, Any], *, python: str | None, timeout: float) -> SideJob:
        """Return what judges it.

        Args:
            request: as in `SideJob`.
            python: version of the interpreter; None for one that suits the release.
            timeout: seconds until it is stopped.
        """

        def prepare() -> Built:
            return build(f"flax=={self.release}", python=python, platform=self.platform)

        return SideJob(f"flax {self}", prepare, request, timeout)
