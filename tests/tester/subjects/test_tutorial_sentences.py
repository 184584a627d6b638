"""docs/tutorials.md matches the installed Flax, and each check can give true and false."""

import gc
import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import pytest
from flax.errors import FlaxError
from packaging.version import Version

from dropout_props.environment.releases import supported
from dropout_props.gate.tutorials import ask_installed
from dropout_props.report.tutorials import tutorials_page
from dropout_props.subjects.tutorial_sentences import SENTENCES, ask

PAGE = Path(__file__).parents[3] / "docs" / "tutorials.md"
RENEW = "dropout-props tutorials --all --write docs/tutorials.md"
BY_NAME = {sentence.name: sentence for sentence in SENTENCES}
Rows = dict[str, dict[str, tuple[str, str]]]


def releases_of(page: str) -> dict[str, str]:
    """Return the releases of Flax on a page, each with its JAX."""
    return dict(re.findall(r"^\| (\d[\d.]*) \| (\d[\d.]*) \| \d", page, flags=re.MULTILINE))


def read(page: str) -> Rows:
    """Return true or false, and what was seen, by sentence and release."""
    releases = list(releases_of(page))
    found: Rows = {}
    text = ""
    for line in page.partition("| sentence |")[2].partition("\n## ")[0].splitlines()[2:]:
        cells = re.split(r"(?<!\\)\|", line)
        if len(cells) < 5:
            continue
        said, span, true, seen = (cell.strip() for cell in cells[1:5])
        text = said or text
        first, _, last = span.partition(" to ")
        between = releases[releases.index(first) : releases.index(last or first) + 1]
        for release in between:
            assert release not in found.setdefault(text, {}), f"{text}: {release} twice"
            found[text][release] = (true, seen)
    return found


def test_the_page_has_every_sentence_and_every_release() -> None:
    """The page has exactly the sentences of the code, in order, for each release."""
    page = PAGE.read_text(encoding="utf-8")
    rows = read(page)
    assert f"Written by `{RENEW.partition(' --write')[0]}`" in page
    assert list(rows) == [sentence.text for sentence in SENTENCES], RENEW
    for text, row in rows.items():
        assert tuple(row) == supported(), f"{text}: {RENEW}"


def test_the_page_matches_the_installed_release() -> None:
    """A pair on the page matches word by word; another release matches the one before it."""
    page = PAGE.read_text(encoding="utf-8")
    installed = ask_installed()
    jax_of = releases_of(page)
    before = [one for one in jax_of if Version(one) <= Version(installed.flax)]
    column = {text: row[before[-1]] for text, row in read(page).items()}
    rows = read(tutorials_page([installed], command="none"))
    now = {text: row[installed.flax] for text, row in rows.items()}
    if jax_of.get(installed.flax) == installed.jax:
        assert now == column, RENEW
    else:
        assert {text: true for text, (true, _) in now.items()} == {
            text: true for text, (true, _) in column.items()
        }, RENEW


Patch = Callable[[pytest.MonkeyPatch], None]


def silent(layer: Any, x: Any) -> Any:
    """Drop nothing, and draw no key."""
    return x


def greedy(layer: Any, x: Any) -> Any:
    """Draw a key in evaluation mode too."""
    layer.make_rng("dropout")
    return x


def strict(layer: Any, x: Any) -> Any:
    """Accept only a key of the stream dropout."""
    if not layer.deterministic and not layer.has_rng("dropout"):
        raise FlaxError("there is no key in the stream dropout")
    return x


def mumbling(layer: Any, x: Any) -> Any:
    """Raise an error of Flax that names no reason."""
    raise FlaxError("there is something wrong")


def tripping(layer: Any, x: Any) -> Any:
    """Raise an error that is not one of Flax."""
    raise TypeError("dropout: compact")


def dropout(call: Callable[[Any, Any], Any]) -> Patch:
    """Return a patch that replaces Dropout by a layer with this call."""

    class Dropout(nn.Module):
        rate: float
        deterministic: bool

        def __call__(self, x: Any) -> Any:
            return call(self, x)

    return lambda patch: patch.setattr(nn, "Dropout", Dropout)


