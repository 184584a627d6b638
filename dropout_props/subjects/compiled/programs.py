"""The programs that were compiled, and the plan by which the programs of a trace run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from dropout_props.subjects.compiled.groups import grouped, num_draws
from dropout_props.subjects.compiled.moves import moves
from dropout_props.subjects.compiled.quick import quickly_compiled
from dropout_props.subjects.compiled.steps import Step, Trace, as_array, is_array
from dropout_props.subjects.compiled.structure import flags, operation

__all__ = ["Planned", "forget", "run_planned"]

_MOST = 2048
_programs: dict[Any, Any] = {}


@dataclass(frozen=True)
class Planned:
    """A trace whose programs are compiled.

    Attributes:
        programs: each with the numbers of the values that it takes and makes, in order.
        trace: the trace.
    """

    programs: tuple[tuple[Any, tuple[int, ...], tuple[int, ...]], ...]
    trace: Trace

    def run(self, arguments: Sequence[Any] = ()) -> Any:
        """Return the outputs of the function for other flat arguments of the same shapes."""
        values = self.trace.values | dict(zip(self.trace.inputs, arguments, strict=True))
        for program, given, made in self.programs:
            values.update(zip(made, program(*(values[one] for one in given)), strict=True))
        return _outputs(self.trace, values)

    def is_of_programs(self, other: Planned) -> bool:
        """Return whether another plan runs the same programs on values of the same numbers."""
        if len(self.programs) != len(other.programs) or self.trace.outputs != other.trace.outputs:
            return False
        return all(
            one is another and places == other_places
            for (one, *places), (another, *other_places) in zip(
                self.programs, other.programs, strict=True
            )
        )


def run_planned(
    trace: Trace, arguments: Sequence[Any] = (), *, split: bool | None = None
) -> tuple[Any, Planned]:
    """Run a trace, and compile what no earlier trace has compiled.

    Args:
        trace: of a function.
        arguments: of the function, flat.
        split: divide it into programs that other traces share. By default a function of several
            draws is divided: compiling each of them again takes longer than anything else.

    Returns:
        The outputs of the function, and the plan by which it runs again for other arguments.
    """
    steps, outputs = trace.steps, trace.outputs
    if split is None:
        split = num_draws(steps) > 1
    groups = grouped(steps, outputs) if split or not steps else [list(steps)]
    needed = set(outputs)
    wanted: list[set[int]] = []  # of each group, by groups that follow
    for group in reversed(groups):
        wanted.insert(0, set(needed))
        needed |= {number for step in group for number in step.operands}
    values = trace.values | dict(zip(trace.inputs, arguments, strict=True))
    programs = []
    for group, after in zip(groups, wanted, strict=True):
        made = [number for step in group for number in step.results]
        given = dict.fromkeys(number for step in group for number in step.operands)
        for number in made:
            given.pop(number, None)
        found = tuple(number for number in made if number in after)
        operands = [values[number] for number in given]
        program = _shared(group, tuple(given), found, operands)
        programs.append((program, tuple(given), found))
        values.update(zip(found, program(*operands), strict=True))
    return _outputs(trace, values), Planned(tuple(programs), trace)


def forget() -> None:
    """Drop every compiled program; the next use of each compiles it again."""
    _programs.clear()


def _shared(
    steps: Sequence[Step], inputs: tuple[int, ...], outputs: tuple[int, ...], arguments: list[Any]
) -> Any:
    """Return the program of these steps, compiled at its first use."""
    places = {number: place for place, number in enumerate(inputs)}
    structure = []
    for step in steps:
        operands = tuple(places[number] for number in step.operands)
        for number in step.results:
            places[number] = len(places)
        structure.append((operands, len(step.results), *operation(step.equation)))
    shapes = tuple((tuple(np.shape(one)), str(one.dtype), _is_weak(one)) for one in arguments)
    devices = frozenset().union(*(one.devices() for one in arguments if is_array(one)))
    results = tuple(places[number] for number in outputs)
    key = (tuple(structure), results, shapes, devices, *flags())
    if key not in _programs:
        if len(_programs) >= _MOST:
            _programs.clear()

        platform = next((one.platform for one in devices), jax.default_backend())
        # What NumPy moves ends on the default device.
        is_there = not devices or devices == jax.device_put(np.uint8(0)).devices()
        moved = moves(steps, inputs, outputs) if platform == "cpu" and is_there else None
        program = moved or _compiled(steps, inputs, outputs, arguments, platform)
        # The steps are stored too: an object in the key that equals itself alone stays alive.
        _programs[key] = program, steps
    return _programs[key][0]


def _compiled(
    steps: Sequence[Step],
    inputs: tuple[int, ...],
    outputs: tuple[int, ...],
    arguments: list[Any],
    platform: str,
) -> Any:
    def program(*given: Any) -> list[Any]:
        return _evaluated(steps, dict(zip(inputs, given, strict=True)), outputs)

    lowered = jax.jit(program).lower(*arguments)
    return quickly_compiled(lowered, units=_most_units(steps), platform=platform)


def _outputs(trace: Trace, values: dict[int, Any]) -> Any:
    outputs = [as_array(values[number]) for number in trace.outputs]
    return jax.tree_util.tree_unflatten(trace.tree, outputs)


def _most_units(steps: Sequence[Step]) -> int:
    """Return the number of units of the largest result."""
    results = (variable.aval for step in steps for variable in step.equation.outvars)
    return max((math.prod(getattr(one, "shape", ())) for one in results), default=0)


def _evaluated(
    steps: Sequence[Step], values: dict[int, Any], outputs: tuple[int, ...]
) -> list[Any]:
    """Return the outputs of the steps; `values` holds their inputs."""
    for step in steps:
        equation = step.equation
        found = equation.primitive.get_bind_params(equation.params)
        functions, parameters = found if isinstance(found, tuple) else ((), found)
        operands = [values[number] for number in step.operands]
        with equation.ctx.manager:
            answer = equation.primitive.bind(*functions, *operands, **parameters)
        answers = answer if equation.primitive.multiple_results else [answer]
        values.update(zip(step.results, answers, strict=True))
    return [values[number] for number in outputs]


def _is_weak(value: Any) -> bool:
    return bool(getattr(value, "weak_type", False))
