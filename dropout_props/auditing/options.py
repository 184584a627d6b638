"""Read what the user declares about sites: every bad value is an error at the door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from dropout_props.properties import RECORDED
from dropout_props.properties.recorded.options import Options

__all__ = ["RecordOptions", "read_budget", "read_options"]

_IDS = frozenset(prop.id for prop in RECORDED)


class RecordOptions(TypedDict, total=False):
    """The keyword arguments of `record` that `audit` passes on, for type checkers."""

    rates: Mapping[str, Any] | None
    batch_axis: Mapping[str, int] | int | None
    ignore: Mapping[str, Any] | None
    expect_shared: Mapping[str, Any] | None
    expect_inactive: Mapping[str, str] | None
    run_seed: int
    budget: float


def read_options(
    *,
    training: bool = True,
    rates: Mapping[str, Any] | None = None,
    batch_axis: Mapping[str, int] | int | None = None,
    ignore: Mapping[str, Any] | None = None,
    expect_shared: Mapping[str, Any] | None = None,
    expect_inactive: Mapping[str, str] | None = None,
    run_seed: int = 0,
) -> Options:
    """Read the declarations of `record`.

    Raises:
        ValueError: naming the value, the rule and the remedy.
    """
    axes = {"*": batch_axis} if isinstance(batch_axis, int) else batch_axis
    return Options(
        training=training,
        rates=_mapping("rates", rates, _rate),
        batch_axis=_mapping("batch_axis", axes, _axis),
        ignore=_mapping("ignore", ignore, _ignored),
        expect_shared=_mapping("expect_shared", expect_shared, _shared),
        expect_inactive=_mapping("expect_inactive", expect_inactive, _reason),
        run_seed=run_seed,
    )


def read_budget(budget: float) -> float:
    """Read an error budget.

    Raises:
        ValueError: it is no number between 0 and 1.
    """
    if not 0 < budget < 1:
        raise ValueError(f"budget={budget!r}: it is a chance, between 0 and 1, such as 1e-9.")
    return float(budget)


def _mapping(name: str, given: Mapping[str, Any] | None, read: Any) -> dict[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ValueError(  # noqa: TRY004 - one kind of error for all that is written wrongly
            f"{name}={given!r}: it maps patterns of sites, as in {name}={{'encoder/*': ...}}."
        )
    patterns: list[Any] = list(given)
    for pattern in patterns:
        if not isinstance(pattern, str) or not pattern:
            raise ValueError(f"{name}: {pattern!r} is no pattern; write one such as 'encoder/*'.")
    return {pattern: read(f"{name}[{pattern!r}]", value) for pattern, value in given.items()}


def _rate(name: str, value: Any) -> Any:
    if callable(value):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1:
        return float(value)
    raise ValueError(f"{name}={value!r}: a rate is in [0, 1), or a function from a step to one.")


def _axis(name: str, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"{name}={value!r}: an axis is an integer, such as 1 for time-major models.")


def _reason(name: str, value: Any) -> str:
    if isinstance(value, str) and value.strip():
        return value
    raise ValueError(
        f"{name}={value!r}: give the reason in a few words, for whoever reads it next."
    )


def _ignored(name: str, value: Any) -> tuple[tuple[str, ...], str]:
    """Read `("DP903", "DP904")`, or that and a reason as a pair."""
    reason = ""
    if isinstance(value, tuple) and len(value) == 2 and not isinstance(value[0], str):  # noqa: PLR2004
        value, reason = value
    properties = (value,) if isinstance(value, str) else tuple(value)
    unknown = [one for one in properties if one not in _IDS]
    if unknown or not properties:
        raise ValueError(
            f"{name}={value!r}: it names properties of records, DP901 to DP912, as in"
            " ('DP903', 'DP904'), or (('DP903',), 'the reason')."
        )
    return properties, str(reason)


def _shared(name: str, value: Any) -> tuple[tuple[int, ...], str]:
    """Read `(1, 2)`, a reason, or both as a pair."""
    if isinstance(value, str):
        return (), _reason(name, value)
    reason = ""
    pair = isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], str)  # noqa: PLR2004
    axes, reason = value if pair else (value, "")
    axes = (axes,) if isinstance(axes, int) else tuple(axes)
    if not axes or not all(isinstance(a, int) and not isinstance(a, bool) for a in axes):
        raise ValueError(
            f"{name}={value!r}: give the axes along which a mask is one, as in (1, 2), a reason for"
            " which keys may be shared, or both: ((1, 2), 'DropPath')."
        )
    return axes, reason
