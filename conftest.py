"""Which tests run where: marks each test by its folder or file; tox.ini selects by these marks.

`oldest` and `newest` run the mark `releases` without `plain` and `nightly`, and `latest` runs all
of it at night. `tests` runs everything but `nightly` and `history`, on two workers: a group of
tests that share what they compile stays on one worker. After each group JAX forgets what it
compiled, so that no process grows with the number of tests.
"""

import sys
from pathlib import Path
from typing import cast

import pytest

ROOT = Path(__file__).parent
PLACES = {
    "nightly": ("tests/nightly",),
    "releases": (
        "tests/conformance",
        "tests/subjects",
        "tests/unit/messages",
        "tests/unit/tools",
        "tests/unit/test_architecture.py",
    ),
    "plain": (
        "tests/conformance/examples",
        "tests/unit",
    ),
}
FLAX_ITSELF = ("linen.Dropout", "nnx.Dropout")
TEXTBOOK = ("textbook.MyDropout", "textbook.DropoutModel", "textbook.MyModel", "d2l.dropout_layer")
ALONE = ("tests/mutation/test_mutants.py",)
"""Files whose tests share nothing, so that each may run on either worker."""

if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))  # helpers are found; the installed package still comes first


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by its folder or file, and the suite by its subject."""
    for item in items:
        place = item.path.relative_to(ROOT).as_posix()
        for marker, places in PLACES.items():
            if any(place == one or place.startswith(f"{one}/") for one in places):
                if marker == "nightly" and item.get_closest_marker("history"):
                    continue
                item.add_marker(marker)
        group = place
        if place == "tests/conformance/test_flax.py":
            group = _subject_of(item)
            if group not in FLAX_ITSELF:
                item.add_marker("plain" if group in TEXTBOOK else "nightly")
        if place not in ALONE:
            item.add_marker(pytest.mark.xdist_group(group))


def _subject_of(item: pytest.Item) -> str:
    """Return the name of the subject that a test of the suite judges."""
    assert isinstance(item, pytest.Function)
    subject, _ = cast("tuple[str, str]", item.callspec.params["property_check"])
    return subject


_group: list[str] = []


@pytest.fixture(autouse=True)
def _forget_compiled(request: pytest.FixtureRequest) -> None:
    """Let JAX forget what it compiled when the next group of tests begins."""
    marker = request.node.get_closest_marker("xdist_group")
    group = marker.args[0] if marker else str(request.node.path)
    if _group != [group]:
        _group[:] = [group]
        if "jax" in sys.modules:
            sys.modules["jax"].clear_caches()
