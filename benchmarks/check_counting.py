"""From how many units of a case on is the device path of `check` quicker than the host path?

Run it as `python benchmarks/check_counting.py [SUBJECT ...]`. For some cases of each countable
property it prints the CPU time of a unit on both paths, that of the compilation of the device path,
and the number of units at which this is paid back. `dropout_props.engine.device_blocks` has the
constants that follow. With `--check 8` it then judges each property as profile nightly does, on at
least 8 of its 40 cases, on the device path and on the host path, checks that the outcomes are
equal, and prints the CPU seconds of both.
"""

import argparse
import math
import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

os.environ.setdefault("JAX_PLATFORMS", "cpu")

from dropout_props.cases.case import Case
from dropout_props.cases.profiles import PROFILES
from dropout_props.engine import Settings, device_blocks
from dropout_props.engine.decide import Outcome, decide_statistical
from dropout_props.engine.probe import probe
from dropout_props.layers import registry
from dropout_props.properties import find
from dropout_props.properties.counting.by_block import BlockCounter, blocks_at_once
from dropout_props.properties.counting.kinds import kind_in
from dropout_props.properties.sampler import Sampler
from dropout_props.subjects.compiled.adapter import in_one_program
from dropout_props.subjects.subject import Subject

_BLOCKS = 16
_CASES = (
    ("DP202", Case(shape=(128,), rate=0.1)),
    ("DP202", Case(shape=(8, 128), rate=0.1, dtype="bfloat16")),
    ("DP203", Case(shape=(128,), rate=0.1)),
    ("DP204", Case(shape=(16, 33), rate=0.1)),
    ("DP204", Case(shape=(512, 1024), rate=0.1)),
    ("DP206", Case(shape=(128,), rate=2.0**-9)),
    ("DP301", Case(shape=(128,), rate=0.1)),
    ("DP301", Case(shape=(16, 33), rate=0.1)),
)
_JUDGED = ("DP202", "DP203", "DP204", "DP206", "DP301")


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subjects", nargs="*", default=["linen.Dropout"])
    parser.add_argument("--check", type=int, default=0, metavar="CASES")
    parser.add_argument("--property", action="append", default=[], help="judge this one alone")
    arguments = parser.parse_args()
    for name in arguments.subjects:
        subject = probe(registry.load(name)).subject
        if not arguments.property:
            print(f"{name}: CPU nanoseconds of a unit\n  host device compiles paid back at")
            for property_id, case in _CASES:
                _pay_back(in_one_program(subject), property_id, case)
        for property_id in arguments.property or (_JUDGED if arguments.check else ()):
            _judged(subject, property_id, arguments.check)


def _pay_back(subject: Subject, property_id: str, case: Case) -> None:
    """Print one line: both paths, the compilation, and the units that pay it back."""
    decision: Any = find(property_id).decision
    sampler = Sampler(subject, case, property_id)
    kind = kind_in(decision, sampler.mask_shape)
    assert kind is not None
    each = blocks_at_once(math.prod(kind.shape))
    decision.observe(sampler, 0)  # it compiles
    expected, host = _timed(lambda: [decision.observe(sampler, block) for block in range(_BLOCKS)])
    counter, compiling = _timed(lambda: BlockCounter(sampler, kind, num_blocks=each))
    counter(range(each))

    def on_device() -> Any:
        counts = [one for at in range(0, _BLOCKS, each) for one in counter(range(at, at + each))]
        stored = (kind.stored(one) for one in counts)
        return [kind.families(sampler.keep, one, sampler.num_keys) for one in stored]

    found, device = _timed(on_device)
    assert found[:_BLOCKS] == expected
    units = sampler.num_keys * math.prod(sampler.mask_shape)
    host, device = host / _BLOCKS / units, device / len(found) / units
    print(
        f"  {1e9 * host:4.0f} {1e9 * device:6.1f} {compiling:6.2f} s "
        f"{compiling / (host - device):12.1e}  {property_id} {case}",
        flush=True,
    )


def _judged(subject: Subject, property_id: str, cases: int) -> None:
    """Print one line: the CPU seconds of a property on both paths, in profile nightly."""
    profile = replace(PROFILES["nightly"], statistical_examples=cases)
    settings = replace(Settings.of(profile="nightly"), profile=profile)

    def judged() -> Outcome:
        return decide_statistical(subject, find(property_id), settings)

    device, quick = _timed(judged)
    least: Any = device_blocks
    least.LEAST_UNITS, least.LEAST_UNITS_OF_PAIRS, before = (
        math.inf,
        math.inf,
        (least.LEAST_UNITS, least.LEAST_UNITS_OF_PAIRS),
    )
    host, slow = _timed(judged)
    least.LEAST_UNITS, least.LEAST_UNITS_OF_PAIRS = before
    assert device == host
    units = sum(example.draws for example in host.examples)
    print(
        f"{property_id}: {host.verdict.name}, {len(host.examples)} cases, {units:.3g} units: "
        f"{slow:.1f} CPU s on the host, {quick:.1f} on the device: {slow / quick:.1f} times",
        flush=True,
    )


def _timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a function returns, and the CPU seconds that it takes."""
    started = time.process_time()
    found = function()
    return found, time.process_time() - started


if __name__ == "__main__":
    main()
