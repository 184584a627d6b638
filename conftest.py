"""Marks each test by its folder or file, for the environments of tox that select by markers.

`releases` runs in `oldest` and `newest`. `parallel` runs in `xdist`, and `tests`, on the same
releases, leaves it out. Tests of the nightly run get neither marker.
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
"""Names of slow subjects, left out of `parallel` since two workers would not share them well."""


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
