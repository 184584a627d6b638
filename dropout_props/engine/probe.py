"""Finds which inputs a subject takes, by trying, before it is judged.

Question: which ranks, sizes, dtypes, ends of the rate and values does the layer take, and is it a
layer or a model?
Guarantee: JAX traces the tries and compiles none, but for NaN and infinity: a trace has no values.
What the layer refuses is one note, which names the option that says it for good; every property is
then judged on what remains. A subject with the trait `takes="all"` promises everything, and is not
tried: an error of Flax's own layer at rate 0, at rate 1 or on NaN is a failure.
Cannot say: whether the layer refuses a rate between 0 and 1, or values other than NaN and infinity.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from dropout_props.cases.case import Case, as_dtype
from dropout_props.cases.strategies import BLOCK_SHAPES, SHAPES
from dropout_props.engine.adapt_case import fit, shows_mask
from dropout_props.engine.kind import kind_of
from dropout_props.engine.refused_values import error_text, refusal_of_nonfinite
from dropout_props.environment.guards import without_guards
from dropout_props.subjects.inputs import Given
from dropout_props.subjects.keys import key_of_seed
from dropout_props.subjects.operations import Call
from dropout_props.subjects.subject import Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dropout_props.subjects.subject import Adapter, Subject, Traits

__all__ = ["Probed", "probe", "taken"]

_RANKS = range(6)
_WIDTHS = (16, 8, 1, 2, 3, 4, 10, 32, 64, 128, 256, 512, 784, 1024)
_OTHERS = 8  # units along each other axis
_EXAMPLES = 4  # fewer, so that a mask of fewer axes fits by no coincidence
_TOKENS = ("int32",)


@dataclass(frozen=True)
class Probed:
    """A subject with the traits that trying has found.

    Attributes:
        subject: the subject, whose traits are narrowed to the inputs that it takes.
        notes: sentences for the report; never a failure.
    """

    subject: Subject
    notes: tuple[str, ...] = ()


@lru_cache(maxsize=256)
@without_guards()
def probe(subject: Subject) -> Probed:
    """Return the subject with the traits that it has, and what it refuses.

    The parameters of a model that are all zero get other numbers: they would hide its dropout.
    """
    found = _tried_out(subject)
    if found.subject.traits.output_law.shows_mask:
        return found
    return replace(found, subject=replace(found.subject, adapter=found.subject.adapter.filled()))


def _tried_out(subject: Subject) -> Probed:
    if subject.traits.takes == "all":
        return Probed(subject)
    if subject.traits.inputs is not None:
        return _of_declared_inputs(subject)
    subject, refused = _with_dtypes(subject)
    shapes = {rank: _shape(subject, rank) for rank in _ranks(subject.traits)}
    found = {rank: shape for rank, shape in shapes.items() if isinstance(shape, tuple)}
    if not found:
        return Probed(subject)  # each property says what it raised
    narrowed: dict[str, Any] = {}
    refused |= {f"rank {rank}": why for rank, why in shapes.items() if not isinstance(why, tuple)}
    usual = found.get(2, found[max(found)])
    held, model = kind_of(subject, Case(shape=usual, dtype=_usual_dtype(subject.traits)))
    if held.get("kind") != "model" and subject.traits.reference == "input":
        broadcast = _broadcast(subject, found)
        refused |= {f"rank {rank}": why for rank, why in broadcast.items()}
        found = {rank: shape for rank, shape in found.items() if rank not in broadcast}
        usual = found.get(2, found[max(found)])
    if len(found) < len(shapes):
        narrowed["min_rank"] = min(found)
        narrowed["max_rank"] = None if max(found) == max(_RANKS) else max(found)
    if subject.traits.empty and usual and (why := _refusal(subject, (0, *usual[1:]))):
        narrowed["empty"] = False
        refused["an empty axis"] = why
    found_values = _values(subject, Case(shape=usual, dtype=_usual_dtype(subject.traits)))
    narrowed |= dict.fromkeys(found_values, False)
    refused |= {_WORDS[option]: why for option, why in found_values.items()}
    narrowed |= held
    if narrowed.get("kind") != "model" and subject.traits.output_law.shows_mask:
        refused |= _odd_shapes(subject, found)
    notes = (*model, _refuses(refused, found_values)) if refused else model
    return Probed(replace(subject, traits=replace(subject.traits, **narrowed)), notes)


def _of_declared_inputs(subject: Subject) -> Probed:
    """Return the subject whose inputs the user declares: its kind, rates and NaN are tried."""
    case = fit(Case(shape=(128,)), subject.traits)
    held, said = kind_of(subject, case)
    traits = replace(subject.traits, **held)
    if found := _values(subject, case):
        lacking: dict[str, Any] = dict.fromkeys(found, False)
        traits = replace(traits, **lacking)
        said = (*said, _refuses({_WORDS[one]: why for one, why in found.items()}, found))
    if any(isinstance(one, Given) and not shows_mask(one.array, traits) for one in traits.inputs):
        said = (*said, _HIDDEN)
    return Probed(replace(subject, traits=traits), said)


_WORDS = {"rate_zero": "rate 0", "rate_one": "rate 1", "nonfinite": "NaN and infinity"}
"""What a layer refuses that lacks each of these traits."""
_HIDDEN = (
    "its inputs have values that hide a mask (0, NaN or infinity): other values of their shape and "
    "dtype take their place"
)


def taken(case: Case, subject: Subject) -> Case:
    """Return the case, or one of a shape that the subject takes where it refuses this one."""
    traits = subject.traits
    is_promised = traits.takes == "all" or traits.inputs is not None
    is_promised = is_promised or case.dtype in traits.wide_dtypes
    if is_promised or not _refusal(subject, case.shape, case.dtype):
        return case
    ranks = sorted(_ranks(subject.traits), key=lambda rank: abs(rank - len(case.shape)))
    for rank in ranks:
        shape = _shape(subject, rank, case.dtype)
        if isinstance(shape, tuple):
            inside = all(-rank <= dim < rank for dim in case.broadcast_dims)
            return replace(case, shape=shape, broadcast_dims=case.broadcast_dims * inside)
    return case


def _odd_shapes(subject: Subject, ranks: Iterable[int]) -> dict[str, str]:
    """Return the shapes of the pools that the subject refuses, though it takes their ranks.

    Cases of such a shape get another one (`taken`): the report must say so.
    """
    pool = [shape for shape in (*SHAPES, *BLOCK_SHAPES) if len(shape) in ranks and 0 not in shape]
    fitted = dict.fromkeys(fit(Case(shape=shape), subject.traits).shape for shape in pool)
    odd = {shape: why for shape in fitted if (why := _refusal(subject, shape))}
    if not odd:
        return {}
    first, *others = odd
    more = f" and {len(others)} other shapes" if others else ""
    return {f"shape {first}{more}": odd[first]}


def _broadcast(subject: Subject, shapes: dict[int, tuple[int, ...]]) -> dict[int, str]:
    """Return the ranks below or above those whose shape a layer keeps, and what it returns there.

    Spatial dropout has a mask of four axes, and an input of one axis becomes an array of four. A
    layer that keeps the shape of no rank has a fault, and of what it keeps between ranks too.
    """
    changed = {
        rank: why
        for rank, shape in shapes.items()
        if (why := _refusal(subject, shape, keeps_shape=True))
    }
    kept = shapes.keys() - changed
    if not kept:
        return {}
    return {rank: why for rank, why in changed.items() if not min(kept) < rank < max(kept)}


def _ranks(traits: Traits) -> range:
    most = max(_RANKS) if traits.max_rank is None else traits.max_rank
    return range(traits.min_rank, most + 1)


def _with_dtypes(subject: Subject) -> tuple[Subject, dict[str, str]]:
    """Return the subject with the dtypes that it takes, and why it refuses the others."""
    dtypes, refused = [], {}
    for dtype in subject.traits.dtypes:
        tried = [_shape(subject, rank, dtype) for rank in _ranks(subject.traits)]
        if any(isinstance(one, tuple) for one in tried):
            dtypes.append(dtype)
        else:
            refused[dtype] = str(tried[-1])
    if not dtypes:
        tokens = replace(subject, traits=replace(subject.traits, dtypes=_TOKENS))
        found = [_shape(tokens, rank, *_TOKENS) for rank in _ranks(subject.traits)]
        if not any(isinstance(one, tuple) for one in found):
            return subject, {}
        dtypes = list(_TOKENS)
    traits = replace(subject.traits, dtypes=tuple(dtypes))
    return replace(subject, traits=traits), refused


def _shape(subject: Subject, rank: int, dtype: str = "") -> tuple[int, ...] | str:
    """Return a shape of this rank that the subject takes, or why it refuses the first one."""
    first = ""
    for width in _WIDTHS if rank else _WIDTHS[:1]:
        shape = _at_least(_usual_shape(rank, width), subject.traits)
        why = _refusal(subject, shape, dtype)
        if not why:
            return shape
        first = first or why
    return first


def _usual_shape(rank: int, width: int) -> tuple[int, ...]:
    others = (_OTHERS,) * (rank - 1)
    if len(others) > 1:
        others = (_EXAMPLES, *others[1:])
    return (*others, width) if rank else ()


def _at_least(shape: tuple[int, ...], traits: Traits) -> tuple[int, ...]:
    least = traits.least_sizes[-len(shape) :] if shape else ()
    least = (0,) * (len(shape) - len(least)) + least
    return tuple(map(max, shape, least))


def _usual_dtype(traits: Traits) -> str:
    return "float32" if "float32" in traits.dtypes else traits.dtypes[0]


def _rate(traits: Traits) -> float:
    return 0.5 if traits.rate is None else traits.rate


def _refusal(
    subject: Subject,
    shape: tuple[int, ...],
    dtype: str = "",
    *,
    rate: float | None = None,
    keeps_shape: bool = False,
) -> str:
    """Return the error of a training call on such an input; empty where it takes it.

    Args:
        subject: the subject.
        shape: of the input.
        dtype: of the input; by default the usual one.
        rate: by default that of the subject, or any.
        keeps_shape: an output of another shape is an error too.
    """
    traits = subject.traits
    seen = _tried(
        subject.adapter,
        shape,
        dtype or _usual_dtype(traits),
        stream=traits.stream or "dropout",
        eager=traits.batching == "loop",
        rate=_rate(traits) if rate is None else rate,
    )
    if isinstance(seen, str):
        return seen
    keeps_shape |= not shape  # a fault for any other input; whoever has a scalar does not meet it
    return f"it returns an array of shape {seen}" if keeps_shape and seen != shape else ""


def _values(subject: Subject, case: Case) -> dict[str, str]:
    """Return the traits that a layer lacks which takes this case, with the error of each.

    They are those of `_WORDS`: the ends of the rate, and numbers that are not finite.
    """
    traits, (shape, dtype) = subject.traits, (case.shape, case.dtype)
    if _refusal(subject, shape, dtype):
        return {}
    found: dict[str, str] = {}
    if traits.rate is None:
        for option, rate in (("rate_zero", 0.0), ("rate_one", 1.0)):
            if getattr(traits, option):
                found[option] = _refusal(subject, shape, dtype, rate=rate)
    usual = replace(case, rate=_rate(traits))
    found["nonfinite"] = refusal_of_nonfinite(subject, usual)
    return {option: why for option, why in found.items() if why}


@lru_cache(maxsize=4096)
def _tried(
    adapter: Adapter, shape: tuple[int, ...], dtype: str, *, stream: str, eager: bool, rate: float
) -> str | tuple[int, ...]:
    """Return the error of a training call, or the shape of its output."""
    kind, streams = jnp.dtype(as_dtype(dtype)), {stream: key_of_seed(0)}
    try:
        if eager:
            x = jnp.ones(shape, kind)
            (output,) = adapter.run(Call(training=True), x, rate=rate, streams=streams)
        else:
            output = adapter.trace(jax.ShapeDtypeStruct(shape, kind), rate=rate, streams=streams)
    except Unsupported:
        return shape
    except (Exception, SystemExit) as error:  # noqa: BLE001 (whatever it raises, it is refused)
        return error_text(error)
    return tuple(getattr(output, "shape", shape))


def _refuses(refused: dict[str, str], options: Iterable[str]) -> str:
    """Return the note on what a subject refuses, and on the options that say so for good."""
    listed = "; ".join(f"{what} ({why})" for what, why in refused.items())
    said = ", ".join(f"{option}=False" for option in options)
    return f"it refuses {listed}" + (f"; if that is meant, say {said}" if said else "")
