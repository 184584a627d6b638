"""A right program: its dropout is wired as it should be, and a recorder must stay silent on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from dropout_props.selftest.wirings import Api, Run

__all__ = ["Program"]


@dataclass(frozen=True, kw_only=True)
class Program:
    """One right training program.

    Attributes:
        name: unique within an API.
        api: what the program is written in.
        says: what about it might look wrong, and is right.
        run: the program, `run(record, steps)`, as of a `Wiring`.
        options: keyword arguments for recording and checking it, as of a `Wiring`; `ignore` maps
            patterns of sites to the properties that they are not asked.
        devices: how many devices it needs.
        needs: the oldest Flax release that can run it, where newer than the oldest supported one.
    """

    name: str
    api: Api
    says: str
    run: Run
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    devices: int = 1
    needs: str = ""

    def __str__(self) -> str:
        """Return the API and the name, which together are unique."""
        return f"{self.api}/{self.name}"
