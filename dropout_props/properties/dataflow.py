"""Whether the output of a function depends on its argument, as JAX traces it.

Question: does any value that is computed from the argument reach the output?
Guarantee: where the answer is no, no argument changes the output. Loops and branches count as
depending on all that enters them.
Cannot say: whether the output changes: a factor of zero hides what it multiplies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["depends_on_argument"]


def depends_on_argument(function: Callable[[Any], Any], argument: Any) -> bool:
    """Return whether the output of a function is computed from its argument.

    Args:
        function: takes an array or a key, and returns an array.
        argument: one that it takes.
    """
    import jax

    return any(_reached(jax.make_jaxpr(function)(argument).jaxpr, [True]))


def _reached(jaxpr: Any, inputs: Sequence[bool]) -> list[bool]:
    """Return which outputs of a program depend on those inputs that are marked."""
    known = {one for one, marked in zip(jaxpr.invars, inputs, strict=True) if marked}

    def is_marked(atom: Any) -> bool:
        return not hasattr(atom, "val") and atom in known  # a literal has a value

    for equation in jaxpr.eqns:
        marked = [is_marked(one) for one in equation.invars]
        if any(marked):
            inner = _called_program(equation)
            outputs = [True] * len(equation.outvars) if inner is None else _reached(inner, marked)
            known |= {
                one for one, reached in zip(equation.outvars, outputs, strict=True) if reached
            }
    return [is_marked(one) for one in jaxpr.outvars]


def _called_program(equation: Any) -> Any:
    """Return the program that an equation calls once with its own inputs, or None."""
    if equation.primitive.name in ("scan", "while", "cond"):
        return None
    for value in equation.params.values():
        inner = getattr(value, "jaxpr", value)
        if hasattr(inner, "eqns") and (
            (len(inner.invars), len(inner.outvars)) == (len(equation.invars), len(equation.outvars))
        ):
            return inner
    return None
