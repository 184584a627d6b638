"""DP419: layers whose paths differ only by where a separator is have masks of their own.

The framework joins the names of a path before it hashes them, so only a framework can promise this.
"""

from typing import Any

from dropout_props.properties.catalogue import Sampler, Violation, exact
from dropout_props.properties.coincidence import always_equal
from dropout_props.subjects.operations import Layers

# Paths of names that only the separator tells apart, also where a layer joins names with "_".
_AWKWARD = (("a_b/c", "a/b_c"), ("a/bc", "ab/c"), ("block_1/1_drop", "block_11/_drop"))


@exact(
    "DP419",
    "similar names, other masks",
    statement="Two layers of one model have different masks where only a separator tells their "
    "names apart.",
    formula="mask(a/bc) != mask(ab/c)",
    if_broken="Layers that should get independent noise drop the same units, because of their "
    "names.",
    assumes="Two masks of a hundred units or more at a rate from 0.3 to 0.7 are equal with "
    "probability below 2^-70.",
    level="framework",
    needs=("mask", "layers"),
    blocked_by=("DP201", "DP404"),
    killed_by=("underscore_names", "plain_concat_names"),
)
def names_told_apart(sampler: Sampler) -> None:
    for pair in _AWKWARD:

        def both(key: Any, pair: tuple[str, str] = pair) -> tuple[Any, ...]:
            return sampler.run(Layers(pair), key=key)

        if always_equal(sampler, both):  # type: ignore[arg-type]
            run_together = len({name.replace("/", "") for name in pair}) == 1
            why = ": their names run together without a separator" if run_together else ""
            raise Violation(f"layers {pair[0]} and {pair[1]} share their mask{why}")
