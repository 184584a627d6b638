"""A pattern of per-subject-ignore that matches no known subject is reported, and fails nothing."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType

import pytest

from dropout_props.engine.selection import Selection
from dropout_props.engine.unmatched import unmatched
from dropout_props.layers import registry


def _warnings(
    pattern: str, judged: Sequence[str] = ("pkg.layers:MyDropout",), listed: Sequence[str] = ()
) -> list[str]:
    selection = Selection(per_subject={pattern: {"DP103": "why"}})
    return list(unmatched(selection, judged, listed=listed))


@pytest.mark.parametrize(
    "pattern", ["pkg.layers:*", "pkg.layers:MyDropout", "*MyDropout", "linen.*", "haiku.dropout"]
)
def test_a_pattern_of_a_known_subject_is_silent(pattern: str) -> None:
    """The subject is of this run, or one that ships and may be judged by another run."""
    assert _warnings(pattern) == []


@pytest.mark.parametrize(
    ("pattern", "closest"),
    [
        ("pkg.layer:*", "; the closest is pkg.layers:MyDropout."),
        ("MyDropout", "; the closest is "),
        ("linne.Dropout", "; the closest is linen.Dropout."),
        ("zzz", "prints."),
    ],
)
def test_a_pattern_that_matches_nothing_is_reported(pattern: str, closest: str) -> None:
    """The sentence names the pattern, the rule, and the closest name if one is close."""
    [text] = _warnings(pattern)
    assert text.startswith(f'warning: per-subject-ignore."{pattern}" ignores nothing: no subject')
    assert "A pattern must match the whole name" in text
    assert closest in text
    assert text.endswith(".")


def test_a_listed_subject_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one of another run; its own name counts too, and is unknown before its import."""
    module = ModuleType("its_layers")
    module.ready = replace(registry.load("d2l.dropout_layer"), name="ready")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "its_layers", module)
    assert _warnings("its_layers:*", listed=["its_layers:ready"]) == []
    assert _warnings("ready", listed=["its_layers:ready"]) == []
    assert len(_warnings("raedy", listed=["its_layers:ready"])) == 1
    assert _warnings("raedy", listed=["its_layers:ready", "not_imported:layer"]) == []
