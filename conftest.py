"""Which tests run where: marks each test by its folder or file; tox.ini selects by these marks.

`oldest`, `newest` and `latest` run the mark `releases`, and `xdist` runs `parallel`. `tests` leaves
out `parallel`, because `xdist` runs these tests on the same Flax and JAX. Tests that are marked
`nightly` or `history` by themselves run in the environments of these names.
"""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
PLACES = {
    "releases": (
        "tests/suite",
        "tests/tester/known",
        "tests/tester/messages",
        "tests/tester/subjects",
        "tests/tester/tools",
        "tests/tester/test_architecture.py",
    ),
    "parallel": (
        "tests/suite/test_flax.py",
        "tests/tester/plugin",
        "tests/tester/test_architecture.py",
    ),
}
LONG = ("d2l", "attention", "Model")
"""Subjects of the suite that take too long for two workers to share them evenly."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by its folder or file."""
    for marker, places in PLACES.items():
        folders = [ROOT / place for place in places]
        for item in items:
            if item.get_closest_marker("nightly"):
                continue
            if marker == "parallel" and any(name in item.name for name in LONG):
                continue
            if any(item.path == folder or folder in item.path.parents for folder in folders):
                item.add_marker(marker)
