"""docs/tutorials.md is what its script writes, and each sentence is seen to be true and false."""

import gc
import itertools
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import util
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import pytest
from flax.errors import FlaxError
from packaging.version import Version

from dropout_props.environment.releases import supported
from dropout_props.gate.environments import Built
from dropout_props.gate.uv import CannotBuild

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "tutorials.md").read_text(encoding="utf-8")
COMMAND = "python tools/tutorials.py --all"
RENEW = f"{COMMAND} --write docs/tutorials.md"


def script(name: str) -> Any:
    """Import a script of tools/, which is not a package."""
    spec = util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look there for their module
    spec.loader.exec_module(module)
    return module


sentences, tutorials = script("tutorial_sentences"), script("tutorials")
BY_NAME = {one.name: one for one in sentences.SENTENCES}
Rows = dict[str, dict[str, tuple[str, str]]]


def releases_of(page: str) -> dict[str, str]:
    """Return the releases of Flax on a page, with the JAX of each."""
    return dict(re.findall(r"^\| (\d[\d.]*) \| (\d[\d.]*) \| \d", page, flags=re.MULTILINE))


def rows_of(page: str) -> Rows:
    """Return true or false, and what was observed, by sentence and release."""
    releases = list(releases_of(page))
    found: Rows = {}
    text = ""
    for line in page.partition("| sentence |")[2].partition("\n## ")[0].splitlines()[2:]:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]
        if len(cells) < 5:
            continue
        text = cells[1] or text
        first, _, last = cells[2].partition(" to ")
        for release in releases[releases.index(first) : releases.index(last or first) + 1]:
            assert release not in found.setdefault(text, {}), f"{text}: {release} twice"
            found[text][release] = (cells[3], cells[4])
    return found


def test_the_page_covers_these_sentences_and_every_release() -> None:
    """Each sentence of the script is on the page and no other, in order, for each release."""
    rows = rows_of(PAGE)
    assert f"Written by `{COMMAND}`" in PAGE
    assert list(rows) == [one.text for one in sentences.SENTENCES], RENEW
    for text, row in rows.items():
        assert tuple(row) == supported(), f"{text}: {RENEW}"


def test_the_page_has_the_form_of_the_script() -> None:
    """What the page says, written again by the script, is the page to the last byte."""
    versions = re.findall(r"^\| (\d[\d.]*) \| (\S+) \| (\d\S*) \|$", PAGE, flags=re.MULTILINE)
    rows = rows_of(PAGE)
    releases = [
        tutorials.Release(
            *version,
            tuple(
                tutorials.Found(
                    text,
                    text,
                    row[version[0]][0] == "true",
                    re.sub(r"\\(.)", r"\1", row[version[0]][1]),
                )
                for text, row in rows.items()
            ),
        )
        for version in versions
    ]
    assert tutorials.page(releases, command=COMMAND) == PAGE, RENEW


def test_the_script_agrees_with_the_page_about_the_installed_release(capsys: Any) -> None:
    """A pair on the page, word by word; another release, true or false as the last before it."""
    assert tutorials.main([]) == 0
    printed = capsys.readouterr().out
    [(flax, jax_version)] = releases_of(printed).items()
    now = {text: row[flax] for text, row in rows_of(printed).items()}
    before = [one for one in releases_of(PAGE) if Version(one) <= Version(flax)]
    column = {text: row[before[-1]] for text, row in rows_of(PAGE).items()}
    if releases_of(PAGE).get(flax) == jax_version:
        assert now == column, RENEW
    else:
        assert {text: true for text, (true, _) in now.items()} == {
            text: true for text, (true, _) in column.items()
        }, RENEW


def release(flax: str, *, true: bool, seen: str) -> Any:
    """Make the outcomes of two sentences in a release; one of them never changes."""
    found = (
        tutorials.Found("a", "It *raises*.", true, seen),
        tutorials.Found("b", "It `works`.", True, "it worked"),
    )
    return tutorials.Release(flax, "0.5", "3.12.1", found)


