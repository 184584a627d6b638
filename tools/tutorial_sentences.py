"""Sentences of tutorials about dropout in Linen, each with a check on the Flax of this interpreter.

A check runs what its sentence describes. It returns whether the sentence is true, and one line of
what it observed. No check knows which release it runs on. A false sentence is not a failure:
releases differ, and a tutorial keeps the sentence of its day.

The file needs JAX and Flax alone, so it runs in the environment of any release:
`python tools/tutorial_sentences.py` prints JSON. `tools/tutorials.py` makes a page of it.
"""

from __future__ import annotations

import json
import platform
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeAlias

import flax
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax.errors import FlaxError

__all__ = ["SENTENCES", "Sentence", "evaluate", "observe"]

Observed: TypeAlias = "tuple[bool, str]"
Keys: TypeAlias = "tuple[tuple[int, ...], ...]"


@dataclass(frozen=True)
class Sentence:
    """One sentence that is true or false of a release.

    Attributes:
        name: short and unique.
        text: the sentence, one line of Markdown.
        check: returns whether it is true of the installed Flax, and one line of what it observed.
    """

    name: str
    text: str
    check: Callable[[], Observed]


SENTENCES: list[Sentence] = []
"""In the order of a tutorial: initialise, apply, evaluate, write a module, draw keys."""


def _sentence(name: str, text: str) -> Callable[[Callable[[], Observed]], Callable[[], Observed]]:
    """Register the decorated function as the check of a sentence."""

    def register(check: Callable[[], Observed]) -> Callable[[], Observed]:
        SENTENCES.append(Sentence(name, text, check))
        return check

    return register


def evaluate(sentence: Sentence) -> Observed:
    """Run the check of a sentence; where it raises, the sentence is false."""
    try:
        return sentence.check()
    except Exception as error:  # noqa: BLE001 - whatever Flax raises is what was observed
        return False, _one_line(error)


def observe() -> dict[str, Any]:
    """Return the versions of this interpreter and the outcome of every sentence.

    Raises:
        Exception: Flax's plainest use of dropout fails, as where Flax and JAX do not fit. Every
            sentence would then be false for a reason of its own.
    """
    rngs = {"params": _key(), "dropout": _key(1)}
    Network().apply(Network().init(rngs, _ones(), train=False), _ones(), train=True, rngs=rngs)
    found = []
    for one in SENTENCES:
        true, seen = evaluate(one)
        found.append({"name": one.name, "text": one.text, "true": true, "seen": seen})
    versions = {"flax": flax.__version__, "jax": jax.__version__}
    return versions | {"python": platform.python_version(), "found": found}


class Network(nn.Module):
    """A Dense layer, then Dropout, as tutorials write it."""

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        """Return float32[8]."""
        return nn.Dropout(0.5, deterministic=not train)(nn.Dense(8)(x))


class WithoutCompact(nn.Module):
    """The layers of `Network`, made in a method without the decorator."""

    def __call__(self, x: Any) -> Any:
        """Return float32[8], where Flax allows this."""
        return nn.Dropout(0.5, deterministic=True)(nn.Dense(8)(x))


def _ones() -> Any:
    """Return an input, float32[4]."""
    return jnp.ones((4,))


def _key(seed: int = 0) -> Any:
    """Return a raw key, as tutorials make it."""
    return jax.random.PRNGKey(seed)


def _raises(call: Callable[[], Any]) -> Observed:
    """Return whether a call raises one of Flax's own errors, and what was observed."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - an error of another kind is observed, and is False
        return isinstance(error, FlaxError), _one_line(error)
    return False, "nothing was raised"


def _one_line(error: Exception) -> str:
    """Return an error on one line, without the link to Flax's pages at its end."""
    text = re.sub(r"\s*\(https?://\S+\)$", "", " ".join(str(error).split()))
    return f"{type(error).__name__}: {text}"


@_sentence(
    "single-key-init-raises",
    "`init` with a single key raises when a `Dropout` is in training mode.",
)
def _single_key_init_raises() -> Observed:
    return _raises(lambda: Network().init(_key(), _ones(), train=True))


@_sentence("single-key-is-params", "A single key at `init` is shorthand for `{'params': key}`.")
def _single_key_is_params() -> Observed:
    """Compare the parameters of both ways to pass the key, bit for bit."""

    def equal(one: Any, other: Any) -> bool:
        return np.asarray(one).tobytes() == np.asarray(other).tobytes()

    single = Network().init(_key(), _ones(), train=False)["params"]
    named = Network().init({"params": _key()}, _ones(), train=False)["params"]
    same = jax.tree_util.tree_all(jax.tree_util.tree_map(equal, single, named))
    return same, f"the parameters are {'equal bit for bit' if same else 'other ones'}"


def _train(rngs: dict[str, Any]) -> None:
    variables = Network().init({"params": _key()}, _ones(), train=False)
    Network().apply(variables, _ones(), train=True, rngs=rngs)


@_sentence("missing-key-raises", "`apply` in training mode raises when it is given no key.")
def _missing_key_raises() -> Observed:
    return _raises(lambda: _train({}))


@_sentence("missing-key-says-so", "The error of a missing key names the stream `dropout`.")
def _missing_key_says_so() -> Observed:
    """Look for the stream as a word of its own: the name of the layer does not count."""
    raised, seen = _missing_key_raises()
    return raised and re.search(r"\bdropout\b", seen) is not None, seen


