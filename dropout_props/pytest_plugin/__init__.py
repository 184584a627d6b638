"""The pytest plugin: one test item for each pair of subject and property.

The pair is judged inside its test, so that verdicts do not depend on how pytest-xdist distributes
items. The result travels on the test report as one JSON string; the controlling process prints.
Guarantees: loading it imports none of jax, flax, scipy, hypothesis and numpy; `parametrize` and
`session`, which do, are imported once a test needs them. Imports: pytest and the rooms above.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

_NOTE = "dropout_props note"
_RESULT = "dropout_props"  # name of the user property of a report that holds a result
_SUBJECTS = "dropout_props subjects"
_STASH = pytest.StashKey[Any]()
_RESULTS = pytest.StashKey[list[str]]()
_COLLECTED = pytest.StashKey[int]()
_JSON_PATH = pytest.StashKey["Path | None"]()
_TABLE = pytest.StashKey[Any]()  # the table of pyproject.toml; None if it is invalid
_BAD_TABLE = pytest.StashKey[str]()
_REFUSED = pytest.StashKey[dict[str, str]]()  # name of a subject -> the error
_NAMES = pytest.StashKey[dict[str, None]]()  # of subjects to which the table applies, as a set
_FIXTURE = "property_check"
_MARK = "dropout_props"
_LEVELS = ("core", "full", "framework")  # the catalogue has them too, and imports JAX
_NO_SUBJECT = (
    "{test} has no subject: name some in parametrize_with_properties([...]), or list them as "
    "subjects in the table [tool.dropout-props] of pyproject.toml."
)
_MADE_OF = ("factory", "function", "wiring", "fixed_rate")  # attributes of an adapter


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, which all begin with --dp."""
    group = parser.getgroup("dropout_props", "dropout property tests")
    group.addoption("--dp-profile", default=None, help="smoke, ci (the default) or nightly")
    group.addoption(
        "--dp-seed", default="0", help="run seed, an integer that enters every key (default 0)"
    )
    group.addoption("--dp-salt", default=None, help=argparse.SUPPRESS)  # its name in 0.1
    group.addoption(
        "--dp-budget", default="1e-9", help="chance that a run of correct code fails (default 1e-9)"
    )
    group.addoption(
        "--dp-level",
        default=None,
        help="core, full or framework; by default framework for a layer of Flax, core for others",
    )
    group.addoption("--dp-json", default=None, metavar="FILE", help="write the result to this file")


def pytest_configure(config: pytest.Config) -> None:
    """Validate the options."""
    if config.getoption("--dp-salt") is not None:
        sys.stderr.write("--dp-salt is now called --dp-seed; the old name is accepted until 0.3.\n")
        config.option.dp_seed = config.getoption("--dp-salt")
    for option, kind in (("--dp-seed", int), ("--dp-budget", float)):
        text = config.getoption(option)
        try:
            kind(text)
        except ValueError:
            raise pytest.UsageError(
                f"{option} {text!r} is not of type {kind.__name__}: give a number, as in "
                f"{option}=1."
            ) from None
    if config.getoption("--dp-profile") not in (None, "smoke", "ci", "nightly"):
        raise pytest.UsageError(
            f"--dp-profile {config.getoption('--dp-profile')!r}: it must be smoke, ci or nightly."
        )
    if config.getoption("--dp-level") not in (None, *_LEVELS):
        raise pytest.UsageError(
            f"--dp-level {config.getoption('--dp-level')!r}: it must be core, full or framework."
        )
    config.addinivalue_line(
        "markers", f"{_MARK}: set by parametrize_with_properties; not for use by hand"
    )
    config.stash[_RESULTS] = []
    config.stash[_COLLECTED] = 0
    config.stash[_REFUSED] = {}
    config.stash[_NAMES] = {}
    config.stash[_JSON_PATH] = None if hasattr(config, "workerinput") else _json_path(config)


