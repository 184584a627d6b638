"""The pytest plugin: one item a (subject, property), judged inside the test, reported by the session.

It is thin on purpose. Loading it imports neither jax, flax, scipy, hypothesis nor numpy. Every
verdict falls inside its test, so that nothing depends on how items are spread over workers; a
result travels on the test's report as one JSON string, and the controlling process only prints.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

_PROPERTY = "dropout_props"
_STASH = pytest.StashKey[Any]()
_RESULTS = pytest.StashKey[list[str]]()
_COLLECTED = pytest.StashKey[int]()
_PLACE = pytest.StashKey["Path | None"]()
_REFUSED = pytest.StashKey[dict[str, str]]()  # by the name of the subject
_FIXTURE = "property_check"
_MAKERS = ("factory", "function", "wiring", "fixed_rate")  # what an adapter is made of


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, each beginning with --dp."""
    group = parser.getgroup("dropout_props", "dropout property tests")
    group.addoption("--dp-profile", default="ci", help="smoke, ci (the default) or nightly")
    group.addoption("--dp-seed", default="0", help="integer that enters every key (default 0)")
    group.addoption("--dp-salt", default=None, help=argparse.SUPPRESS)  # its name in 0.1
    group.addoption("--dp-budget", default="1e-9", help="false alarms a run (default 1e-9)")
    group.addoption("--dp-json", default=None, metavar="FILE", help="write the result here")


def pytest_configure(config: pytest.Config) -> None:
    """Read the options at the door."""
    if config.getoption("--dp-salt") is not None:
        sys.stderr.write("--dp-salt is now called --dp-seed; the old name goes soon.\n")
        config.option.dp_seed = config.getoption("--dp-salt")
    for option, kind in (("--dp-seed", int), ("--dp-budget", float)):
        text = config.getoption(option)
        try:
            kind(text)
        except ValueError:
            raise pytest.UsageError(
                f"{option} {text!r} is no {kind.__name__}: give a number, as in {option}=1."
            ) from None
    if config.getoption("--dp-profile") not in ("smoke", "ci", "nightly"):
        raise pytest.UsageError(
            f"--dp-profile {config.getoption('--dp-profile')!r}: it is smoke, ci or nightly."
        )
    config.stash[_RESULTS] = []
    config.stash[_COLLECTED] = 0
    config.stash[_REFUSED] = {}
    config.stash[_PLACE] = None if hasattr(config, "workerinput") else _place(config)


def _place(config: pytest.Config) -> Path | None:
    """Return where the result goes, before a test can change the working directory."""
    named = config.getoption("--dp-json")
    if named is None:
        return None
    from dropout_props.results.writing import CannotWrite, check_writable, is_standard_output

    if is_standard_output(Path(named)):
        raise pytest.UsageError(
            f"--dp-json {named}: the report of pytest goes to standard output: name a file."
        )
    place = config.invocation_params.dir / named
    try:
        check_writable(place)
    except CannotWrite as error:
        raise pytest.UsageError(f"--dp-json {error}") from None
    return place


def pytest_collection_finish(session: pytest.Session) -> None:
    """Count the items that will bring a result, once what is deselected is gone."""
    items = [item for item in session.items if _FIXTURE in getattr(item, "fixturenames", ())]
    session.config.stash[_COLLECTED] = len(items)
    refused = _one_name_for_two(items)
    if refused and not hasattr(session.config, "workerinput"):
        raise pytest.UsageError(next(iter(refused.values())))
    session.config.stash[_REFUSED] = refused  # a worker that stops would end the others unheard


def _one_name_for_two(items: list[pytest.Item]) -> dict[str, str]:
    """Return a sentence for each name that two subjects of different tests have.

    Two subjects made alike, as of one layer in two modules, are one subject here.
    """
    refused: dict[str, str] = {}
    first: dict[str, tuple[Any, str]] = {}
    for item in items:
        params = getattr(getattr(item, "callspec", None), "params", {})
        subject = params[_FIXTURE][0] if _FIXTURE in params else None
        if subject is None:
            continue
        name = _name(subject)
        other, where = first.setdefault(name, (subject, item.nodeid))
        if not _same(subject, other):
            refused[name] = (
                f"two subjects are called {name!r}, in {where} and {item.nodeid}: a report could "
                "not tell them apart. Give each its own name, as in "
                "Subject.linen(MyDropout, name='mine')."
            )
    return refused


def _name(subject: Any) -> str:
    return subject if isinstance(subject, str) else str(subject.name)


def _same(one: Any, other: Any) -> bool:
    """Return whether two subjects of one name, or their names, say the same thing."""
    if one is other or isinstance(one, str) or isinstance(other, str):
        return bool(one == other)
    makers = [
        (type(s.adapter), *(getattr(s.adapter, part, None) for part in _MAKERS))
        for s in (one, other)
    ]
    return bool(one.traits == other.traits and makers[0] == makers[1])


@pytest.fixture
def property_check(request: pytest.FixtureRequest) -> Callable[[], None]:
    """Judge the pair that `parametrize_with_properties` put into this test; call it to do so."""
    subject, property_id = request.param

    def check() -> None:
        refused = request.config.stash[_REFUSED].get(_name(subject))
        if refused:
            pytest.fail(refused, pytrace=False)
        from dropout_props.pytest_plugin.session import ask

        result, text = ask(subject, property_id, _settings(request.config))
        request.node.user_properties.append((_PROPERTY, text))
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
        config.stash[_STASH] = {
            "run_seed": int(config.getoption("--dp-seed")),
            "profile": config.getoption("--dp-profile"),
            "false_fail_rate": float(config.getoption("--dp-budget")),
        }
    settings: dict[str, Any] = config.stash[_STASH]
    return settings


def _collected(config: pytest.Config) -> int:
    return config.stash.get(_COLLECTED, 0)


class _Gatherer:
    """In the controlling process: takes the results off the reports, prints and writes them."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self._config = session.config
        self._collected_by_worker = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            for name, text in report.user_properties:
                if name == _PROPERTY:
                    self._config.stash[_RESULTS].append(str(text))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        output = getattr(node, "workeroutput", None) or {}
        self._collected_by_worker = max(self._collected_by_worker, output.get(_PROPERTY, 0))

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
            self._config.stash[_PLACE],
            cache.last_result(),
        )
        terminalreporter.section("dropout_props")
        for line in summary.lines:
            terminalreporter.write_line(line)
        if summary.trouble:
            terminalreporter.write_line(f"--dp-json {summary.trouble}", red=True)
            self._session.exitstatus = pytest.ExitCode.INTERNAL_ERROR


def pytest_sessionstart(session: pytest.Session) -> None:
    """Gather in the controlling process alone; a worker only hands over."""
    if not hasattr(session.config, "workerinput"):
        session.config.pluginmanager.register(_Gatherer(session), "dropout_props_gatherer")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the controlling process how many items a worker collected."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_PROPERTY] = _collected(session.config)


@pytest.fixture
def dropout_record() -> Callable[..., Any]:
    """Give `dropout_props.record`: open it in the test, and check what it saw."""
    from dropout_props.auditing.opened import record

    return record
