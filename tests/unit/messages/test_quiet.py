"""What a layer prints is counted in one note, and is not between the lines of the report."""

import sys
from pathlib import Path
from typing import Any

import pytest

from dropout_props.cli.main import main
from dropout_props.cli.quiet import printed_by_layers

_LAYER = """
import jax, jax.numpy as jnp

def loud(key, x, rate, deterministic):
    print("shape", x.shape)
    return x if deterministic else jnp.where(jax.random.bernoulli(key, 1 - rate), x, 0 * x)
"""


def test_lines_are_counted_for_each_subject(capsys: Any) -> None:
    """One note a subject that prints; nothing is printed."""
    with printed_by_layers(shown=False) as prints:
        for prints.subject, text in (("a", "one\ntwo\n"), ("b", ""), ("a", "three\n")):
            sys.stdout.write(text)
    assert prints.notes == ("a: it prints while it runs: 3 lines, which -v shows",)
    assert capsys.readouterr() == ("", "")


def test_v_shows_them_on_standard_error(capsys: Any) -> None:
    """Then no note counts them."""
    with printed_by_layers(shown=True) as prints:
        prints.subject = "a"
        sys.stdout.write("one\n")
    assert prints.notes == ()
    assert capsys.readouterr() == ("", "one\n")


def test_the_first_screen_of_a_layer_that_prints_has_one_line_about_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """The report alone is on standard output."""
    (tmp_path / "loud_layers.py").write_text(_LAYER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(SystemExit) as stop:
        main(["check", "loud_layers:loud", "--property", "DP106", "--profile", "smoke"])
    output = capsys.readouterr().out
    assert stop.value.code == 0, output
    assert "shape (" not in output
    assert "loud_layers:loud: it prints while it runs: " in output
