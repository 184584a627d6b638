"""Which tests run where: marks each test by its folder or file; tox.ini selects by these marks.

`oldest` and `newest` run the mark `releases` without `plain` and `nightly`, and `latest` runs all
of it at night; what is `plain` runs every time in `tests`. `tests` runs everything but `nightly`
and `history`, on two workers: the tests of a file share what they compile, and stay on one worker.
After each file JAX forgets what it compiled, and where memory is short the programs that layers
share go too, so that no process grows with the number of tests.
"""

import ctypes
import gc
import os
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
PLACES = {
    "nightly": ("tests/nightly",),
    "releases": (
        "tests/campaign/test_counting.py",
        "tests/conformance",
        "tests/subjects",
        "tests/unit/messages",
        "tests/unit/tools",
        "tests/unit/test_architecture.py",
    ),
    "plain": (
        "tests/conformance/examples",
        "tests/conformance/first_contact",
        "tests/conformance/known/test_reports.py",
        "tests/conformance/streams",
        "tests/conformance/test_textbooks.py",
        "tests/subjects/test_d2l.py",
        "tests/subjects/test_frameworks.py",
        "tests/subjects/test_grid.py",
        "tests/subjects/test_held.py",
        "tests/subjects/test_inputs.py",
        "tests/subjects/test_isolated.py",
        "tests/subjects/test_kernel.py",
        "tests/subjects/test_linear.py",
        "tests/subjects/test_one_program.py",
        "tests/subjects/test_operations.py",
        "tests/subjects/test_own_tests_page.py",
        "tests/subjects/test_page.py",
        "tests/subjects/test_published.py",
        "tests/subjects/test_published_records.py",
        "tests/subjects/test_textbook.py",
        "tests/subjects/test_wrong_masks.py",
        "tests/unit",
    ),
}
_QUICK = "--xla_backend_optimization_level=0"  # of tox.ini, where XLA need not optimise
if _QUICK in os.environ.get("XLA_FLAGS", "") and version("jax").startswith("0.10."):
    # Its older emitters compile in half the time. XLA ends a process that sets a flag which it
    # does not know, and releases gain and lose this one.
    os.environ["XLA_FLAGS"] += " --xla_cpu_use_fusion_emitters=false"
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))  # helpers are found; the installed package still comes first


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by its folder or file."""
    for item in items:
        place = item.path.relative_to(ROOT).as_posix()
        for marker, places in PLACES.items():
            if any(place == one or place.startswith(f"{one}/") for one in places):
                if marker == "nightly" and item.get_closest_marker("history"):
                    continue
                item.add_marker(marker)


PROGRAMS = "dropout_props.subjects.compiled.programs"
_MEMORY = 3 * 2**29
"""Bytes above which a process forgets within a file too: a process is to stay below 2 GB."""
_EVERY = 20
"""Tests between two times that it forgets within a file."""
_file: list[Path] = []
_tests: list[int] = [0]


@pytest.fixture(autouse=True)
def _forget_compiled(request: pytest.FixtureRequest) -> None:
    """Let JAX forget what it compiled when the next file of tests begins, or memory is short.

    The programs that layers share are of use to the next file, and bounded in number.
    """
    _tests[0] += 1
    same_file, is_short = _file == [request.node.path], _resident() >= _MEMORY
    if same_file and (_tests[0] < _EVERY or not is_short):
        return
    _file[:] = [request.node.path]
    _tests[0] = 0
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
    if is_short and PROGRAMS in sys.modules:
        sys.modules[PROGRAMS].forget()
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # glibc keeps what is freed otherwise


def _resident() -> int:
    """Return the bytes of memory of this process, 0 where the system does not say."""
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0
