"""What tutorials say of dropout in Linen, each sentence with a check that asks the installed Flax.

A check observes: it runs what the sentence speaks of, says whether the sentence came true, and in
one line what was seen. None knows which release it runs on. True is no praise, and false is no
failure: releases differ, and a tutorial keeps the sentence of its day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dropout_props.subjects import tutorial_keys as keys
from dropout_props.subjects import tutorial_make_rng as make_rng
from dropout_props.subjects.tutorial_models import told

__all__ = ["SENTENCES", "Sentence", "ask"]


@dataclass(frozen=True)
class Sentence:
    """One sentence that is true or false of a release.

    Attributes:
        name: short and unique.
        text: the sentence, one line of Markdown.
        check: returns whether it is true of the installed Flax, and one line of what was seen.
    """

    name: str
    text: str
    check: Callable[[], tuple[bool, str]]


SENTENCES = (
    Sentence(
        "single-key-init-raises",
        "`init` with a single key raises when a `Dropout` is in training mode.",
        keys.single_key_init_raises,
    ),
    Sentence(
        "single-key-is-params",
        "A single key at `init` is shorthand for `{'params': key}`.",
        keys.single_key_is_params,
    ),
    Sentence(
        "missing-key-raises",
        "`apply` in training mode raises when it is given no key.",
        keys.missing_key_raises,
    ),
    Sentence(
        "missing-key-says-so",
        "The error of a missing key names the stream `dropout`.",
        keys.missing_key_says_so,
    ),
    Sentence(
        "params-key-alone-raises",
        "`apply` in training mode raises when it is given a key for `params` and none for "
        "`dropout`.",
        keys.params_key_alone_raises,
    ),
    Sentence(
        "deterministic-init-needs-no-key",
        "`init` of a deterministic `Dropout` needs no key for `dropout`.",
        keys.deterministic_init_needs_no_key,
    ),
    Sentence(
        "deterministic-init-leaves-key",
        "`init` with keys for `params` and `dropout` leaves the latter alone when the `Dropout` is "
        "deterministic.",
        keys.deterministic_init_leaves_key,
    ),
    Sentence(
        "no-compact-raises",
        "A module that makes its submodules inline, without `@nn.compact`, raises.",
        keys.no_compact_raises,
    ),
    Sentence(
        "no-compact-says-so",
        "The error of a missing `@nn.compact` names it.",
        keys.no_compact_says_so,
    ),
    Sentence(
        "make-rng-new-each-call",
        "`make_rng` gives a new key at each call.",
        make_rng.new_each_call,
    ),
    Sentence(
        "make-rng-reproducible",
        "A second `apply` with the same key gets the same keys from `make_rng`.",
        make_rng.reproducible,
    ),
    Sentence(
        "jit-new-each-call",
        "Under `nn.jit` too, `make_rng` gives a new key at each call.",
        make_rng.new_each_call_under_jit,
    ),
    Sentence(
        "jit-reproducible",
        "Under `nn.jit` too, a second `apply` with the same key gets the same keys.",
        make_rng.reproducible_under_jit,
    ),
    Sentence(
        "jit-reproducible-after-evaluation",
        "Under `nn.jit` too, the keys of an `apply` in training mode are the same whether or not "
        "an evaluation came before.",
        make_rng.reproducible_after_evaluation_under_jit,
    ),
)
"""In the order of a tutorial: initialise, apply, evaluate, write a module, draw keys."""


def ask(sentence: Sentence) -> tuple[bool, str]:
    """Returns whether a sentence is true here, and one line of what was seen.

    What a check does not expect to raise is part of its sentence: where it raises, the sentence is
    false.
    """
    try:
        return sentence.check()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what was seen
        return False, told(error)
