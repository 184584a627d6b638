"""An interpreter that lacks a dependency of this package is refused with the install command."""

import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from dropout_props.cli import main
from dropout_props.environment.releases import parse
from dropout_props.gate import needs
from dropout_props.gate.interpreter import Found

PYTHON = Path("/env/bin/python")
REAL = needs.needs


def found(python: str = "3.12.1", **installed: str | None) -> Found:
    """Return the packages of an interpreter; this package has four dependencies in these tests."""
    markers = {"python_version": ".".join(python.split(".")[:2]), "python_full_version": python}
    every = {"click": "8.2", "numpy": "2.0", "flax": "0.12.0"} | installed
    return Found(python, markers, every, {})


@pytest.fixture(autouse=True)
def four(monkeypatch: Any) -> None:
    """Let this package depend on four distributions, one of them on an old Python only."""
    plain = [*parse("click>=8.1 numpy>=1.26 flax>=0.8.5")]
    old = Requirement("tomli>=2.0; python_version < '3.11'")
    monkeypatch.setattr(needs, "needs", lambda: (*plain, old))


@pytest.mark.parametrize(
    "has",
    [
        found(),
        found(flax=""),  # a checkout on the path, without metadata
        found(flax="0.13.0.dev0+abc"),
        found(numpy="of our own"),
        found(python="3.10.2", tomli="2.1"),
    ],
)
def test_an_interpreter_with_all_dependencies_is_accepted(has: Found) -> None:
    """Whatever the scheme of the versions, with and without metadata."""
    assert needs.lacking(PYTHON, has) == ""


@pytest.mark.parametrize(
    ("has", "named", "command"),
    [
        (found(click=None), "click>=8.1", "'click>=8.1'"),
        (
            found(click=None, numpy="1.24.1"),
            "click>=8.1, numpy>=1.26 (it has 1.24.1)",
            "'click>=8.1' 'numpy>=1.26'",
        ),
        (found(python="3.10.2"), "tomli>=2.0", "'tomli>=2.0'"),
    ],
)
def test_every_missing_dependency_is_named_with_the_command(
    has: Found, named: str, command: str
) -> None:
    """One sentence, and one command that installs them."""
    assert needs.lacking(PYTHON, has) == (
        f"/env/bin/python lacks dependencies of dropout_props: {named}. Install them with "
        f"`/env/bin/python -m pip install {command}`."
    )


def test_an_old_python_is_named() -> None:
    """The message is about Python, and lists no packages."""
    text = needs.lacking(PYTHON, found(python="3.9.18"))
    assert text.startswith(
        "/env/bin/python is Python 3.9.18, and dropout_props needs Python >=3.10"
    )


def test_a_bare_interpreter_exits_with_3_before_anything_is_judged(
    bare: Any, capsys: Any, monkeypatch: Any
) -> None:
    """From the real metadata: every dependency is named, extras are not."""
    monkeypatch.setattr(needs, "needs", REAL)
    assert not {"matplotlib", "pytest"} & {one.name for one in needs.needs()}
    sides = ("--base-interpreter", str(bare.python), "--candidate-interpreter", str(bare.python))
    with pytest.raises(SystemExit) as stopped:
        main(["gate", *sides])
    printed = " ".join(capsys.readouterr().out.split())
    assert stopped.value.code == 3
    assert "lacks dependencies of dropout_props: click>=8.1, cloudpickle>=3.0, flax>" in printed
    assert "-m pip install 'click>=8.1' 'cloudpickle>=3.0' 'flax>=0.8.5'" in printed
    assert ("tomli" in printed) == (sys.version_info < (3, 11))
