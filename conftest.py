"""Which tests run where: the table that `tox -e tests`, `xdist`, `oldest` and `newest` select by.

A marker is set by the folder or file a test stands in, so that no test has to remember it. What
`xdist` runs, on the same releases, `tests` leaves out. The tests of the nightly run, which need
more than the releases, stay out of both.
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
"""Subjects of the suite that two workers would not share well."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by the place it stands in."""
    for marker, places in PLACES.items():
        folders = [ROOT / place for place in places]
        for item in items:
            if item.get_closest_marker("nightly"):
                continue
            if marker == "parallel" and any(name in item.name for name in LONG):
                continue
            if any(item.path == folder or folder in item.path.parents for folder in folders):
                item.add_marker(marker)