OBSERVED = {
    "0.8.5": release("0.8.5", true=True, seen="E: a | b"),
    "0.9.0": release("0.9.0", true=True, seen="E: a | b"),
    "0.10.0": release("0.10.0", true=False, seen="nothing"),
}


def test_a_row_begins_where_another_outcome_was_observed() -> None:
    """The sentence appears once, with a row for each stretch of releases."""
    page = tutorials.page(list(OBSERVED.values()), command=COMMAND)
    assert (
        "| It *raises*. | 0.8.5 to 0.9.0 | true | E: a \\| b |\n"
        "|  | 0.10.0 | **false** | nothing |\n"
        "| It `works`. | 0.8.5 to 0.10.0 | true | it worked |\n"
    ) in page
    assert "| 0.9.0 | 0.5 | 3.12.1 |" in page


def test_each_release_runs_once_and_oldest_first(tmp_path: Path, monkeypatch: Any) -> None:
    """However the releases are named; the page says the command."""
    calls = []

    def observe(release: str, *, python: str | None) -> Any:
        calls.append((release, python))
        return OBSERVED[release]

    monkeypatch.setattr(tutorials, "observe", observe)
    place = tmp_path / "page.md"
    typed = ["0.10.0", "0.8.5", "0.10.0", "--python", "3.12", "--write", str(place)]
    assert tutorials.main(typed) == 0
    assert calls == [("0.8.5", "3.12"), ("0.10.0", "3.12")]
    assert "Written by `python tools/tutorials.py 0.8.5 0.10.0`" in place.read_text()


@pytest.mark.parametrize("error", [tutorials.CannotObserve, CannotBuild])
def test_a_release_that_fails_leaves_no_page(
    error: Any, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    """Exit 1 and the reason: a page with a hole would be read as one without."""

    def observe(release: str, **_: Any) -> Any:
        raise error(f"flax {release}: out of coffee.")

    monkeypatch.setattr(tutorials, "observe", observe)
    assert tutorials.main(["--all", "--write", str(tmp_path / "page.md")]) == 1
    assert capsys.readouterr().err == "flax 0.8.5: out of coffee.\n"
    assert not list(tmp_path.glob("*.md"))


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("raise ImportError('no coffee')", r"exit status 1; its last line: ImportError: no coffee"),
        ("import time; time.sleep(60)", r"not done after 1 s"),
        (
            """print('{"flax": "9.9", "jax": "1", "python": "3", "found": []}')""",
            "its environment imported flax 9.9",
        ),
    ],
)
def test_an_environment_that_cannot_observe_is_named(
    source: str, sentence: str, tmp_path: Path, monkeypatch: Any
) -> None:
    """A crash with its last line, a hang, and an environment that imports another Flax."""
    program = tmp_path / "sentences.py"
    program.write_text(source)
    built = Built(Path(sys.executable), reused=True)
    monkeypatch.setattr(tutorials.environments, "build", lambda *_, **__: built)
    monkeypatch.setattr(tutorials, "SENTENCES", program)
    monkeypatch.setattr(tutorials, "_SECONDS", 1 if "sleep" in source else 60)
    with pytest.raises(tutorials.CannotObserve, match=rf"^flax 0\.9\.0: {sentence}"):
        tutorials.observe("0.9.0")


