"""Each side judges the Flax of its own interpreter, and is refused if it imported another one."""

import json
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import flax
import pytest

import dropout_props
from dropout_props.cli import main
from dropout_props.environment.releases import parse
from dropout_props.gate import interpreter, link, needs
from dropout_props.gate.environments import Built
from dropout_props.gate.interpreter import examine
from dropout_props.gate.own import difference
from dropout_props.gate.side_process import SideJob, run_all

REQUEST = {
    "subjects": ["linen.Dropout", "layers:mine"],
    "properties": ["DP101"],
    "profile": "smoke",
    "run_seed": 0,
    "budget": 1e-9,
}
LAYERS = """
import jax
def mine(key, x, rate, deterministic):
    if deterministic:
        return x
    return jax.numpy.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)
"""
OTHER = "__version__ = '9.9'\n"


def built(python: Path) -> Built:
    """Return an environment that exists."""
    return Built(python, reused=True)


def other_flax(folder: Path) -> Path:
    """Write another Flax into a folder, and return its file."""
    (folder / "flax").mkdir(parents=True)
    file = folder / "flax" / "__init__.py"
    file.write_text(OTHER)
    return file


def test_a_side_judges_its_own_flax(side: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """It ignores a Flax beside the running package, on PYTHONPATH or in the working directory.

    A layer on PYTHONPATH is found.
    """
    running, path = tmp_path / "running", tmp_path / "path"
    for folder in (running, path):
        other_flax(folder)
    (running / "dropout_props").symlink_to(Path(dropout_props.__file__).parent)
    monkeypatch.setattr(dropout_props, "__file__", str(running / "dropout_props" / "__init__.py"))
    (path / "layers.py").write_text(LAYERS)
    monkeypatch.setenv("PYTHONPATH", str(path))
    monkeypatch.chdir(running)
    version = f"{flax.__version__}.post1"
    shutil.copytree(Path(flax.__file__).parent, side.packages / "flax")
    module = side.packages / "flax" / "version.py"
    module.write_text(module.read_text().replace(flax.__version__, version))
    side.put("flax", version)
    [result] = run_all([SideJob("own", lambda: built(side.python), REQUEST)], show=lambda _: None)
    assert result.stopped == ""
    assert result.complete
    assert result.versions["flax"] == version
    assert [one.subject for one in result.results] == REQUEST["subjects"]


def test_a_side_that_imports_another_flax_exits_with_3(
    side: Any, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    """One sentence names both versions and both files; nothing is judged."""
    own = side.put("flax", "9.8", "__version__ = '9.8'\n")
    stray = other_flax(tmp_path / "stray")
    (tmp_path / "stray" / "dropout_props").symlink_to(Path(dropout_props.__file__).parent)
    monkeypatch.setattr(link, "folder", lambda: tmp_path / "stray")
    both = ("--base-interpreter", str(side.python), "--candidate-interpreter", str(side.python))
    with pytest.raises(SystemExit) as stopped:
        main(["gate", *both, "--property", "DP101", "--json", str(tmp_path / "gate.json")])
    assert stopped.value.code == 3, capsys.readouterr().out
    found = json.loads((tmp_path / "gate.json").read_text())["comparison"]
    assert found["rows"] == []
    assert found["base"]["trouble"].startswith(
        f"it imported flax 9.9 from {stray}, but {side.python} alone has flax 9.8 in {own}. "
    )
    assert found["candidate"]["trouble"] == found["base"]["trouble"]


HERE = {"file": flax.__file__, "version": flax.__version__, "listed": True}


@pytest.mark.parametrize(
    "own",
    [
        HERE,
        HERE | {"version": f"{flax.__version__}+local"},
        HERE | {"version": "0.0.1", "listed": False},
        HERE | {"version": None, "listed": False},
    ],
)
def test_one_file_is_one_flax(own: dict[str, Any]) -> None:
    """An editable install may have another version than its metadata."""
    assert difference({"flax": own}) == ""


@pytest.mark.parametrize(
    ("own", "ending"),
    [
        (HERE | {"version": "0.0.1"}, f"flax 0.0.1 in {flax.__file__}."),
        (HERE | {"file": "/b/flax/__init__.py"}, f"{flax.__version__} in /b/flax/__init__.py."),
        ({"file": None, "version": None, "listed": False}, "no flax."),
    ],
)
def test_another_version_or_file_is_another_flax(own: dict[str, Any], ending: str) -> None:
    """Either difference is named, and so is a Flax that the interpreter does not have."""
    begins = f"it imported flax {flax.__version__} from {flax.__file__}, but {sys.executable} al"
    text = difference({"flax": own})
    assert text.startswith(begins)
    assert f"{ending} This side would judge another flax than it reports" in text


def test_a_module_that_is_not_loaded_is_compared_by_its_file(
    tmp_path: Path, monkeypatch: Any
) -> None:
    """A Flax that failed at its import is the file that an import would load."""
    file = tmp_path / "flaxen" / "__init__.py"
    file.parent.mkdir()
    file.write_text("raise ImportError('no such symbol')")
    (tmp_path / "flaxen-9.9.dist-info").mkdir()
    (tmp_path / "flaxen-9.9.dist-info" / "METADATA").write_text("Name: flaxen\nVersion: 9.9\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    own = {"file": str(file), "version": "9.9", "listed": True}
    assert difference({"flaxen": own}) == ""
    assert f"it imported flaxen 9.9 from {file}" in difference({"flaxen": own | {"file": "/b"}})
    assert difference({"absent": own}) == ""


def test_an_interpreter_lists_its_own_packages(side: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """Without PYTHONPATH and the working directory, with the folders of `.pth` files."""
    other_flax(tmp_path / "path")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "path"))
    monkeypatch.chdir(tmp_path / "path")
    monkeypatch.setattr(needs, "needs", lambda: parse("click>=8.1"))
    own = side.put("flax", "9.8", OTHER)
    (side.packages / "noise.pth").write_text("import sys; print('hello')\n")
    found = examine(built(side.python), timeout=60)
    assert found.modules["flax"] == {"file": str(own), "version": "9.8", "listed": True}
    import jax

    assert found.modules["jax"] == {
        "file": jax.__file__,
        "version": jax.__version__,
        "listed": True,
    }
    assert found.installed == {"click": metadata.version("click")}


def test_an_editable_flax_is_the_interpreters_own(bare: Any, side: Any, tmp_path: Path) -> None:
    """A `.pth` file names a checkout, which the metadata do not list."""
    checkout = other_flax(tmp_path / "checkout")
    (side.packages / "rest.pth").write_text(
        f"{tmp_path / 'checkout'}\n{(side.packages / 'rest.pth').read_text()}"
    )
    side.put("flax", "9.8", lists=False)
    found = examine(built(side.python), timeout=60)
    assert found.modules["flax"] == {"file": str(checkout), "version": "9.8", "listed": False}


def test_bytecode_is_written_into_an_environment_that_the_gate_made(
    tmp_path: Path, monkeypatch: Any
) -> None:
    """Not beside this package, whose Python may differ; in other environments, none is written."""
    package = tmp_path / "linked"
    package.mkdir()
    (package / "some.py").write_text("def show(text): print(text)\n")
    monkeypatch.setattr(link, "folder", lambda: package)
    made = Built(Path(sys.executable), reused=True, home=tmp_path / "home")
    for one in (built(Path(sys.executable)), made):
        ended = subprocess.run(
            interpreter.command(one, "some", "show", "hello"),
            env=interpreter.variables(one),
            capture_output=True,
            text=True,
            check=True,
        )
        assert ended.stdout == "hello\n"
        assert [one.name for one in package.iterdir()] == ["some.py"]
    assert [one.name for one in (tmp_path / "home").rglob("some.*.pyc")]


FINDER = """
def main(text):
    from dropout_props.subjects.isolated import run_isolated
    from importlib.util import find_spec
    print(run_isolated(find_spec, "flax").origin)
"""


@pytest.mark.skipif(sys.version_info < (3, 11), reason="needs PYTHONSAFEPATH of Python 3.11")
def test_the_isolated_process_of_a_side_finds_the_same_flax(
    side: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    """Not the Flax in the working directory, which `python -m` would search first."""
    own = side.put("flax", "9.8", OTHER)
    linked, here = tmp_path / "linked", tmp_path / "here"
    other_flax(here)
    linked.mkdir()
    (linked / "finder.py").write_text(FINDER)
    (linked / "dropout_props").symlink_to(Path(dropout_props.__file__).parent)
    monkeypatch.setattr(link, "folder", lambda: linked)
    ended = subprocess.run(
        interpreter.command(built(side.python), "finder", "main", ""),
        env=interpreter.variables(built(side.python)),
        cwd=here,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == f"{own}\n"


def test_the_callers_folders_are_made_absolute(tmp_path: Path, monkeypatch: Any) -> None:
    """An empty one means the working directory, which is searched last anyway."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["one", "", str(tmp_path / "two")]))
    assert interpreter.callers_path() == [str(tmp_path / "one"), str(tmp_path / "two")]


def test_an_interpreter_that_hangs_is_stopped(tmp_path: Path) -> None:
    """Before it has listed its packages: the sentence names the option that allows more time."""
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    with pytest.raises(interpreter.Refused, match=r"was stopped after 0\.5 s.* --timeout"):
        examine(built(program), timeout=0.5)
