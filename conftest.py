"""Which tests run where: the table that `tox -e xdist`, `oldest` and `newest` select by.

A marker is set by the folder or file a test stands in, so that no test has to remember it. The
tests of the nightly run, which need more than the releases, stay out.
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
        "tests/tester/test_architecture.py",
    ),
    "parallel": (
        "tests/suite/test_flax.py",
        "tests/tester/plugin",
        "tests/tester/test_architecture.py",
    ),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by the place it stands in."""
    for marker, places in PLACES.items():
        folders = [ROOT / place for place in places]
        for item in items:
            if item.get_closest_marker("nightly"):
                continue
            if any(item.path == folder or folder in item.path.parents for folder in folders):
                item.add_marker(marker)
