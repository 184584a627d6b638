"""`record()`: what a running program draws, and what that says about its dropout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import jax
import numpy as np

from dropout_props.auditing.judge import Judgement, judge
from dropout_props.auditing.options import read_budget, read_options
from dropout_props.environment.guards import without_guards
from dropout_props.properties.recorded.missed import said
from dropout_props.properties.recorded.options import Options
from dropout_props.properties.recorded.seen import (
    EVALUATION,
    Seen,
    is_dropout,
    looks_like_dropout,
)
from dropout_props.recording import Draw, Recording, RecordingError, Site, recording

__all__ = ["NothingDrawn", "Record", "record"]

T = TypeVar("T")

_REASONS = """nothing was drawn in this record, and no dropout was called. The usual reasons:
  - the training step was not called inside of the block, or it runs in another process;
  - the model holds no dropout, or it never calls it;
  - the step was compiled ahead of time, `jit(f).lower(x).compile()`, before the record was opened;
  - a fused kernel, or NumPy, draws the masks: the recorder sees `jax.random` alone;
  - a model in plain JAX was called in evaluation mode: pass `training=False` if that is meant."""


class NothingDrawn(RecordingError):
    """A record without a single draw of a mask says nothing about dropout."""


@dataclass(eq=False)
class Record:
    """What was recorded, and its judgement. It can be checked as often as one likes.

    Attributes:
        options: what was declared.
        budget: the chance that a record of a right program is red.
    """

    _recording: Recording
    options: Options
    budget: float
    _evaluations: list[bool] = field(default_factory=list)
    _judged: tuple[object, Seen, Judgement] | None = None

    @property
    def draws(self) -> tuple[Draw, ...]:
        """Every executed draw, in the order of steps, runs and places."""
        return self._recording.draws

    @property
    def sites(self) -> tuple[Site, ...]:
        """Every site that was traced."""
        return self._recording.sites

    @property
    def environment(self) -> dict[str, str]:
        """Versions and settings, by name."""
        return self._recording.environment

    @property
    def not_seen(self) -> tuple[str, ...]:
        """What ran, or may have run, and is not in the record: a sentence each, with its place."""
        return tuple(dict.fromkeys(said(note) for note in self._recording.notes))

    def step(self) -> None:
        """Mark a step: call it at the start, or at the end, of each step of training."""
        self._recording.mark_step()

    def evaluate(self, function: Callable[[], T]) -> T:
        """Run an evaluation twice: nothing may draw, and both results must agree.

        Args:
            function: takes no argument and returns what the model predicts.

        Returns:
            What the first call returned.
        """
        with self._recording.as_step(EVALUATION):
            first, second = function(), function()
        with without_guards():
            self._evaluations.append(_agree(first, second))
        return first

    @property
    @without_guards()
    def seen(self) -> Seen:
        """The record as properties read it."""
        source = self._recording
        layers = {
            site.id: made
            for site in source.sites
            if site.declared_rate
            and is_dropout(site)
            and (made := source.layer_alone(site, self.options.run_seed)) is not None
        }
        return Seen(
            draws=source.draws,
            splits=source.splits,
            sites=source.sites,
            module_calls=source.module_calls,
            loops=source.loops,
            runs_over=source.runs_over,
            marked=source.steps,
            layers_alone=layers,
            evaluations=tuple(self._evaluations),
            notes=source.notes,
            equal_roots=source.equal_roots,
            conditional=frozenset(site.id for site in source.conditional),
        )

    @property
    def judgement(self) -> Judgement:
        """The verdicts.

        Raises:
            NothingDrawn: there is nothing to judge.
            RecordingError: something went wrong while recording.
        """
        return self.judged()[1]

    @without_guards()
    def judged(self) -> tuple[Seen, Judgement]:
        """Return the record as it was judged, and the verdicts; raises as `judgement` does."""
        if self._recording.errors:
            raise RecordingError(
                "this record cannot be trusted: " + "; ".join(self._recording.errors)
            )
        size = (len(self._recording.draws), self._recording.steps, len(self._evaluations))
        if self._judged is None or self._judged[0] != size:
            seen = self.seen
            if self.options.training and not _anything(seen):
                raise NothingDrawn(_REASONS)
            self._judged = (size, seen, judge(seen, self.options, self.budget))
        return self._judged[1:]

    @without_guards()
    def check(self, *, strict: bool = False) -> None:
        """Raise unless every property holds.

        Args:
            strict: raise also where the data were too few to say, or where the recorder could not
                see all of the program.

        Raises:
            AssertionError: once for all causes, root causes first.
            NothingDrawn: there is nothing to judge.
            RecordingError: something went wrong while recording.
        """
        from dropout_props.auditing.text import message

        seen, judgement = self.judged()
        text = message(seen, judgement, strict=strict)
        if text:
            raise AssertionError(text)

    @without_guards()
    def report(self) -> str:
        """Return a row a site and a line a property, as text."""
        from dropout_props.auditing.text import report

        return report(*self.judged(), self.options)

    @without_guards()
    def to_json(self) -> str:
        """Return rows, verdicts, counts and keys as JSON; `audit --merge` reads it."""
        from dropout_props.auditing.files import to_json

        return to_json(*self.judged(), self.options, self.environment)

    def to_html(self) -> str:
        """Return the report as a page that needs no other file."""
        return self._page(fragment=False)

    def _repr_html_(self) -> str:
        """Show the report in a notebook: the page without its head."""
        return self._page(fragment=True)

    @without_guards()
    def _page(self, *, fragment: bool) -> str:
        from dropout_props.auditing.files import document
        from dropout_props.report.html import record_page

        found = document(*self.judged(), self.options, self.environment)
        return record_page(found, fragment=fragment)


@contextmanager
def record(
    *,
    training: bool = True,
    rates: Mapping[str, Any] | None = None,
    batch_axis: Mapping[str, int] | int | None = None,
    ignore: Mapping[str, Any] | None = None,
    expect_shared: Mapping[str, Any] | None = None,
    expect_inactive: Mapping[str, str] | None = None,
    run_seed: int = 0,
    budget: float = 1e-9,
) -> Iterator[Record]:
    """Record every random draw of the block, to judge its dropout.

    Patterns are those of `fnmatch`, over the path of a site, as `report()` prints it, with or
    without its root.

    Args:
        training: False if the block evaluates a model: then nothing may draw.
        rates: pattern -> rate, or a function from the number of a step, from 0, to a rate.
        batch_axis: pattern -> the axis of the examples, or one axis for all; 0 by default.
        ignore: pattern -> properties that the sites are not judged against, as in
            {"*path": (("DP904",), "unscaled by design")}.
        expect_shared: pattern -> axes along which a mask is one, as in {"*path": (1, 2)}; or the
            reason for which sites share whole masks, as in {"*": "both passes of SAM"}.
        expect_inactive: pattern -> the reason for which sites draw nothing.
        run_seed: enters the keys with which layers are called alone.
        budget: the chance that a record of a right program is red.

    Yields:
        The record; it is complete after the block.

    Raises:
        ValueError: a declaration that cannot be read.
        RecordingError: another record is open, or this release of JAX cannot be recorded.
    """
    options = read_options(
        training=training,
        rates=rates,
        batch_axis=batch_axis,
        ignore=ignore,
        expect_shared=expect_shared,
        expect_inactive=expect_inactive,
        run_seed=run_seed,
    )
    allowed = read_budget(budget)
    with recording() as source:
        yield Record(source, options, allowed)


def _agree(first: Any, second: Any) -> bool:
    """Say whether two results have the same bits."""
    one, two = jax.tree_util.tree_leaves(first), jax.tree_util.tree_leaves(second)
    return len(one) == len(two) and all(
        np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in zip(one, two, strict=True)
    )


def _anything(seen: Seen) -> bool:
    """Say whether there is a draw of a mask, a site of one, or a call of a layer that drops."""
    return bool(
        any(is_dropout(site) or site.sampler == "bernoulli" for site in seen.sites)
        or any(looks_like_dropout(call.module) for call in seen.module_calls)
        or seen.evaluations
    )