@_sentence(
    "params-key-alone-raises",
    "`apply` in training mode raises when it is given a key for `params` and none for `dropout`.",
)
def _params_key_alone_raises() -> Observed:
    return _raises(lambda: _train({"params": _key(1)}))


@_sentence(
    "deterministic-init-needs-no-key",
    "`init` of a deterministic `Dropout` needs no key for `dropout`.",
)
def _deterministic_init_needs_no_key() -> Observed:
    """Initialise a network with a key for `params`, and a Dropout with no key.

    The latter because a Dropout that needs a key might use the one of `params`.
    """
    Network().init({"params": _key()}, _ones(), train=False)
    nn.Dropout(0.5, deterministic=True).init({}, _ones())
    return True, "nothing was raised with a key for params alone, nor without any key"


@_sentence(
    "deterministic-init-leaves-key",
    "`init` with keys for `params` and `dropout` leaves the latter alone when the `Dropout` is "
    "deterministic.",
)
def _deterministic_init_leaves_key() -> Observed:
    """Count the operations of a traced init that read the key of `dropout`."""

    def init(key: Any) -> object:
        return Network().init({"params": _key(), "dropout": key}, _ones(), train=False)

    traced = jax.make_jaxpr(init)(_key(1)).jaxpr
    (key,) = traced.invars
    reading = sum(any(one is key for one in operation.invars) for operation in traced.eqns)
    return reading == 0, f"operations of the init that read the key of dropout: {reading}"


@_sentence(
    "no-compact-raises", "A module that makes its submodules inline, without `@nn.compact`, raises."
)
def _no_compact_raises() -> Observed:
    return _raises(lambda: WithoutCompact().init(_key(), _ones()))


@_sentence("no-compact-says-so", "The error of a missing `@nn.compact` names it.")
def _no_compact_says_so() -> Observed:
    raised, seen = _no_compact_raises()
    return raised and re.search(r"\bcompact\b", seen) is not None, seen


# The checks below are about the keys of `make_rng`. Flax caches what a module under `nn.jit` did,
# by the address of its class, which may be used again once the class is gone. So each check makes
# classes of its own, and gives each module a number: earlier checks change no observation.
_CALLS = 3
_numbers = count()


def _drawing(*, jitted: bool) -> Any:
    """Make a module that calls another one three times, which draws a key in training mode."""

    class Drawing(nn.Module):
        number: int

        @nn.compact
        def __call__(self, train: bool) -> Any:  # noqa: FBT001 - static by its position
            key = _key()
            return self.make_rng("dropout") if train else jnp.zeros_like(key)

    number = next(_numbers)
    drawing: Any = nn.jit(Drawing, static_argnums=(1,)) if jitted else Drawing

    class Calling(nn.Module):
        @nn.compact
        def __call__(self, train: bool) -> Any:  # noqa: FBT001 - as above
            inner = drawing(number)
            return jnp.stack([inner(train) for _ in range(_CALLS)])

    return Calling()


def _keys(module: Any, *, train: bool = True) -> Keys:
    """Apply a module, always with one key, and return the keys that it drew."""
    drawn = module.apply({}, train, rngs={"dropout": _key()})
    return tuple(tuple(words) for words in drawn.tolist())


def _distinct(*applies: Keys) -> Observed:
    counts = [len(set(keys)) for keys in applies]
    seen = f"distinct keys of {_CALLS} calls: {counts[0]}"
    if len(counts) > 1:
        seen += f" in a first apply, {counts[1]} in a second"
    return all(count == _CALLS for count in counts), seen


def _same(first: Keys, second: Keys) -> Observed:
    pairs = enumerate(zip(first, second, strict=True), 1)
    other = [str(call) for call, (one, two) in pairs if one != two]
    if other:
        return False, f"of {_CALLS} calls, {' and '.join(other)} got another key"
    return True, f"{_CALLS} calls got the same keys"


@_sentence("make-rng-new-each-call", "`make_rng` gives a new key at each call.")
def _new_each_call() -> Observed:
    return _distinct(_keys(_drawing(jitted=False)))


@_sentence(
    "make-rng-reproducible",
    "A second `apply` with the same key gets the same keys from `make_rng`.",
)
def _reproducible() -> Observed:
    module = _drawing(jitted=False)
    return _same(_keys(module), _keys(module))


@_sentence("jit-new-each-call", "Under `nn.jit` too, `make_rng` gives a new key at each call.")
def _new_each_call_under_jit() -> Observed:
    """Apply twice: the second apply finds the module compiled."""
    module = _drawing(jitted=True)
    return _distinct(_keys(module), _keys(module))


@_sentence(
    "jit-reproducible", "Under `nn.jit` too, a second `apply` with the same key gets the same keys."
)
def _reproducible_under_jit() -> Observed:
    module = _drawing(jitted=True)
    return _same(_keys(module), _keys(module))


@_sentence(
    "jit-reproducible-after-evaluation",
    "Under `nn.jit` too, the keys of an `apply` in training mode are the same whether or not an "
    "evaluation came before.",
)
def _reproducible_after_evaluation_under_jit() -> Observed:
    """Compare a module that trains at once with an equal one that evaluates first."""
    evaluated = _drawing(jitted=True)
    _keys(evaluated, train=False)
    return _same(_keys(_drawing(jitted=True)), _keys(evaluated))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(observe()) + "\n")