def test_a_broken_pair_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the plainest use of dropout fails, no sentence is called false."""
    no_such_layer(monkeypatch)
    with pytest.raises(FlaxError, match="something wrong"):
        sentences.observe()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["abc"], "'abc': name releases of Flax as in 0.12.12."),
        (["--all", "0.8.5"], "--all runs every release of the table"),
    ],
)
def test_bad_arguments_are_refused(arguments: list[str], sentence: str, capsys: Any) -> None:
    """Before any environment is made."""
    with pytest.raises(SystemExit):
        tutorials.main(arguments)
    assert sentence in capsys.readouterr().err


def test_a_page_that_cannot_be_written_is_refused(capsys: Any) -> None:
    """Before any environment is made, too."""
    assert tutorials.main(["0.8.5", "--write", "missing/page.md"]) == 1
    assert "missing/page.md: cannot be written" in capsys.readouterr().err


def test_the_command_of_0_1_names_the_script() -> None:
    """Exit 4, and one sentence."""
    done = subprocess.run(
        [sys.executable, "-m", "dropout_props", "tutorials", "--all"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    assert "`python tools/tutorials.py`" in done.stderr


Change = Callable[[pytest.MonkeyPatch], None]


def silent(layer: Any, x: Any) -> Any:
    """Drop nothing, and draw nothing."""
    return x


def greedy(layer: Any, x: Any) -> Any:
    """Draw a key in evaluation mode too."""
    layer.make_rng("dropout")
    return x


def strict(layer: Any, x: Any) -> Any:
    """Accept no other stream."""
    if not layer.deterministic and not layer.has_rng("dropout"):
        raise FlaxError("there is no key in the stream dropout")
    return x


def mumbling(layer: Any, x: Any) -> Any:
    """Refuse, and do not say why."""
    raise FlaxError("there is something wrong")


def tripping(layer: Any, x: Any) -> Any:
    """Fail by a mistake of its own, which is not a refusal."""
    raise TypeError("dropout: compact")


def dropout(call: Callable[[Any, Any], Any]) -> Change:
    """Put a Dropout in place that does this when it is called."""

    class Dropout(nn.Module):
        rate: float
        deterministic: bool

        def __call__(self, x: Any) -> Any:
            return call(self, x)

    return lambda patch: patch.setattr(nn, "Dropout", Dropout)


def nothing(patch: pytest.MonkeyPatch) -> None:
    """Leave Flax as it is."""


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
        given = rngs if isinstance(rngs, dict) else jax.random.fold_in(rngs, 1)
        return plain(self, given, *args, **kwargs)

    patch.setattr(nn.Module, "init", init)


def no_jit(patch: pytest.MonkeyPatch) -> None:
    """Leave classes as they are under `nn.jit`."""
    patch.setattr(nn, "jit", lambda cls, **_: cls)


def one_key(patch: pytest.MonkeyPatch) -> None:
    """Return one key from every call of `make_rng`."""
    no_jit(patch)
    patch.setattr(nn.Module, "make_rng", lambda *_: jax.random.PRNGKey(0))


def never_again(patch: pytest.MonkeyPatch) -> None:
    """Return a new key at each call, whatever the key of the apply."""
    no_jit(patch)
    seeds = itertools.count()
    patch.setattr(nn.Module, "make_rng", lambda *_: jax.random.PRNGKey(next(seeds)))


MAKES_FALSE: dict[str, tuple[Change, ...]] = {
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
# Changes under which a sentence is true, where some release makes it false.
MAKES_TRUE: dict[str, Change] = {
    "single-key-init-raises": dropout(strict),
    "params-key-alone-raises": dropout(strict),
    "jit-new-each-call": no_jit,
    "jit-reproducible": no_jit,
    "jit-reproducible-after-evaluation": no_jit,
}


@pytest.mark.parametrize(
    ("name", "change"), [(name, change) for name in BY_NAME for change in MAKES_FALSE[name]]
)
def test_each_sentence_is_seen_to_be_false(
    name: str, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of Flax makes it false, and the check says so, in one line."""
    change(monkeypatch)
    true, seen = sentences.evaluate(BY_NAME[name])
    assert not true, seen
    assert seen
    assert "\n" not in seen


@pytest.mark.parametrize("name", BY_NAME)
def test_each_sentence_is_seen_to_be_true(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the installed Flax, or with a change where some release makes it false."""
    MAKES_TRUE.get(name, nothing)(monkeypatch)
    true, seen = sentences.evaluate(BY_NAME[name])
    assert true, seen


def test_a_check_can_be_repeated() -> None:
    """What `nn.jit` cached for an earlier check, alive or collected, changes no outcome."""
    first = [sentences.evaluate(one) for one in sentences.SENTENCES]
    for _ in range(3):
        gc.collect()
        found = [sentences.evaluate(one) for one in reversed(sentences.SENTENCES)]
        assert found[::-1] == first
