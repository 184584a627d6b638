"""Traits of a subject: what the layer is built to do, and so which properties apply to it.

Every reason for which a property does not apply is a missing ability, and `Traits.lacks` returns
it as a sentence. Traits say what a layer is *built* to do, not which faults it has: a layer that
should raise without a key and does not keeps its `missing_key_errors`, and fails the property.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from dropout_props.subjects.abilities import ABILITIES, HELD, REASONS, Ability

if TYPE_CHECKING:
    from dropout_props.subjects.output_law import OutputLaw

__all__ = [
    "ABILITIES",
    "WIDE_DTYPES",
    "Ability",
    "Dropped",
    "Kept",
    "LawName",
    "NoiseName",
    "Spread",
    "Traits",
]

LawName: TypeAlias = Literal["dropout", "noise", "composite"]
NoiseName: TypeAlias = Literal["normal", "uniform", "laplace"]
Spread: TypeAlias = Callable[[Any, float], Any]
Dropped: TypeAlias = float | Callable[[float], float] | None
Kept: TypeAlias = Literal["scaled", "unscaled"] | Callable[[Any, float], Any]

WIDE_DTYPES = ("float64", "complex64", "complex128", "float8_e4m3fn", "float8_e5m2")
"""Dtypes that the Dropout layers of Flax 0.8.5 to 0.12.12 take beside the three usual ones."""

_CHOICES: dict[str, tuple[Any, ...]] = {
    "law": get_args(LawName),
    "kept": ("scaled", "unscaled"),
    "noise": get_args(NoiseName),
    "evaluation": ("same", "scaled"),
    "reference": ("input", "eval"),
    "takes": ("probed", "all"),
    "kind": (None, "layer", "model"),
    "held": (True, False),
    "linear": (True, False),
}
"""The values of some traits; `kept` may be a function too."""


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@dataclass(frozen=True)
class Traits:
    """What a subject is built to do.

    Attributes:
        api: the framework that runs it.
        law: the distribution of a training output. `dropout`: every unit is 0 or reference/keep.
            `noise`: symmetric noise around the reference, so that a unit lies above it with
            probability 1/2 at every rate; tested at rates below 1. `composite`: the dropout is
            inside the model, and the output does not show the mask.
        spread: of a layer of noise: the standard deviation of each output around its reference, a
            function of the reference and the rate. None: the layer does not say.
        noise: of a layer with a spread: the law of its noise.
        dropped: the output of a dropped unit, where it is not 0: a number, or a function of keep
            that returns one. None: anything but the output of a kept unit, as in a null embedding.
        kept: the output of a kept unit. `scaled`: reference/keep. `unscaled`: the reference itself.
            Or a function of the reference and keep, as where AlphaDropout restores the variance.
        evaluation: the output of an evaluation. `same`: the reference itself. `scaled`: keep times
            the reference, as in the first paper, where training does not scale (kept='unscaled');
            in a model, whose evaluation output then depends on the rate.
        reference: what training outputs are compared with. `input`: evaluation returns the input.
            `eval`: the evaluation output of the model.
        rate: the fixed rate; None if the rate is a parameter.
        eval_mode: the layer has an evaluation mode.
        streams: the layer takes its keys in named streams.
        stream: name of the stream that it draws from; None if it draws from no stream.
        named_stream: the name of the stream is a parameter.
        explicit_key: the call takes a key as an argument.
        broadcast_dims: the layer takes `broadcast_dims`.
        shared_axes: the axes along which the layer always shares one mask, counted from the front
            or, below 0, from the end: (1,) for locked dropout of (batch, time, features), (1, 2)
            for spatial dropout of (batch, rows, columns, channels). It takes no `broadcast_dims`.
        shares_rest: the same for every axis but the first, whatever the rank.
        layers: a model can hold several of it under given names.
        repeat: calls in one application are counted, and each call has its own mask.
        held: every call of one layer in one application has the mask of the first call, as in
            variational dropout over the steps of a recurrent layer; another layer, another
            application or another key has another mask.
        linear: the output is a weighted sum of its coins, with no dropout behind another and
            nothing curved behind a dropout, so that the training output is the evaluation output
            on average. Coins are independent, and computed in float32.
        missing_key_errors: names of the exception types that a training call without a key may
            raise; empty if the layer promises no error.
        missing_key_names_stream: the message of that error names the stream.
        nonfinite: NaN and infinite inputs are dropped like any others.
        empty: an input may have an axis of length 0.
        min_rank: fewest axes of an input.
        max_rank: most axes of an input in a test; None if there is no limit.
        dtypes: names of the dtypes of inputs.
        wide_dtypes: names of further dtypes, of 64 bits, complex or of 8 bits; those of 64 bits
            only with `jax_enable_x64`.
        batching: `vmap` if `jax.vmap` over keys can call it, else `loop`.
        derivation: the published derivation of a mask from the key that the layer promises:
            Linen's fold of the path; NNX with a fork for each layer, or with one stream; None if
            it promises none.
        lifted: the transforms of its framework can be applied to it.
        state: the layer holds the state of its streams, which can be saved and restored.
        mode_rule: which setting of the mode counts. `one place`: exactly one must be set.
            `call first`: the call comes before `eval()` and `train()`, and these before the
            constructor. None: the layer promises neither.
        explicit_mesh: inputs may be sharded over a mesh with explicit axes.
        attention: the axes of an input are batch, heads, queries and keys, and one mask can serve
            the whole batch and all heads.
        rate_zero: the rate may be 0.
        rate_one: the rate may be 1.
        takes: `probed`: which inputs the layer takes is found by trying, and one that it refuses
            is a note. `all`: the layer promises to take every input that its other traits allow,
            and a refusal is an error.
        kind: `layer`: a dropout layer. `model`: a model with dropout inside, whose mask does not
            show and whose evaluation output is the reference. None: it is found by trying.
        least_sizes: fewest units along the last axes, such as (3, 3, 1) for blocks of 3 by 3 rows
            and columns before an axis of channels.
        inputs: what the layer is judged on: a shape whose free axes are names or None, or arrays
            that `subjects.inputs.completed` has made of an array or a strategy. None: any input.
        reasons: sentences that replace the usual reasons, by ability.
    """

    api: Literal["linen", "nnx", "function", "equinox"]
    law: LawName = "dropout"
    spread: Spread | None = None
    noise: NoiseName = "normal"
    dropped: Dropped = 0.0
    kept: Kept = "scaled"
    evaluation: Literal["same", "scaled"] = "same"
    reference: Literal["input", "eval"] = "input"
    rate: float | None = None
    eval_mode: bool = True
    streams: bool = True
    stream: str | None = "dropout"
    named_stream: bool = False
    explicit_key: bool = False
    broadcast_dims: bool = False
    shared_axes: tuple[int, ...] = ()
    shares_rest: bool = False
    layers: bool = True
    repeat: bool = True
    held: bool = False
    linear: bool = False
    missing_key_errors: tuple[str, ...] = ()
    missing_key_names_stream: bool = False
    nonfinite: bool = True
    empty: bool = True
    min_rank: int = 0
    max_rank: int | None = None
    dtypes: tuple[str, ...] = ("float16", "bfloat16", "float32")
    wide_dtypes: tuple[str, ...] = ()
    batching: Literal["vmap", "loop"] = "vmap"
    derivation: Literal["linen", "nnx fork", "nnx stream"] | None = None
    lifted: bool = True
    state: bool = False
    mode_rule: Literal["one place", "call first"] | None = None
    explicit_mesh: bool = False
    attention: bool = False
    rate_zero: bool = True
    rate_one: bool = True
    takes: Literal["all", "probed"] = "probed"
    kind: Literal["layer", "model"] | None = None
    least_sizes: tuple[int, ...] = ()
    inputs: Any = None
    reasons: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.rate is not None and not 0.0 <= self.rate <= 1.0:
            raise ValueError(f"rate={self.rate!r} is not a probability; give a number from 0 to 1")
        if self.shared_axes and (self.shares_rest or self.broadcast_dims):
            raise ValueError(
                f"shared_axes={self.shared_axes!r}: the layer also takes broadcast_dims or shares "
                "all axes but the first; say one of them"
            )
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if not callable(value) and value not in choices:
                words = ", ".join(map(repr, choices))
                raise ValueError(f"{name}={value!r}: it must be one of {words}")
        if not (self.dropped is None or callable(self.dropped) or _is_number(self.dropped)):
            raise ValueError(
                f"dropped={self.dropped!r}: give a number, a function of keep, or None"
            )
        self._check_promises()
        for name in ("shared_axes", "least_sizes"):
            value = getattr(self, name)
            if not isinstance(value, tuple) or not all(isinstance(one, int) for one in value):
                raise ValueError(f"{name}={value!r}: give a tuple of integers, such as (1,)")
        unknown = sorted(set(self.reasons) - set(ABILITIES))
        if unknown:
            raise ValueError(
                f"reasons={unknown!r}: no such ability; the abilities are {', '.join(ABILITIES)}"
            )

    def _check_promises(self) -> None:
        """Raise unless `spread`, `held`, `linear` and `evaluation` fit the other traits."""
        given: Any = self.spread
        if given is not None and not (callable(given) and self.output_law.is_noise):
            raise ValueError(
                f"spread={given!r}, law={self.law!r}: give a function of the reference and "
                "the rate, of a layer with law='noise'"
            )
        if self.noise != "normal" and self.spread is None:
            raise ValueError(
                f"noise={self.noise!r}: without a spread no law is tested; give spread too"
            )
        if self.linear and (self.output_law.is_noise or not self.output_law.is_plain):
            raise ValueError(
                "linear=True: on average a layer of noise, or one that drops to another value or "
                "does not scale, need not give its evaluation output; leave linear out"
            )
        of_layer = (self.law, self.reference, self.kept) == ("dropout", "input", "unscaled")
        of_model = (self.law, self.reference) == ("composite", "eval")
        if self.evaluation == "scaled" and not (of_model or (of_layer and self.dropped == 0.0)):
            raise ValueError(
                "evaluation='scaled': evaluation returns keep times the input where training drops "
                "to 0 and does not scale; say kept='unscaled' too, or of a model kind='model', and "
                "leave dropped, reference and law out"
            )
        if self.held and (not self.repeat or self.api == "function"):
            raise ValueError(
                "held=True: a function, and a layer with repeat=False, does not count its calls, "
                "so that no call has the mask of another; leave held out"
            )

    @property
    def output_law(self) -> OutputLaw:
        """How a training output depends on its mask: `law`, `dropped` and `kept` as one object."""
        from dropout_props.subjects.output_law import OutputLaw  # it loads NumPy and SciPy

        return OutputLaw(self.law, self.dropped, self.kept)

    @property
    def shares(self) -> bool:
        """Whether the layer always shares its mask along some axes."""
        return self.shares_rest or bool(self.shared_axes)

    def shared_of(self, rank: int) -> tuple[int, ...]:
        """Return the axes, from 0, along which the layer always shares its mask."""
        if self.shares_rest:
            return tuple(range(1, rank))
        inside = {axis % rank for axis in self.shared_axes if -rank <= axis < rank}
        return tuple(sorted(inside))

    def lacks(self, ability: Ability) -> str | None:
        """Return why properties that need `ability` do not apply.

        Args:
            ability: one of `ABILITIES`.

        Returns:
            A sentence about the subject, or None when it has the ability.
        """
        law = self.output_law
        has: dict[str, bool] = {
            "mask": law.shows_mask,
            "scaled": not law.is_noise and law.is_plain,
            "mean": (not law.is_noise and law.is_plain) or self.evaluation == "scaled",
            "valued": not law.is_noise,
            "identity": self.reference == "input",
            "any_rate": self.rate is None,
            "eval_mode": self.eval_mode,
            "streams": self.streams,
            "named_stream": self.named_stream,
            "explicit_key": self.explicit_key,
            "broadcast_dims": self.broadcast_dims or self.shares,
            "layers": self.layers,
            "repeat": self.repeat and not self.held,
            "held": self.held,
            "linear": self.linear,
            "sized": self.spread is not None and "float32" in self.dtypes,
            "missing_key": bool(self.missing_key_errors),
            "nonfinite": self.nonfinite,
            "empty": self.empty,
            "derivation": self.derivation is not None,
            "transforms": self.batching == "vmap",
            "lifted": self.lifted and not self.held,
            "state": self.state and not self.held,
            "modes": self.mode_rule is not None,
            "explicit_mesh": self.explicit_mesh,
            "attention": self.attention,
            "rate_zero": self.rate_zero,
            "rate_one": self.rate_one,
            "wide_dtypes": bool(self.wide_dtypes),
        }
        if has[ability]:
            return None
        usual = REASONS[ability].format(rate=self.rate)
        if ability in ("scaled", "mean") and not law.is_plain:
            usual = "its dropped units are not 0, or its kept units are not x/keep"
        if self.held and ability in HELD:
            usual = HELD[ability]
        return self.reasons.get(ability, usual)
