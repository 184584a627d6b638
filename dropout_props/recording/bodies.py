"""The bodies of loops and branches, wrapped so that their draws know where they are.

JAX keeps the trace of a loop by the identity of its body. So one body gets one wrapper, as long as
it lives; otherwise a loop in eager code would be compiled again at each call.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary, ref

import jax

from dropout_props.recording.scanned import LAYERS, is_lifted, shapes
from dropout_props.recording.session import Session
from dropout_props.recording.slots import Slot

Key = tuple[Any, ...]


class Bodies:
    """Makes wrappers, and gives the same one for the same body."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._made: WeakKeyDictionary[Any, dict[Key, Any]] = WeakKeyDictionary()

    def scan(self, body: Any, length: int) -> Callable[..., Any]:
        """Wrap the body of a scan: its element comes with its index."""
        session = self._session

        def make(get: Callable[[], Any]) -> Callable[..., Any]:
            number = session.number()
            if is_lifted(body):
                session.runs_over[number] = LAYERS

            def with_index(carry: Any, element: Any) -> Any:
                index, x = element
                session.elements[number] = shapes(x)
                with session.within((Slot("scan", number, length), index)):
                    return get()[0](carry, x)

            return named(with_index, body)

        found: Callable[..., Any] = self._once((body,), ("scan", length), make)
        return found

    def while_loop(self, cond_fun: Any, body_fun: Any) -> tuple[Any, Any]:
        """Wrap the condition and the body of a while loop: the carry comes with a count."""
        session = self._session

        def make(get: Callable[[], Any]) -> tuple[Any, Any]:
            number = session.number()

            def condition(carry: Any) -> Any:
                index, value = carry
                with session.within((Slot("test", number), index)):
                    return get()[0](value)

            def body(carry: Any) -> Any:
                index, value = carry
                test, step = get()
                known = [(Slot("while", number), index), *_alive(session, number, test, value)]
                with session.within(*known):
                    return index + 1, step(value)

            return named(condition, cond_fun), named(body, body_fun)

        found: tuple[Any, Any] = self._once((cond_fun, body_fun), ("while",), make)
        return found

    def branches(self, functions: tuple[Any, ...]) -> list[Any]:
        """Wrap branches: the first operand is the number that chose."""
        session = self._session

        def make(get: Callable[[], Any]) -> list[Any]:
            number, count = session.number(), len(functions)

            def branch(k: int, original: Any) -> Callable[..., Any]:
                def with_index(index: Any, *operands: Any) -> Any:
                    with session.within((Slot("branch", number, count, k), index)):
                        return get()[k](*operands)

                return named(with_index, original)

            return [branch(k, original) for k, original in enumerate(functions)]

        found: list[Any] = self._once(functions, ("branches",), make)
        return found

    def _once(self, functions: tuple[Any, ...], key: Key, make: Callable[[Any], Any]) -> Any:
        """Make wrappers, or find those made before; they must not keep the functions alive."""
        if not all(isinstance(function, FunctionType) for function in functions):
            return make(lambda: functions)
        weak = tuple(ref(function) for function in functions)
        made = self._made.setdefault(functions[0], {})
        key = (*key, *weak[1:])
        if key not in made:
            made[key] = make(lambda: tuple(one() for one in weak))
        return made[key]


def _alive(session: Session, number: int, cond_fun: Any, value: Any) -> list[tuple[Slot, Any]]:
    """Test in the body whether its lane goes on: under vmap it runs for those that do not, too.

    Without a draw in the body nothing uses the test, and it is dropped. A condition with effects,
    such as printing, is not run a second time.
    """
    with session.unseen():
        if jax.make_jaxpr(cond_fun)(value).effects:
            return []
        return [(Slot("alive", number), cond_fun(value))]


def named(wrapper: Any, original: Any) -> Any:
    """Give a wrapper the name of what it wraps; its signature is its own."""
    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        if hasattr(original, name):
            setattr(wrapper, name, getattr(original, name))
    return wrapper
