"""The registry finds subjects by name or path, and explains what it cannot find."""

import subprocess
import sys
from typing import Any

import pytest

from dropout_props.layers import registry
from dropout_props.subjects.errors import UnknownSubject, WiringError
from dropout_props.subjects.subject import Subject

LAYERS = """
import flax.linen as nn
from flax import nnx
from dropout_props.subjects.subject import Subject

class Mine(nn.Dropout): ...
class Theirs(nnx.Dropout): ...
class Wide(nn.Module):
    rate: float
    width: int
class Holder:
    inner = Mine
def plain(key, x, rate, deterministic): return x
def short(x): return x
ready = Subject.function(plain, name="ready")
class Box:
    first = Subject.function(plain)
    second = Subject.function(lambda key, x, rate, deterministic: 2 * x, name="plain")
module = Mine(0.5)
number = 5
"""


@pytest.fixture
def layers(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of the user's layers in the working directory, which is not on sys.path."""
    (tmp_path / "layers_of_mine.py").write_text(LAYERS)
    (tmp_path / "breaks_on_import.py").write_text("raise RuntimeError('needs a\\nlicence')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(filter(None, sys.path)))
    yield "layers_of_mine"
    sys.modules.pop("layers_of_mine", None)


def test_names_are_known_without_a_framework() -> None:
    """Listing the subjects imports neither JAX nor Flax."""
    code = (
        "import sys; from dropout_props.layers import registry; registry.names();"
        "print({'jax', 'flax', 'numpy', 'scipy', 'hypothesis'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"


@pytest.mark.parametrize("name", [*registry.names(), *registry.EXAMPLES])
def test_a_shipped_subject_has_the_name_that_lists_it(name: Any) -> None:
    """Each listed name loads a subject of that name."""
    assert registry.load(name).name == name


@pytest.mark.parametrize(
    ("attr", "api"),
    [("Mine", "linen"), ("Theirs", "nnx"), ("Holder.inner", "linen"), ("plain", "function")],
)
def test_a_layer_of_the_user_is_found_by_path(layers: Any, attr: Any, api: Any) -> None:
    """Its API is inferred from the object; its name is the path."""
    path = f"{layers}:{attr}"
    subject = registry.load(path)
    assert (subject.traits.api, subject.name, subject.source) == (api, path, path)


def test_a_ready_subject_keeps_its_name_and_its_path(layers: Any) -> None:
    """A Subject is handed out as it is, and knows where it was found."""
    subject = registry.load(f"{layers}:ready")
    assert (subject.name, subject.source) == ("ready", f"{layers}:ready")


@pytest.mark.parametrize("name", [*registry.names(), *registry.EXAMPLES])
def test_what_ships_is_found_by_its_name_alone(name: str) -> None:
    """It has no path: another subject, of another name, is found where its layer stands."""
    assert registry.load(name).source == ""


def test_subjects_of_one_name_are_named_apart_by_their_paths(layers: Any) -> None:
    """Those two alone; a path that is given twice is one subject."""
    first, second = f"{layers}:Box.first", f"{layers}:Box.second"
    found = registry.load_all([first, "linen.Dropout", f"{layers}:ready", second, first])
    assert [one.name for one in found] == [first, "linen.Dropout", "ready", second]
    assert [one.source for one in found] == [first, "", f"{layers}:ready", second]


def test_the_layer_of_a_ready_subject_has_a_path_of_its_own(layers: Any) -> None:
    """A program can import the layer and not the Subject; a lambda stands nowhere."""
    assert registry.layer_path(f"{layers}:ready") == f"{layers}:plain"
    assert registry.layer_path(f"{layers}:Mine") == f"{layers}:Mine"
    assert registry.layer_path(f"{layers}:Box.second") == ""


@pytest.mark.parametrize("path", ["json:loads", "collections:OrderedDict"])
def test_the_working_directory_hides_nothing(layers: Any, path: Any) -> None:
    """It is searched last, after the installed packages."""
    with pytest.raises((WiringError, UnknownSubject)):
        registry.load(path)
    assert sys.path[0] != layers


SHIPPED = f"{', '.join(registry.names())}; the examples are {', '.join(registry.EXAMPLES)}"
FRAMEWORKS = f"of other frameworks {', '.join(registry.FRAMEWORKS)}"
OTHERS = (
    f"The shipped subjects are {SHIPPED}; {FRAMEWORKS}; write any other as package.module:attr."
)
UNKNOWN = {
    "linen.Dropuot": "No subject is called 'linen.Dropuot'. Did you mean linen.Dropout? " + OTHERS,
    "LINEN.DROPOUT": "No subject is called 'LINEN.DROPOUT'. Did you mean linen.Dropout? " + OTHERS,
    "Dropout": "No subject is called 'Dropout'. Did you mean linen.Dropout or nnx.Dropout? "
    + OTHERS,
    "mypackage.layers.Zzz": "No subject is called 'mypackage.layers.Zzz'. For a layer of your own "
    "write mypackage.layers:Zzz. " + OTHERS,
    "DropPaht": "No subject is called 'DropPaht'. " + OTHERS,
    "DropPath": "No subject is called 'DropPath'. Did you mean examples.DropPath? " + OTHERS,
    ":Mine": "':Mine' is not a subject: write package.module:attr, such as "
    "mypackage.layers:MyDropout.",
    "absent_module:Mine": "The module 'absent_module' cannot be imported: ModuleNotFoundError: No "
    "module named 'absent_module'. Check its name, run from the directory that holds its package, "
    "or install the package.",
    "breaks_on_import:Mine": "The module 'breaks_on_import' cannot be imported: RuntimeError: "
    "needs a licence. Check its name, run from the directory that holds its package, or install "
    "the package.",
    "layers_of_mine:Mien": "'layers_of_mine:Mien' is not a subject: the module 'layers_of_mine' "
    "can be imported, but has no 'Mien'. Did you mean Mine?",
    "layers_of_mine:number": "'layers_of_mine:number' is of type int, which is not a subject. "
    "Point to a Subject, a Linen or NNX module class, or a function f(key, x, rate, "
    "deterministic); for a layer that requires more arguments make one with Subject.linen or "
    "Subject.nnx and point to it.",
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_the_message_for_an_unknown_subject(layers: Any, name: Any) -> None:
    """The whole message: the name, the closest names, the known names, what to write."""
    with pytest.raises(UnknownSubject) as caught:
        registry.load(name)
    assert str(caught.value) == UNKNOWN[name]


@pytest.mark.parametrize("attr", ["module", "Holder"])
def test_an_object_that_is_not_a_layer_is_refused(layers: Any, attr: Any) -> None:
    """A module that is built already is refused, and so is a class that is not a module."""
    with pytest.raises(UnknownSubject, match="which is not a subject"):
        registry.load(f"{layers}:{attr}")


@pytest.mark.parametrize("attr", ["Wide", "short"])
def test_a_layer_that_cannot_be_wired_is_named_by_its_path(layers: Any, attr: Any) -> None:
    """The message starts with the path."""
    with pytest.raises(WiringError, match=f"^{layers}:{attr}"):
        registry.load(f"{layers}:{attr}")


def test_subjects_are_built_when_loaded() -> None:
    """Loading twice gives two subjects that share no cache."""
    first, second = registry.load("linen.Dropout"), registry.load("linen.Dropout")
    assert isinstance(first, Subject)
    assert first.adapter is not second.adapter
