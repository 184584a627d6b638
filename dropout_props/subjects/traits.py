"""What a subject is, and so which properties apply to it.

Every reason for a property to be not applicable is a trait, and ``Traits.lacks`` gives it as a
sentence. Traits describe what a subject *is built to do*, never what it gets wrong: a layer
that should raise without a key and does not keeps its ``missing_key_errors``, and fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Ability = Literal[
    "mask",
    "scaled",
    "identity",
    "any_rate",
    "eval_mode",
    "streams",
    "named_stream",
    "explicit_key",
    "broadcast_dims",
    "layers",
    "repeat",
    "missing_key",
    "nonfinite",
    "empty",
    "transforms",
    "derivation",
    "lifted",
    "state",
    "modes",
    "explicit_mesh",
    "attention",
    "rate_one",
    "wide_dtypes",
]

ABILITIES: tuple[Ability, ...] = get_args(Ability)

WIDE_DTYPES = ("float64", "complex64", "complex128", "float8_e4m3fn", "float8_e5m2")
"""What the Dropouts of Flax take beside the usual three, measured from 0.8.5 to 0.12.12."""

_SENTENCES: dict[str, str] = {
    "mask": "its output does not show the mask: dropout is somewhere inside the model",
    "scaled": "it is noise: its training output lies about its input, and is not 0 or x/keep",
    "identity": "its evaluation output is not its input: dropout follows other layers",
    "any_rate": "its rate is fixed at {rate}",
    "eval_mode": "it has no evaluation mode: the caller leaves it out",
    "streams": "it takes no keys in named streams",
    "named_stream": "it draws from a stream of a fixed name",
    "explicit_key": "it takes no key at the call",
    "broadcast_dims": "it has no broadcast dims",
    "layers": "it cannot stand several times in one model",
    "repeat": "it keeps no count of its calls: one key gives one mask",
    "missing_key": "it promises no error when the key is missing",
    "nonfinite": "it does not promise to drop NaN and infinite inputs",
    "empty": "it takes no input with an empty axis",
    "derivation": "it does not promise how its masks follow from the key",
    "transforms": "it cannot be traced: it is called once a key",
    "lifted": "it is a function: no transform of a framework knows it",
    "state": "it has no state of its own: keys are handed to every application",
    "explicit_mesh": "it does not promise to take inputs on meshes with explicit axes",
    "attention": "it is no attention",
    "rate_one": "it takes rates below 1",
    "modes": "it does not promise which place of its mode decides",
    "wide_dtypes": "it promises no dtype beyond the usual ones",
}


@dataclass(frozen=True)
class Traits:
    """What a subject is built to do.

    Attributes:
        api: the framework that runs it.
        law: ``dropout`` when every unit of a training output is 0 or reference/keep;
            ``noise`` when it is symmetric noise about the reference, so that a unit lies above
            it with probability 1/2 whatever the rate, which is asked up to but not at 1;
            ``composite`` when dropout is somewhere inside and the output shows no mask.
        reference: ``input`` when evaluation returns the input itself; ``eval`` when the
            evaluation output of the model is what its training output is measured by.
        rate: the fixed rate, or None when any can be asked for.
        eval_mode: it can be called in evaluation mode.
        streams: keys are handed to it in named streams.
        stream: the stream that it draws from; None when it draws from none.
        named_stream: another stream can be named.
        explicit_key: it takes a key at the call.
        broadcast_dims: it takes broadcast dims.
        shares_rest: it takes none, and shares one mask along every axis but the first.
        layers: several can stand in one model under given names.
        repeat: calls in one application are counted, and each is promised its own mask.
        missing_key_errors: names of the exception types that a training call without a key
            may raise; empty when no error is promised.
        missing_key_names_stream: the message of that error names the stream.
        nonfinite: NaN and infinite inputs may be dropped like any others.
        empty: inputs may have an empty axis.
        min_rank: fewest axes that an input must have.
        max_rank: most axes that it is asked with; None when any number will do.
        dtypes: names of the dtypes that an input may have.
        wide_dtypes: names of further ones, of 64 bits, complex or of 8 bits; those of 64 bits with
            ``jax_enable_x64`` alone.
        batching: ``vmap`` when it can be called under ``jax.vmap`` over keys, else ``loop``.
        derivation: the published way from key to mask that it promises to take: Linen's path
            fold; NNX with a fork for each layer, or with one stream; None when it promises none.
        lifted: the transforms of its framework can be put around it.
        state: it holds the state of its streams, which can be saved and restored.
        mode_rule: which place of the mode decides: exactly one must be set; or the call comes
            before ``eval()`` and ``train()``, and these before the constructor; None when it
            promises neither.
        explicit_mesh: it takes inputs that are sharded over a mesh with explicit axes.
        attention: its axes are batch, heads, queries and keys, and batch and heads may share.
        rate_one: a rate of 1 may be asked for.
        reasons: sentences that replace the usual ones, by ability.
    """

    api: Literal["linen", "nnx", "function"]
    law: Literal["dropout", "noise", "composite"] = "dropout"
    reference: Literal["input", "eval"] = "input"
    rate: float | None = None
    eval_mode: bool = True
    streams: bool = True
    stream: str | None = "dropout"
    named_stream: bool = False
    explicit_key: bool = False
    broadcast_dims: bool = False
    shares_rest: bool = False
    layers: bool = True
    repeat: bool = True
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
    rate_one: bool = True
    reasons: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.rate is not None and not 0.0 <= self.rate <= 1.0:
            raise ValueError(f"rate={self.rate!r} is no probability; give a number from 0 to 1")
        unknown = sorted(set(self.reasons) - set(ABILITIES))
        if unknown:
            raise ValueError(
                f"reasons={unknown!r} are no abilities; the abilities are {', '.join(ABILITIES)}"
            )

    def lacks(self, ability: Ability) -> str | None:
        """Says why properties that need ``ability`` do not apply.

        Args:
            ability: one of ``ABILITIES``.

        Returns:
            A sentence about the subject, or None when it has the ability.
        """
        has: dict[str, bool] = {
            "mask": self.law != "composite",
            "scaled": self.law != "noise",
            "identity": self.reference == "input",
            "any_rate": self.rate is None,
            "eval_mode": self.eval_mode,
            "streams": self.streams,
            "named_stream": self.named_stream,
            "explicit_key": self.explicit_key,
            "broadcast_dims": self.broadcast_dims or self.shares_rest,
            "layers": self.layers,
            "repeat": self.repeat,
            "missing_key": bool(self.missing_key_errors),
            "nonfinite": self.nonfinite,
            "empty": self.empty,
            "derivation": self.derivation is not None,
            "transforms": self.batching == "vmap",
            "lifted": self.lifted,
            "state": self.state,
            "modes": self.mode_rule is not None,
            "explicit_mesh": self.explicit_mesh,
            "attention": self.attention,
            "rate_one": self.rate_one,
            "wide_dtypes": bool(self.wide_dtypes),
        }
        if has[ability]:
            return None
        return self.reasons.get(ability, _SENTENCES[ability].format(rate=self.rate))

    def refuses(self, shape: tuple[int, ...], dtype: str) -> str | None:
        """Says why an input of this shape and dtype is none that the subject takes.

        Args:
            shape: shape of the input.
            dtype: name of its dtype, such as ``float32``.

        Returns:
            A sentence about the subject, or None when it takes such an input.
        """
        if len(shape) < self.min_rank:
            return f"it takes inputs of {self.min_rank} or more axes, not of {len(shape)}"
        taken = (*self.dtypes, *self.wide_dtypes)
        if dtype not in taken:
            return f"it takes {', '.join(taken)} inputs, not {dtype}"
        if 0 in shape:
            return self.lacks("empty")
        return None