def _json_path(config: pytest.Config) -> Path | None:
    """Return the absolute path of --dp-json, before a test can change the working directory."""
    named = config.getoption("--dp-json")
    if named is None:
        return None
    from dropout_props.results.writing import CannotWrite, check_writable, is_standard_output

    if is_standard_output(Path(named)):
        raise pytest.UsageError(
            f"--dp-json {named}: pytest prints its report to standard output; name a file."
        )
    path = config.invocation_params.dir / named
    try:
        check_writable(path)
    except CannotWrite as error:
        raise pytest.UsageError(f"--dp-json {error}") from None
    return path


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test for each pair of a test that `parametrize_with_properties` has marked."""
    for mark in metafunc.definition.iter_markers(_MARK):
        from dropout_props.pytest_plugin.parametrize import merged, pairs_of

        config, arguments = metafunc.config, mark.kwargs
        table = _table(config)
        if table is None:  # the session ends after the collection, with the error
            pairs: list[Any] = [("the table of pyproject.toml", "DP101")]
            ids = ["invalid"]
        else:
            selection = merged(
                arguments["selection"],
                table.selection,
                level=config.getoption("--dp-level"),
                exact=arguments["exact"],
            )
            subjects = arguments["subjects"] or table.subjects
            if not subjects:
                pytest.fail(_NO_SUBJECT.format(test=metafunc.definition.name), pytrace=False)
            pairs, ids = pairs_of(subjects, selection)
            if not pairs:
                names = ", ".join(map(_name, subjects))
                skip = pytest.mark.skip(reason=f"the selection leaves no property for {names}")
                pairs, ids = [pytest.param(None, marks=skip)], ["nothing selected"]
            if not arguments["exact"]:
                config.stash[_NAMES].update(dict.fromkeys(map(_name, subjects)))
        metafunc.parametrize(_FIXTURE, pairs, ids=ids, indirect=True)


def _table(config: pytest.Config) -> Any:
    """Return the table `[tool.dropout-props]`; None, and the error stashed, if it is invalid."""
    if _TABLE not in config.stash:
        from dropout_props.engine.configuration import BadTable, at

        config.stash[_BAD_TABLE] = ""
        try:
            config.stash[_TABLE] = at(config.rootpath)
        except BadTable as error:
            config.stash[_TABLE] = None
            config.stash[_BAD_TABLE] = str(error)
    return config.stash[_TABLE]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Count the selected items that will have a result, and refuse subjects that cannot have one.

    No two subjects may have one name, and no more may share the error budget than it has room for.
    """
    items = [item for item in session.items if _pair(item) is not None]
    session.config.stash[_COLLECTED] = len(items)
    errors = _same_names(items) or _too_many(items)
    invalid = session.config.stash.get(_BAD_TABLE, "")
    if invalid:
        errors = dict.fromkeys([*errors, *map(_subject_name, items)], invalid)
    if errors and not hasattr(session.config, "workerinput"):
        raise pytest.UsageError(next(iter(errors.values())))
    # A worker that raised here would end the session without the message: its tests fail instead.
    session.config.stash[_REFUSED] = errors


def _same_names(items: list[pytest.Item]) -> dict[str, str]:
    """Return an error for each name that two different subjects have.

    Two equal subjects, such as those of one layer in two modules, count as one.
    """
    errors: dict[str, str] = {}
    first: dict[str, tuple[Any, str]] = {}
    for item in items:
        subject, name = _pair(item)[0], _subject_name(item)
        other, where = first.setdefault(name, (subject, item.nodeid))
        if not same_subject(subject, other):
            errors[name] = (
                f"two subjects are called {name!r}, in {where} and {item.nodeid}: a report could "
                "not distinguish them. Give each its own name, as in "
                "Subject.linen(MyDropout, name='mine')."
            )
    return errors


def _pair(item: pytest.Item) -> Any:
    """Return the subject and the id of the property that a test judges; None if it judges none."""
    return getattr(getattr(item, "callspec", None), "params", {}).get(_FIXTURE)


def _subject_name(item: pytest.Item) -> str:
    return _name(_pair(item)[0])


def _too_many(items: list[pytest.Item]) -> dict[str, str]:
    """Return an error for each subject, if the error budget has no room for all of them."""
    names = dict.fromkeys(map(_subject_name, items))
    if not names:
        return {}
    from dropout_props.engine.budget import no_room

    error = no_room(len(names), split_over="sessions of pytest")
    return dict.fromkeys(names, error) if error else {}


def _name(subject: Any) -> str:
    return subject if isinstance(subject, str) else str(subject.name)


def same_subject(one: Any, other: Any) -> bool:
    """Return whether two subjects, or names of subjects, are the same or made of the same parts."""
    if one is other or isinstance(one, str) or isinstance(other, str):
        return bool(one == other)
    parts = [
        (type(s.adapter), *(getattr(s.adapter, name, None) for name in _MADE_OF))
        for s in (one, other)
    ]
    return bool(one.traits == other.traits and parts[0] == parts[1])


