"""Is docs/tutorials.md what the installed Flax does? Is each sentence seen true, and seen false?"""

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


def asked(page: str) -> dict[str, str]:
    """Return the releases of Flax on a page, with the JAX of each."""
    return dict(re.findall(r"^\| (\d[\d.]*) \| (\d[\d.]*) \| \d", page, flags=re.MULTILINE))


def read(page: str) -> Rows:
    """Return true or false, and what was seen, by sentence and release."""
    releases = list(asked(page))
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


def test_the_page_is_of_these_sentences_and_of_the_whole_table() -> None:
    """Each sentence of the code is on the page and no other, in order, for each release."""
    page = PAGE.read_text(encoding="utf-8")
    rows = read(page)
    assert f"Written by `{RENEW.partition(' --write')[0]}`" in page
    assert list(rows) == [sentence.text for sentence in SENTENCES], RENEW
    for text, row in rows.items():
        assert tuple(row) == supported(), f"{text}: {RENEW}"


def test_the_page_says_of_the_installed_release_what_it_does() -> None:
    """A pair on the page, word by word; another release, true or false as the last before it."""
    page = PAGE.read_text(encoding="utf-8")
    installed = ask_installed()
    jax_of = asked(page)
    before = [one for one in jax_of if Version(one) <= Version(installed.flax)]
    column = {text: row[before[-1]] for text, row in read(page).items()}
    here = read(tutorials_page([installed], command="none"))
    now = {text: row[installed.flax] for text, row in here.items()}
    if jax_of.get(installed.flax) == installed.jax:
        assert now == column, RENEW
    else:
        assert {text: true for text, (true, _) in now.items()} == {
            text: true for text, (true, _) in column.items()
        }, RENEW


Plant = Callable[[pytest.MonkeyPatch], None]


def silent(layer: Any, x: Any) -> Any:
    """Drop nothing, and draw nothing."""
    return x


def greedy(layer: Any, x: Any) -> Any:
    """Draw a key in evaluation mode too."""
    layer.make_rng("dropout")
    return x


def strict(layer: Any, x: Any) -> Any:
    """Be content with no other stream."""
    if not layer.deterministic and not layer.has_rng("dropout"):
        raise FlaxError("there is no key in the stream dropout")
    return x


def mumbling(layer: Any, x: Any) -> Any:
    """Refuse, and do not say why."""
    raise FlaxError("there is something wrong")


def tripping(layer: Any, x: Any) -> Any:
    """Fail by a mistake of its own, which is no refusal."""
    raise TypeError("dropout: compact")


def dropout(call: Callable[[Any, Any], Any]) -> Plant:
    """Plant a Dropout that does this when it is called."""

    class Dropout(nn.Module):
        rate: float
        deterministic: bool

        def __call__(self, x: Any) -> Any:
            return call(self, x)

    return lambda patch: patch.setattr(nn, "Dropout", Dropout)


def as_it_is(patch: pytest.MonkeyPatch) -> None:
    """Plant nothing."""


def no_modules(patch: pytest.MonkeyPatch) -> None:
    """Make plain functions of the layers: there is no submodule that could be inline."""
    for layer in ("Dense", "Dropout"):
        patch.setattr(nn, layer, lambda *_, **__: lambda x: x)


def no_such_layer(patch: pytest.MonkeyPatch) -> None:
    """Refuse to make a Dropout, and do not say why."""

    def refuse(*_: Any, **__: Any) -> None:
        raise FlaxError("there is something wrong")

    patch.setattr(nn, "Dropout", refuse)


def bare_key_is_folded(patch: pytest.MonkeyPatch) -> None:
    """Make another key of a single key."""
    plain = nn.Module.init

    def init(self: Any, rngs: Any, *args: Any, **kwargs: Any) -> Any:
        return plain(
            self, rngs if isinstance(rngs, dict) else jax.random.fold_in(rngs, 1), *args, **kwargs
        )

    patch.setattr(nn.Module, "init", init)


def no_jit(patch: pytest.MonkeyPatch) -> None:
    """Leave classes as they are under `nn.jit`."""
    patch.setattr(nn, "jit", lambda cls, **_: cls)


def one_key(patch: pytest.MonkeyPatch) -> None:
    """Hand out one key, again and again."""
    no_jit(patch)
    patch.setattr(nn.Module, "make_rng", lambda *_: jax.random.PRNGKey(0))


def never_again(patch: pytest.MonkeyPatch) -> None:
    """Hand out a new key at each call, whatever the key of the apply."""
    no_jit(patch)
    seeds = itertools.count()
    patch.setattr(nn.Module, "make_rng", lambda *_: jax.random.PRNGKey(next(seeds)))


UNTRUE: dict[str, tuple[Plant, ...]] = {
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
# Plants under which a sentence is true, where some release makes it false.
TRUE: dict[str, Plant] = {
    "single-key-init-raises": dropout(strict),
    "params-key-alone-raises": dropout(strict),
    "jit-new-each-call": no_jit,
    "jit-reproducible": no_jit,
    "jit-reproducible-after-evaluation": no_jit,
}


@pytest.mark.parametrize(
    ("name", "plant"), [(name, plant) for name in BY_NAME for plant in UNTRUE[name]]
)
def test_each_sentence_is_seen_to_be_false(
    name: str, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A planted change makes it untrue, and the check says so, in one line."""
    plant(monkeypatch)
    true, seen = ask(BY_NAME[name])
    assert not true, seen
    assert seen
    assert "\n" not in seen


@pytest.mark.parametrize("name", BY_NAME)
def test_each_sentence_is_seen_to_be_true(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is, or with a planted change where some release makes it false."""
    TRUE.get(name, as_it_is)(monkeypatch)
    true, seen = ask(BY_NAME[name])
    assert true, seen


def test_a_check_can_be_asked_again() -> None:
    """What `nn.jit` remembers of an earlier check, alive or collected, changes no answer."""
    first = [ask(one) for one in SENTENCES]
    for _ in range(3):
        gc.collect()
        assert [ask(one) for one in reversed(SENTENCES)][::-1] == first
