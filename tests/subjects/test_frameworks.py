"""Subjects of other frameworks: found by name, run in full, and known for what they violate.

Each test of a framework that is not installed is skipped; `tox -e nightly` installs them all.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.cases.profiles import Profile
from dropout_props.engine import Judge, Settings
from dropout_props.engine.deviations import FRAMEWORKS_LIST, SHIPPED_LIST, Deviation
from dropout_props.engine.deviations.apply import apply_known
from dropout_props.engine.selection import default_level
from dropout_props.environment.installed import probe
from dropout_props.layers import registry
from dropout_props.properties import find
from dropout_props.results.records import Failure, PropertyResult
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.errors import UnknownSubject, Unsupported
from dropout_props.subjects.operations import InModes, Layers, Repeat, Shared, Transform, Under
from dropout_props.subjects.subject import Subject

_ONE = Profile("one case", 4.0, 1, 1, wide_pools=False)
_SETTINGS = replace(Settings.of(profile="smoke"), profile=_ONE, confirm=False)
_CONDITIONS = probe().conditions
_X = jnp.ones(128)
_FULL = ("equinox.nn.Dropout", "nnx.bridge.ToLinen", "nnx.bridge.ToNNX")


@cache
def loaded(name: str) -> Subject:
    """Return a subject; skip the test where its framework, or Flax's bridge, is missing."""
    try:
        return registry.load(name)
    except UnknownSubject as error:
        pytest.skip(f"cannot be judged here: {error}")