def as_it_is(patch: pytest.MonkeyPatch) -> None:
    """Patch nothing."""


def no_modules(patch: pytest.MonkeyPatch) -> None:
    """Replace the layers by plain functions, which are not submodules."""
    for layer in ("Dense", "Dropout"):
        patch.setattr(nn, layer, lambda *_, **__: lambda x: x)


def no_such_layer(patch: pytest.MonkeyPatch) -> None:
    """Raise an error of Flax when a Dropout is built, without a reason."""

    def refuse(*_: Any, **__: Any) -> None:
        raise FlaxError("there is something wrong")

    patch.setattr(nn, "Dropout", refuse)


def bare_key_is_folded(patch: pytest.MonkeyPatch) -> None:
    """Fold a number into a single key at init."""
    plain = nn.Module.init

    def init(self: Any, rngs: Any, *args: Any, **kwargs: Any) -> Any:
        return plain(
            self, rngs if isinstance(rngs, dict) else jax.random.fold_in(rngs, 1), *args, **kwargs
        )

    patch.setattr(nn.Module, "init", init)


def no_jit(patch: pytest.MonkeyPatch) -> None:
    """Make `nn.jit` return the class unchanged."""
    patch.setattr(nn, "jit", lambda cls, **_: cls)


def one_key(patch: pytest.MonkeyPatch) -> None:
    """Make `make_rng` always return the same key."""
    no_jit(patch)
    patch.setattr(nn.Module, "make_rng", lambda *_: jax.random.PRNGKey(0))


def never_again(patch: pytest.MonkeyPatch) -> None:
    """Make `make_rng` return a new key at each call, for every key of the apply."""
    no_jit(patch)
    seeds = itertools.count()
    patch.setattr(nn.Module, "make_rng", lambda *_: jax.random.PRNGKey(next(seeds)))


UNTRUE: dict[str, tuple[Patch, ...]] = {
    "single-key-init-raises": (dropout(silent), dropout(tripping)),
    "single-key-is-params": (bare_key_is_folded,),
    "missing-key-raises": (dropout(silent), dropout(tripping)),
    "missing-key-says-so": (dropout(silent), dropout(tripping), dropout(mumbling)),
    "params-key-alone-raises": (dropout(silent), dropout(tripping)),
    "deterministic-init-needs-no-key": (dropout(greedy), dropout(mumbling)),
    "deterministic-init-leaves-key": (dropout(greedy),),
    "no-compact-raises": (no_modules,),
    "no-compact-says-so": (no_modules, no_such_layer),
    "make-rng-new-each-call": (one_key,),
    "make-rng-reproducible": (never_again,),
    "jit-new-each-call": (one_key,),
    "jit-reproducible": (never_again,),
    "jit-reproducible-after-evaluation": (never_again,),
}
# Patches under which a sentence is true, where some release makes it false.
TRUE: dict[str, Patch] = {
    "single-key-init-raises": dropout(strict),
    "params-key-alone-raises": dropout(strict),
    "jit-new-each-call": no_jit,
    "jit-reproducible": no_jit,
    "jit-reproducible-after-evaluation": no_jit,
}


@pytest.mark.parametrize(
    ("name", "patch"), [(name, patch) for name in BY_NAME for patch in UNTRUE[name]]
)
def test_each_check_can_give_false(
    name: str, patch: Patch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under a patch that makes the sentence false, the check says so in one line."""
    patch(monkeypatch)
    true, seen = ask(BY_NAME[name])
    assert not true, seen
    assert seen
    assert "\n" not in seen


@pytest.mark.parametrize("name", BY_NAME)
def test_each_check_can_give_true(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check gives true on the installed Flax, or under a patch where some release is false."""
    TRUE.get(name, as_it_is)(monkeypatch)
    true, seen = ask(BY_NAME[name])
    assert true, seen


def test_a_check_can_be_repeated() -> None:
    """The cache of `nn.jit` changes no result, whether earlier modules live or are collected."""
    first = [ask(one) for one in SENTENCES]
    for _ in range(3):
        gc.collect()
        assert [ask(one) for one in reversed(SENTENCES)][::-1] == first
