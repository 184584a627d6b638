"""Units a second on the device path and on the host path, for one, two, four and eight devices.

Run it as `python benchmarks/device_counting.py [SUBJECT ...] [--rounds 5] [--rate 0.1]`. It counts
the same blocks with NumPy and on devices of the host, in turns in one process, checks that the
integers are equal, and prints for each property and number of devices the median of the rounds:
units a second, the ratio to the host path of the same rounds, and units a second of CPU time. At
the end it prints what each decade of depth costs in hours of one core, at the median of the rates
of CPU time on devices, which others on the machine disturb least.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable

_DEVICES = (1, 2, 4, 8)
os.environ["XLA_FLAGS"] = (
    f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={_DEVICES[-1]}"
)
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import numpy as np

from dropout_props.campaign.sampling import sampler_of
from dropout_props.cases.case import Case
from dropout_props.layers import registry
from dropout_props.properties.counting.counters import Counter, DeviceCounter, HostCounter
from dropout_props.properties.sampler import BLOCK_UNITS

_BLOCKS = 256
_ON_HOST = 32  # of the blocks: the host path takes longer
_PROPERTIES = ("DP202", "DP203", "DP204", "DP206", "DP301")
_PAIRED = 128  # units in a mask, where each pair of them is counted


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subjects", nargs="*", default=["linen.Dropout", "nnx.Dropout"])
    parser.add_argument("--property", action="append", default=[], help="this one alone")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--width", type=int, default=1024, help="units in a mask")
    arguments = parser.parse_args()
    rates: list[float] = []
    for name in arguments.subjects:
        for property_id in arguments.property or _PROPERTIES:
            width = _PAIRED if property_id == "DP301" else arguments.width
            case = Case(shape=(width,), rate=arguments.rate)
            sampler = sampler_of(registry.load(name), property_id, case, run_seed=0)
            host = HostCounter(sampler)
            on_devices: dict[int, Counter] = {
                number: DeviceCounter(sampler, num_blocks=_BLOCKS, devices=jax.devices()[:number])
                for number in _DEVICES
                if number <= len(jax.devices())  # a GPU is one, whatever the flag says
            }
            expected = host(range(_ON_HOST))
            for number, counter in on_devices.items():  # this compiles, too
                assert np.array_equal(counter(range(_ON_HOST)), expected), number
            rates += _report(f"{name} {property_id}", host, on_devices, arguments.rounds)
    rate = statistics.median(rates)
    for power in range(10, 15):
        hours = 10.0**power / rate / 3600
        print(f"1e{power} units: {hours:.3g} hours of one core at {rate:.3g} units a CPU second")


def _report(title: str, host: Counter, on_devices: dict[int, Counter], rounds: int) -> list[float]:
    """Print one table; return the units a second of CPU time for each number of devices."""
    seen: dict[int, list[tuple[float, float]]] = {number: [] for number in (0, *on_devices)}
    for _ in range(rounds):
        seen[0].append(_timed(host, _ON_HOST))
        for number, counter in on_devices.items():
            seen[number].append(_timed(counter, _BLOCKS))
    wall = {number: statistics.median(one for one, _ in pairs) for number, pairs in seen.items()}
    spent = {number: statistics.median(one for _, one in pairs) for number, pairs in seen.items()}
    print(f"{title}\n  {'where':10} {'units/s':>9} {'x host':>7} {'units/CPU s':>12} {'x host':>7}")
    for number in seen:
        where = f"{number} devices" if number else "host path"
        print(
            f"  {where:10} {wall[number]:9.3g} {wall[number] / wall[0]:7.2f} "
            f"{spent[number]:12.3g} {spent[number] / spent[0]:7.2f}",
            flush=True,
        )
    return [spent[number] for number in on_devices]


def _timed(counter: Callable[[range], object], blocks: int) -> tuple[float, float]:
    """Return units a second, and units a second of CPU time."""
    started, cpu = time.perf_counter(), time.process_time()
    counter(range(blocks))
    units = blocks * BLOCK_UNITS
    return units / (time.perf_counter() - started), units / (time.process_time() - cpu)


if __name__ == "__main__":
    main()