def streams_of(subject: Subject, seed: int = 0) -> dict[str, Any]:
    """Return one key for the stream of a subject."""
    return {subject.traits.stream or "dropout": jax.random.key(seed)}


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An environment without the optional frameworks."""
    for name in list(sys.modules):
        if name.startswith("dropout_props.layers.frameworks"):
            monkeypatch.delitem(sys.modules, name)
    for package in registry.EXTRAS:
        monkeypatch.setitem(sys.modules, package, None)
    yield
    loaded.cache_clear()


@pytest.mark.usefixtures("missing")
@pytest.mark.parametrize("name", ["equinox.nn.Dropout", "haiku.dropout", "keras.layers.Dropout"])
def test_a_missing_framework_is_named_with_the_command(name: str) -> None:
    """The error has the command that installs it, and no traceback of an import."""
    package = name.partition(".")[0]
    with pytest.raises(UnknownSubject) as error:
        registry.load(name)
    assert str(error.value) == (
        f"{name} needs the package {package}, which is not installed: "
        f"pip install 'dropout-props[{package}]'"
    )


def test_no_framework_is_loaded_before_it_is_named() -> None:
    """The registry lists all names, and loads Flax's layers, without another framework."""
    program = (
        "import sys; from dropout_props.layers import registry; registry.load('linen.Dropout');"
        f"print(sorted(set({registry.EXTRAS!r}) & set(sys.modules)), len(registry.FRAMEWORKS))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == ["[]", "5"]


@pytest.mark.parametrize("name", registry.FRAMEWORKS)
def test_a_subject_has_the_name_and_level_of_a_framework(name: str) -> None:
    """It is found by its name, and judged as a framework's own layer."""
    subject = loaded(name)
    assert (subject.name, subject.source) == (name, "")
    assert default_level(subject) == "framework"


@pytest.mark.parametrize("name", registry.FRAMEWORKS)
def test_a_call_is_the_layer_of_the_framework(name: str) -> None:
    """Training drops about half by its key and scales the rest; evaluation is the identity."""
    subject = loaded(name)
    y = np.asarray(subject.call(_X, rate=0.5, training=True, streams=streams_of(subject)))
    again = subject.call(_X, rate=0.5, training=True, streams=streams_of(subject))
    other = subject.call(_X, rate=0.5, training=True, streams=streams_of(subject, seed=1))
    assert set(y.tolist()) == {0.0, 2.0}
    assert (again == y).all()
    assert (other != y).any()
    if subject.traits.eval_mode:
        assert (subject.call(_X, rate=0.5, training=False) == _X).all()


@pytest.mark.parametrize("name", _FULL)
def test_calls_are_counted_and_layers_differ(name: str) -> None:
    """Each call and each layer of one application has a mask of its own, by the key alone."""
    subject = loaded(name)
    given: dict[str, Any] = {"rate": 0.5, "streams": streams_of(subject)}
    calls = subject.run(Repeat(3), _X, **given)
    layers = subject.run(Layers(("a", "b/a", "b/c"), times=2), _X, **given)
    for outputs in (calls, layers):
        assert len({np.asarray(y).tobytes() for y in outputs}) == len(outputs)
    again = subject.fresh().run(Layers(("a", "b/a", "b/c"), times=2), _X, **given)
    assert all((one == other).all() for one, other in zip(layers, again, strict=True))
    evaluated = subject.run(InModes((True, False, True)), _X, **given)
    assert (evaluated[1] == _X).all()
    assert (evaluated[0] != evaluated[2]).any()


def test_equinox_runs_every_transform() -> None:
    """Each has a mask for each call, or one for all where one key is shared."""
    subject = loaded("equinox.nn.Dropout")
    missing = []
    for transform in get_args(Transform):
        given: dict[str, Any] = {"rate": 0.5, "streams": streams_of(subject)}
        try:
            outputs = subject.run(Under(transform, 3, evaluated=True), _X, **given)
        except Unsupported:
            missing.append(transform)
            continue
        masks = {np.asarray(y).tobytes() for y in outputs}
        assert len(masks) == (1 if transform.startswith("shared") else 3), transform
        assert all(set(np.unique(y).tolist()) == {0.0, 2.0} for y in outputs), transform
    assert missing == ["closed scan"]


def test_equinox_is_called_in_evaluation_alone_and_names_what_it_lacks() -> None:
    """No key is split for no call in training; a message has words, not the code of a class."""
    subject = loaded("equinox.nn.Dropout")
    given: dict[str, Any] = {"rate": 0.5, "streams": streams_of(subject)}
    assert (subject.run(InModes((False,)), _X, **given)[0] == _X).all()
    with pytest.raises(Unsupported, match=r"^Equinox has no Shared: its layers hold no streams"):
        subject.run(Shared(shared=True), _X, **given)


def test_keras_goes_on_with_its_own_seed_without_a_key() -> None:
    """So no error is promised; with a key of another length the operation is refused."""
    subject = loaded("keras.layers.Dropout")
    assert subject.traits.missing_key_errors == ()
    one, other = (subject.call(_X, rate=0.5, training=True) for _ in range(2))
    assert (one != other).any()
    wide = {"dropout": jax.random.key(0, impl="rbg")}
    with pytest.raises(Unsupported, match="a Keras seed has 2 words"):
        subject.call(_X, rate=0.5, training=True, streams=wide)


_HERE = [entry for entry in FRAMEWORKS_LIST if entry.holds_on(_CONDITIONS)]


def _name(entry: Any) -> str:
    """Return the id of a test; pytest also asks for that of an empty list."""
    return f"{entry.property_id}-{entry.subject}" if isinstance(entry, Deviation) else "none"


@pytest.mark.parametrize("entry", _HERE, ids=_name)
def test_a_listed_deviation_is_known_and_fails_without_its_entry(entry: Deviation) -> None:
    """The verdict is KNOWN, with the program of the entry; without the list it is a FAIL."""
    subject, prop = loaded(entry.subject), find(entry.property_id)
    listed = Judge(_SETTINGS, _CONDITIONS)(subject, prop)
    assert (listed.verdict, listed.unlisted) == (Verdict.KNOWN, Verdict.FAIL)
    assert listed.failure is not None
    assert listed.failure.reproducer == entry.reproducer
    assert listed.failure.known == f"{entry.reason} ({entry.link})"


def test_each_framework_is_listed_under_its_own_name() -> None:
    """Every entry names one subject, its version and a program; Flax's list names none of them."""
    for entry in FRAMEWORKS_LIST:
        assert entry.subject in registry.FRAMEWORKS
        assert len(entry.when) >= 1
        assert entry.reproducer
        assert entry.layer
    for entry in SHIPPED_LIST:
        assert entry.subject not in registry.FRAMEWORKS
        covers_all = entry.subject == "*" and not entry.api
        assert not covers_all or "flax" in entry.drawn_by


def _covered(entry: Deviation, subject: Subject, verdict: Verdict) -> Verdict:
    """Return the verdict of a result that fails in the words of an entry, or passes."""
    result = PropertyResult(subject.name, entry.property_id, "", "exact", verdict)
    if verdict is Verdict.FAIL:
        failure = Failure("s", f"so {entry.matches} it", "d", "m", "r")
        result = replace(result, failure=failure)
    versions = {name: condition.lstrip(">=") for name, condition in entry.when.items()}
    return apply_known(result, subject, (entry,), versions).verdict


@pytest.mark.parametrize("entry", FRAMEWORKS_LIST, ids=_name)
def test_a_name_alone_makes_no_layer_one_of_a_framework(entry: Deviation) -> None:
    """Another layer of that name is neither excused, nor red where it conforms."""

    def mine(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
        return x

    other = Subject.function(mine, name=entry.subject)
    assert _covered(entry, other, Verdict.FAIL) is Verdict.FAIL
    assert _covered(entry, other, Verdict.PASS) is Verdict.PASS


@pytest.mark.parametrize("name", registry.FRAMEWORKS)
def test_a_layer_of_a_framework_is_known_under_every_name(name: str) -> None:
    """Under its own name an entry that no longer applies is red; a renamed layer may conform."""
    [entry, *_] = [one for one in FRAMEWORKS_LIST if one.subject == name]
    renamed = replace(loaded(name), name="mine")
    assert _covered(entry, renamed, Verdict.FAIL) is Verdict.KNOWN
    assert _covered(entry, renamed, Verdict.PASS) is Verdict.PASS
    assert _covered(entry, loaded(name), Verdict.PASS) is Verdict.FAIL


def test_the_page_lists_each_finding() -> None:
    """Its table has each entry of the list, by subject and property, and nothing else."""
    page = (Path(__file__).parents[2] / "docs/frameworks.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| .* \| (DP[\d, DP]+) \|$", page, flags=re.MULTILINE)
    shown = [(subject, one) for subject, ids in rows for one in ids.split(", ")]
    listed = [(entry.subject, entry.property_id) for entry in FRAMEWORKS_LIST]
    assert sorted(shown) == sorted(listed)
