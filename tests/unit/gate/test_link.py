"""The folder on the path of a side holds this package and nothing else."""

import shutil
from pathlib import Path
from typing import Any

import pytest

import dropout_props
from dropout_props.gate import link

SOURCE = Path(dropout_props.__file__).parent


def test_the_folder_holds_the_running_package_alone(cache: Path) -> None:
    """One link in the cache, the same at every call."""
    folder = link.folder()
    assert link.folder() == folder
    assert cache in folder.parents
    assert [one.name for one in folder.iterdir()] == ["dropout_props"]
    assert (folder / "dropout_props").samefile(SOURCE)


def test_a_broken_link_is_replaced() -> None:
    """Whatever the link led to, it leads to the running package again."""
    path = link.folder() / "dropout_props"
    path.unlink()
    path.symlink_to(path.parent / "gone")
    link.folder()
    assert path.samefile(SOURCE)


@pytest.fixture
def running(tmp_path: Path, monkeypatch: Any) -> Path:
    """Replace the running package by a small one, on a platform that makes no links."""

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("a required privilege is not held by the client")

    package = tmp_path / "running" / "dropout_props"
    (package / "__pycache__").mkdir(parents=True)
    (package / "__init__.py").write_text("first = True\n")
    (package / "table.json").write_text("{}")
    shutil.copy(package / "__init__.py", package / "__pycache__" / "old.pyc")
    monkeypatch.setattr(dropout_props, "__file__", str(package / "__init__.py"))
    monkeypatch.setattr(Path, "symlink_to", refuse)
    return package


def test_a_copy_replaces_a_link_that_cannot_be_made(running: Path) -> None:
    """It holds the files of the package; an edit makes another copy."""
    first = link.folder()
    assert link.folder() == first
    assert [one.name for one in first.iterdir()] == ["dropout_props"]
    assert {one.name for one in (first / "dropout_props").iterdir()} == {
        "__init__.py",
        "table.json",
    }
    (running / "__init__.py").write_text("second = True\n")
    second = link.folder()
    assert second != first
    assert (second / "dropout_props" / "__init__.py").read_text() == "second = True\n"
    assert (first / "dropout_props" / "__init__.py").read_text() == "first = True\n"
