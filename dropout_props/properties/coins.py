"""Whether all that a model tosses falls the same way under every key, and nothing else reaches it.

Question: an output is the same under every key; is that so because no unit is ever dropped?
Guarantee: where the answer is yes, the output is computed from the key through coins alone, and
each coin fell the same way under every key that was tried. A coin is a boolean, or a number that is
rounded to a whole one, which is computed from the key and from no array of the model or its input:
a comparison of activations is none. So a zero or a normalisation behind a mask that varies, and
noise, give the answer no.
Cannot say: anything about coins inside loops and branches, which it does not enter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["tosses_one_way"]

_CALLS = (
    "jit", "pjit", "closed_call", "core_call", "checkpoint", "remat", "remat2",
    "custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr",
)  # fmt: skip
_ROUNDING = ("floor", "ceil", "round", "sign")


def tosses_one_way(function: Callable[[Any], Any], keys: Any) -> bool:
    """Return whether keys reach the output through coins alone, which they do not change.

    Args:
        function: takes a key and returns an array.
        keys: key[num_keys], as many as one coin needs not to fall the same way by chance.
    """
    import jax
    import numpy as np

    program = jax.make_jaxpr(function)(keys[0])

    def coins(key: Any) -> list[Any]:
        walk = _Walk()
        walk.through(program, [_Value(key, is_drawn=True, is_open=True)])
        return walk.coins

    try:
        tossed = [np.asarray(coin) for coin in jax.jit(jax.vmap(coins))(keys)]
    except Exception:  # noqa: BLE001 (a program that cannot be taken apart shows no fault)
        return False
    closed = tuple(bool((coin == coin[:1]).all()) for coin in tossed)
    if not any(closed):
        return False
    walk = _Walk(closed, evaluates=False)
    outputs = walk.through(program, [_Value(None, is_drawn=True, is_open=True)])
    return not any(one.is_open for one in outputs)


@dataclass(frozen=True)
class _Value:
    """A value of a program.

    Attributes:
        value: the array; None where nothing is evaluated.
        is_drawn: it is computed from the key.
        is_data: it is computed from an array that is no single number: a parameter or the input.
        is_open: it is computed from the key by a way without a coin that always falls alike.
    """

    value: Any = None
    is_drawn: bool = False
    is_data: bool = False
    is_open: bool = False


@dataclass
class _Walk:
    """A way through a program, step by step, into the programs that it calls.

    Attributes:
        closed: of each coin, in order, whether it always falls the same way.
        evaluates: the values are computed.
        coins: the coins that were met.
    """

    closed: Sequence[bool] = ()
    evaluates: bool = True
    coins: list[Any] = field(default_factory=list)

    def through(self, program: Any, arguments: Sequence[_Value]) -> list[_Value]:
        """Return the outputs of a program, closed or not."""
        jaxpr, consts = getattr(program, "jaxpr", program), getattr(program, "consts", ())
        known = dict(zip(jaxpr.constvars, map(_constant, consts), strict=True))
        known |= dict(zip(jaxpr.invars, arguments, strict=True))

        def read(atom: Any) -> _Value:
            return _constant(atom.val) if hasattr(atom, "val") else known[atom]

        for equation in jaxpr.eqns:
            given = list(map(read, equation.invars))
            inner = _called(equation)
            results = self._step(equation, given) if inner is None else self.through(inner, given)
            known |= dict(zip(equation.outvars, results, strict=True))
        return list(map(read, jaxpr.outvars))

    def _step(self, equation: Any, given: Sequence[_Value]) -> Iterator[_Value]:
        common = _Value(
            is_drawn=any(one.is_drawn for one in given),
            is_data=any(one.is_data for one in given),
            is_open=any(one.is_open for one in given),
        )
        values = _evaluated(equation, given) if self.evaluates else [None] * len(equation.outvars)
        for variable, value in zip(equation.outvars, values, strict=True):
            result = replace(common, value=value)
            yield self._tossed(result) if _is_coin(equation, variable, common) else result

    def _tossed(self, coin: _Value) -> _Value:
        self.coins.append(coin.value)
        is_closed = len(self.coins) <= len(self.closed) and self.closed[len(self.coins) - 1]
        return replace(coin, is_open=coin.is_open and not is_closed)


def _called(equation: Any) -> Any:
    """Return the program that an equation calls once, or None."""
    if equation.primitive.name not in _CALLS:
        return None
    programs = [one for one in equation.params.values() if hasattr(one, "eqns")]
    return programs[0] if programs else None


def _constant(value: Any) -> _Value:
    return _Value(value, is_data=bool(getattr(value, "shape", ())))


def _is_coin(equation: Any, variable: Any, common: _Value) -> bool:
    is_whole = str(variable.aval.dtype) == "bool" or equation.primitive.name in _ROUNDING
    return common.is_drawn and not common.is_data and is_whole


def _evaluated(equation: Any, given: Sequence[_Value]) -> list[Any]:
    found = equation.primitive.get_bind_params(equation.params)
    functions, parameters = found if isinstance(found, tuple) else ((), found)
    with equation.ctx.manager:
        answer = equation.primitive.bind(*functions, *(one.value for one in given), **parameters)
    return list(answer) if equation.primitive.multiple_results else [answer]
