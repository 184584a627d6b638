"""Counts the programs that a check compiles: for each property, and by name.

Run it as `python benchmarks/compilations.py [SUBJECT ...] [--property DP201] [--names]`. It judges
the subjects one after another in this process without a cache of machine code, and prints for each
property the compilations and their seconds, and at the end the compilations by name and the CPU
seconds of the process. Counts depend on the installed release alone; seconds depend on the machine.
"""

import argparse
import logging
import re
import time
from collections import Counter

import jax

from dropout_props.engine import Settings
from dropout_props.engine.run import run
from dropout_props.layers import registry
from dropout_props.properties import CATALOGUE
from dropout_props.results.records import PropertyResult

_FINISHED = re.compile(r"Finished XLA compilation of (?:jit\()?([^() ]+)")


class _Names(logging.Handler):
    """Counts compilations by the name of what is compiled."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Count one line of the log of JAX, if it is about a compilation."""
        if found := _FINISHED.match(record.getMessage()):
            self.counts[found.group(1)] += 1


def main() -> None:
    """Judge the subjects in this new process, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subjects", nargs="*", default=["linen.Dropout", "nnx.Dropout"])
    parser.add_argument("--property", action="append", default=[], help="judge this one alone")
    parser.add_argument("--profile", default="ci")
    parser.add_argument("--names", action="store_true", help="print names for each property")
    arguments = parser.parse_args()

    jax.config.update("jax_log_compiles", True)  # noqa: FBT003 (the signature of JAX)
    names = _Names()
    for logger in ("jax._src.dispatch", "jax._src.interpreters.pxla", "jax._src.compiler"):
        logging.getLogger(logger).addHandler(names)
        logging.getLogger(logger).propagate = False

    chosen = arguments.property
    properties = [one for one in CATALOGUE if not chosen or one.id in chosen]
    total: Counter[str] = Counter()

    def report(result: PropertyResult) -> None:
        nonlocal total
        print(
            f"{result.subject:15} {result.property_id:8} {result.verdict.value:15} "
            f"{result.compilations:5d} {result.compile_seconds:7.2f} {result.seconds:7.2f}",
            flush=True,
        )
        if arguments.names:
            print("    " + ", ".join(f"{name} {n}" for name, n in names.counts.most_common()))
        total += names.counts
        names.counts.clear()

    print(f"{'subject':15} {'property':8} {'verdict':15} {'compiled':>5} {'s':>7} {'in all':>7}")
    before = time.process_time()
    result = run(
        [registry.load(name) for name in arguments.subjects],
        properties,
        Settings.of(profile=arguments.profile),
        on_result=report,
    )
    print(", ".join(f"{name} {n}" for name, n in total.most_common()))
    print(
        f"{sum(one.compilations for one in result.results)} compilations, "
        f"{sum(one.compile_seconds for one in result.results):.1f} s compiling, "
        f"{time.process_time() - before:.1f} CPU seconds"
    )


if __name__ == "__main__":
    main()
