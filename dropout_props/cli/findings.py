"""The findings of a project: the baseline that a check reads or writes, and where a layer is."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dropout_props.results.exit_codes import ExitCode, of_run
from dropout_props.results.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dropout_props.cli.outputs import Outputs
    from dropout_props.engine.deviations import Deviation
    from dropout_props.results.records import RunResult
    from dropout_props.subjects.subject import Subject

__all__ = ["BaselineToWrite", "baseline_to_write", "findings_of", "is_list", "places_of"]

_DAYS = 90


def is_list(path: Path) -> bool:
    """Return whether a baseline is a list of failures, and not a result to compare with."""
    return path.suffix == ".toml"


def findings_of(path: Path | None) -> tuple[Deviation, ...]:
    """Return the failures that a baseline lists.

    Raises:
        click.UsageError: it cannot be read, or is not a list.
    """
    if path is None or not is_list(path):
        return ()
    from dropout_props.engine.deviations import BadList, read

    if not path.exists():
        raise click.UsageError(
            f"--baseline {path}: there is no such file. Write it with --write-baseline {path}."
        )
    try:
        return read(path)
    except BadList as error:
        raise click.UsageError(str(error)) from error


@dataclass(frozen=True)
class BaselineToWrite:
    """Where the failures of a run are written, with which reason and until when."""

    path: Path
    reason: str
    today: date
    expires: date

    def write(self, result: RunResult, outputs: Outputs) -> ExitCode:
        """Write the failures of a run; return the exit code of what is not among them."""
        from dropout_props.engine.deviations.baseline import listed, text_of_baseline

        text = text_of_baseline(result, reason=self.reason, today=self.today, expires=self.expires)
        if not outputs.save(text, self.path):
            return of_run(result)
        written = {(one.subject, one.property_id) for one in listed(result)}
        noun = "failure" if len(written) == 1 else "failures"
        outputs.say(f"{len(written)} {noun} written to {self.path}, until {self.expires}.")
        known = {"verdict": Verdict.KNOWN, "root_cause": None}
        rest = [
            replace(one, **known)  # type: ignore[arg-type]
            if (one.subject, one.property_id) in written
            or (one.verdict is Verdict.BLOCKED and (one.subject, one.root_id) in written)
            else one
            for one in result.results
        ]
        return of_run(replace(result, results=tuple(rest)))


def baseline_to_write(
    path: Path | None, *, reason: str, expires: datetime | None
) -> BaselineToWrite | None:
    """Return the baseline that the options describe, None without one.

    Raises:
        click.UsageError: the file is not called .toml, or the reason is empty, or the day is over.
    """
    if path is None:
        return None
    if not is_list(path):
        raise click.UsageError(
            f"--write-baseline {path}: give it a name that ends in .toml, as --baseline expects."
        )
    if not reason.strip():
        raise click.UsageError("--reason is empty: write why these failures may stay for now.")
    today = datetime.now(tz=timezone.utc).date()
    day = expires.date() if expires is not None else today + timedelta(days=_DAYS)
    if day <= today:
        raise click.UsageError(f"--expires {day}: it must be a day after {today}.")
    return BaselineToWrite(path, reason, today, day)


def places_of(subjects: Iterable[Subject]) -> dict[str, tuple[str, int]]:
    """Return file and line of each layer that stands below the working directory, by its name."""
    from dropout_props.subjects.who import layer_of

    found: dict[str, tuple[str, int]] = {}
    for subject in subjects:
        layer = layer_of(subject)
        try:
            file = Path(inspect.getsourcefile(layer) or "").resolve().relative_to(Path.cwd())
            found[subject.name] = (file.as_posix(), inspect.getsourcelines(layer)[1])
        except (OSError, TypeError, ValueError):
            continue
    return found
