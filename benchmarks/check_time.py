"""Measures how long a check of both Flax dropouts takes in a new process, and on what.

Run it as `python benchmarks/check_time.py [--profile ci]`. It prints the seconds after imports, of
compilation and of drawing, and the blocks drawn on correct code in proportion to those of the
exact fixed-sample test with the same error rates.
"""

import argparse
import time

_STARTED = time.perf_counter()

from dropout_props.engine import Settings
from dropout_props.engine.run import run
from dropout_props.layers import registry
from dropout_props.properties import CATALOGUE
from dropout_props.results.records import ExampleResult
from dropout_props.statistics import min_num_trials


def main() -> None:
    """Judge both layers in this new process, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="ci")
    arguments = parser.parse_args()

    subjects = [registry.load(name) for name in ("linen.Dropout", "nnx.Dropout")]
    print(f"imports: {time.perf_counter() - _STARTED:.1f} s")

    settings = Settings.of(profile=arguments.profile)
    result = run(subjects, CATALOGUE, settings)
    print(f"{'subject':15} {'property':8} {'s':>6} {'compiling':>10} {'compiled':>9} {'trials':>9}")
    for one in result.results:
        print(
            f"{one.subject:15} {one.property_id:8} {one.seconds:6.2f} {one.compile_seconds:10.2f} "
            f"{one.compilations:9d} {one.draws:9.2g}"
        )
    compiling = sum(one.compile_seconds for one in result.results)
    drawing = sum(one.seconds - one.compile_seconds for one in result.results if one.draws)
    print(f"after imports: {result.seconds:.1f} s, of which compiling {compiling:.1f} s")
    print(f"statistical properties without compiling (drawing and counting): {drawing:.1f} s")

    print("blocks drawn on correct code / blocks of the fixed-sample test of equal errors:")
    for one in result.results:
        ratios = [example.blocks / fixed_blocks(example, settings) for example in one.examples]
        if ratios:
            print(f"{one.subject:15} {one.property_id:8} {sum(ratios) / len(ratios):.2f}")


def fixed_blocks(example: ExampleResult, settings: Settings) -> float:
    """Return the number of blocks that the fixed-sample test draws for the hardest count."""
    share = settings.budget.share / (2 * settings.profile.statistical_examples)
    return max(
        min_num_trials(
            discrepancy=counts.discrepancy,
            probability=(counts.lowest + counts.highest) / 2,
            false_fail_rate=share,
            false_pass_rate=settings.budget.false_pass_rate,
        )
        * example.blocks
        * counts.members
        / counts.trials
        for counts in example.counts
    )


if __name__ == "__main__":
    main()
