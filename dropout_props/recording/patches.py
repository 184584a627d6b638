"""Replace what JAX looks up at run time, and put it back, whatever happens.

Attributes of modules and classes are replaced by name. A function that everybody has imported
already is replaced below its name: in the closure cell of the wrapper that JAX puts around its
public functions, so that `from jax.lax import scan` is no way around it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CellType, FunctionType
from typing import Any

from dropout_props.recording.errors import RecordingError

_MISSING = object()


class Patches:
    """Replacements that `undo` takes back, last first."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def attribute(self, owner: Any, name: str, new: Any) -> None:
        """Replace `owner.name`."""
        old = vars(owner).get(name, _MISSING)
        setattr(owner, name, new)
        if old is _MISSING:
            self._undo.append(lambda: delattr(owner, name))
        else:
            self._undo.append(lambda: setattr(owner, name, old))

    def entry(self, table: dict[Any, Any], key: Any, new: Any) -> None:
        """Replace `table[key]`, which exists."""
        old = table[key]
        table[key] = new
        self._undo.append(lambda: table.__setitem__(key, old))

    def cell(self, function: Any, wrap: Callable[[Any], Any]) -> None:
        """Replace the function that a public function of JAX calls."""
        cell = cell_of(function)
        old = cell.cell_contents
        cell.cell_contents = wrap(old)
        self._undo.append(lambda: setattr(cell, "cell_contents", old))

    def undo(self) -> None:
        """Put everything back."""
        while self._undo:
            self._undo.pop()()


def cell_of(function: Any) -> CellType:
    """Find the cell in which a wrapper of JAX keeps the function that it wraps.

    Raises:
        RecordingError: this release of JAX wraps its functions in another way.
    """
    for cell in getattr(function, "__closure__", None) or ():
        content = cell.cell_contents
        if isinstance(content, FunctionType) and content.__name__ == function.__name__:
            return cell
    raise RecordingError(
        f"jax.lax.{getattr(function, '__name__', function)} cannot be recorded on this release of"
        " JAX: it is not wrapped as in the releases that the recorder knows. See"
        " docs/recording-releases.md for the releases it runs on."
    )