@pytest.fixture
def property_check(request: pytest.FixtureRequest) -> Callable[[], None]:
    """Return a function that judges the pair of this test, and passes, fails or skips the test.

    `parametrize_with_properties` gives a test its pair.
    """
    subject, property_id = request.param

    def check() -> None:
        error = request.config.stash[_REFUSED].get(_name(subject))
        if error:
            pytest.fail(error, pytrace=False)
        from dropout_props.pytest_plugin.session import judge

        result, text, notes = judge(
            subject,
            property_id,
            _settings(request.config),
            test=request.node.nodeid,
            width=shutil.get_terminal_size().columns,
            verbose=request.config.get_verbosity() > 0,
        )
        request.node.user_properties.append((_RESULT, text))
        request.node.user_properties += [(_NOTE, note) for note in notes]
        outcome, message = result
        if outcome == "fail":
            pytest.fail(message, pytrace=False)
        if outcome == "skip":
            pytest.skip(message)
        if outcome == "xfail":
            pytest.xfail(message)

    return check


def _settings(config: pytest.Config) -> dict[str, Any]:
    if _STASH not in config.stash:
        table = _table(config)
        config.stash[_STASH] = {
            "run_seed": int(config.getoption("--dp-seed")),
            "profile": config.getoption("--dp-profile") or (table and table.profile) or "ci",
            "false_fail_rate": float(config.getoption("--dp-budget")),
            "known": table and table.deviations,
        }
    settings: dict[str, Any] = config.stash[_STASH]
    return settings


def _collected(config: pytest.Config) -> int:
    return config.stash.get(_COLLECTED, 0)


def _unmatched(config: pytest.Config) -> tuple[str, ...]:
    """Return a warning for each pattern of the table that no subject of the session matches."""
    table, names = _table(config), config.stash[_NAMES]
    if table is None or not names:
        return ()
    from dropout_props.engine.unmatched import unmatched

    return unmatched(table.selection, names, listed=table.subjects)


class _Collector:
    """In the controlling process: collects the results of the reports, prints and writes them."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self._config = session.config
        self._collected_by_worker = 0
        self._notes: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            for name, text in report.user_properties:
                if name == _RESULT:
                    self._config.stash[_RESULTS].append(str(text))
                elif name == _NOTE:
                    self._notes.append(str(text))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        output = getattr(node, "workeroutput", None) or {}
        self._collected_by_worker = max(self._collected_by_worker, output.get(_RESULT, 0))
        self._config.stash[_NAMES].update(dict.fromkeys(output.get(_SUBJECTS, ())))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        texts = self._config.stash[_RESULTS]
        collected = max(_collected(self._config), self._collected_by_worker, len(texts))
        if not collected:
            return
        from dropout_props.pytest_plugin.session import summarize
        from dropout_props.results import cache

        summary = summarize(
            texts,
            collected,
            _settings(self._config),
            self._config.stash[_JSON_PATH],
            cache.last_result(),
            notes=(*self._notes, *_unmatched(self._config)),
            verbosity=self._config.get_verbosity(),
        )
        if self._config.get_verbosity() >= 0:
            terminalreporter.section("dropout_props")
        for line in summary.lines:
            terminalreporter.write_line(line)
        for line in summary.unseen:
            terminalreporter.write_line(line, red=True)
        if summary.unseen and self._session.exitstatus == pytest.ExitCode.OK:
            self._session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if summary.trouble:
            terminalreporter.write_line(f"--dp-json {summary.trouble}", red=True)
            self._session.exitstatus = pytest.ExitCode.INTERNAL_ERROR


def pytest_sessionstart(session: pytest.Session) -> None:
    """Register the collector in the controlling process, not in a worker of xdist."""
    if not hasattr(session.config, "workerinput"):
        session.config.pluginmanager.register(_Collector(session), "dropout_props_collector")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send what this worker collected to the controlling process."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_RESULT] = _collected(session.config)
        session.config.workeroutput[_SUBJECTS] = [*session.config.stash[_NAMES]]


@pytest.fixture
def dropout_record() -> Callable[..., Any]:
    """Give `dropout_props.record`: open it in the test, and check what it saw."""
    from dropout_props.auditing.opened import record

    return record
