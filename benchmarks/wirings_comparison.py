"""Compares `record`, `jax_debug_key_reuse` and a hand-written test on the same wrong wirings.

Run it as `python benchmarks/wirings_comparison.py [--twins] [--write PAGE] [NAME ...]`, in a
checkout with pytest. Each wrong wiring is trained under all three; it is found if its test fails.
With --twins the mended twins are trained too; one that fails is a false alarm. With --write, the
tables replace those of docs/comparison.md, between its two marks.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))
os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=2")

import flax
import jax
import numpy as np
from packaging.version import Version

from dropout_props.selftest.wirings import WIRINGS, NoRecord, Outcome, Run, Wiring
from tests.recording.judged import failed

STEPS = 12
PARAMETERS_SEED = 0
START, END = "<!-- wirings: start -->", "<!-- wirings: end -->"
WAYS = ("record", "jax_debug_key_reuse", "by hand")
FOUND, MISSED, ALARM, SILENT, BROKEN = "found", "-", "false alarm", "-", "cannot run"


@dataclass(frozen=True)
class Row:
    """What each way said of one wiring, and of its mended twin unless that was left out."""

    wiring: Wiring
    wrong: tuple[str, ...]
    mended: tuple[str, ...] = ()


def by_record(kind: str, wiring: Wiring) -> bool:
    """Say whether the recorder names the wrong program, or anything on the mended one."""
    found = failed(kind, str(wiring))
    return wiring.property in found if kind == "wrong" else bool(found)


def by_key_reuse(run: Run) -> Outcome | None:
    """Train and evaluate under JAX's own check of reused keys; return None if it raises."""
    from jax.errors import KeyReuseError

    try:
        with jax.debug_key_reuse(True):  # noqa: FBT003 - JAX's own signature
            outcome = run(NoRecord(), STEPS)
            if outcome.evaluate is not None:
                outcome.evaluate()
    except KeyReuseError:
        return None
    return outcome


def by_hand(run: Run, first: Outcome) -> bool:
    """Say whether the usual test fails: the loss goes down, and differs under other keys."""
    with other_keys():
        second = run(NoRecord(), STEPS)
    return not (_falls(first) and first.losses != second.losses)


def _falls(outcome: Outcome) -> bool:
    third = STEPS // 3
    return bool(np.mean(outcome.losses[-third:]) < np.mean(outcome.losses[:third]))


@contextmanager
def other_keys() -> Iterator[None]:
    """Move every seed but that of the parameters."""
    make = jax.random.key

    def moved(seed: Any, **how: Any) -> Any:
        stays = isinstance(seed, int) and seed == PARAMETERS_SEED
        return make(seed if stays else seed + 1000, **how)

    jax.random.key = moved
    try:
        yield
    finally:
        jax.random.key = make


def row(wiring: Wiring, *, twins: bool) -> Row:
    """Judge one wiring in all three ways."""
    answers = []
    for kind, yes, no in (("wrong", FOUND, MISSED), ("mended", ALARM, SILENT))[: 1 + twins]:
        run: Run = getattr(wiring, kind)
        recorded = yes if by_record(kind, wiring) else no
        answers.append((recorded, *_others(run, yes=yes, no=no)))
    return Row(wiring, *answers)


def _others(run: Run, *, yes: str, no: str) -> tuple[str, str]:
    """Say what the other ways answer; that the check of JAX breaks a program is an answer too."""
    try:
        outcome = by_key_reuse(run)
        reused = no if outcome else yes
    except Exception as error:  # noqa: BLE001 - whatever it is, the program does not run under it
        print(f"{type(error).__name__}: {error}"[:300], file=sys.stderr)
        outcome, reused = None, BROKEN
    return reused, yes if by_hand(run, outcome or run(NoRecord(), STEPS)) else no


def table(rows: list[Row]) -> str:
    """Write the counts, and a row a wiring."""
    number = len(rows)
    lines = [
        f"On Flax {flax.__version__} with JAX {jax.__version__}:",
        "",
        "| | " + " | ".join(f"`{way}`" if way != "by hand" else way for way in WAYS) + " |",
        "|---|---|---|---|",
    ]
    for text, kind, word in (
        ("wrong wirings found", "wrong", FOUND),
        ("false alarms on the mended twins", "mended", ALARM),
        ("wrong wirings that do not run", "wrong", BROKEN),
        ("mended twins that do not run", "mended", BROKEN),
    ):
        said = [getattr(one, kind) for one in rows if getattr(one, kind)]
        counts = [sum(answers[at] == word for answers in said) for at in range(len(WAYS))]
        if said and (any(counts) or word != BROKEN):
            lines.append(f"| {text} | " + " | ".join(f"{c} of {number}" for c in counts) + " |")
    lines += ["", "| wrong wiring | what is wrong | `record` | key reuse | by hand |"]
    lines += ["|---|---|---|---|---|"]
    for one in sorted(rows, key=lambda each: (each.wiring.property, str(each.wiring))):
        wiring = one.wiring
        cells = (wiring.property if one.wrong[0] == FOUND else MISSED, *one.wrong[1:])
        lines.append(f"| `{wiring}` | {wiring.says} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write(text: str, page: Path) -> None:
    """Replace the tables of a page."""
    old = page.read_text(encoding="utf-8")
    if START not in old or END not in old:
        raise SystemExit(f"{page} lacks {START} or {END}: add both, where the tables belong.")
    head, _, rest = old.partition(START)
    new = f"{head}{START}\n\n{text}\n\n{END}{rest.partition(END)[2]}"
    draft = page.with_suffix(".new")
    draft.write_text(new, encoding="utf-8")
    draft.replace(page)


def main() -> None:
    """Print the tables, and write them where that is wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="judge these wirings alone")
    parser.add_argument("--twins", action="store_true")
    parser.add_argument("--write", type=Path, metavar="PAGE")
    options = parser.parse_args()
    jax.config.update("jax_disable_most_optimizations", val=True)
    chosen = [
        wiring
        for wiring in WIRINGS
        if (not options.names or str(wiring) in options.names)
        and (not wiring.needs or Version(flax.__version__) >= Version(wiring.needs))
    ]
    rows = []
    for wiring in chosen:
        rows.append(row(wiring, twins=options.twins))
        print(f"{wiring}: {rows[-1].wrong}, mended {rows[-1].mended}", file=sys.stderr, flush=True)
    text = table(rows)
    print(text)
    if options.write is not None:
        write(text, options.write)


if __name__ == "__main__":
    main()
