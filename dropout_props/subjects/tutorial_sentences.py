"""Sentences of tutorials about dropout in Linen, each with a check on the installed Flax.

A check runs what the sentence describes, and returns whether the sentence is true and one line of
what was seen. It does not look at the version of Flax. False is not a failure: releases differ,
and a tutorial describes the release of its time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dropout_props.subjects import tutorial_keys as keys
from dropout_props.subjects import tutorial_make_rng as make_rng
from dropout_props.subjects.tutorial_models import text_of

__all__ = ["SENTENCES", "Sentence", "ask"]


@dataclass(frozen=True)
class Sentence:
    """One sentence, which is true or false of a release of Flax.

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
"""The sentences in the order of a tutorial: initialise, apply, evaluate, define a module, keys."""


def ask(sentence: Sentence) -> tuple[bool, str]:
    """Return whether a sentence is true of the installed Flax, and one line of what was seen.

    A check that raises makes its sentence false: a sentence claims that what it describes works.
    """
    try:
        return sentence.check()
    except Exception as error:  # noqa: BLE001 - any error is an observation
        return False, text_of(error)
