"""The same planted bugs before our suite, Flax's own tests and the usual hand-written test.

Run it as `python benchmarks/comparison.py [--seeds 100]`, in an environment with absl-py. It
fetches the source distribution of the installed Flax from the package index, keeps nothing of it,
puts each planted bug in place of `flax.linen.Dropout`, and prints kills, false alarms on a correct
layer, seconds, and draws beside those of a design by the DKW inequality.
"""

import argparse
import contextlib
import http.client
import importlib.util
import io
import math
import re
import sys
import tarfile
import tempfile
import time
import unittest
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urljoin

import flax
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.cases.case import Case
from dropout_props.engine.reference_masks import ExactSampler, ExactSubject
from dropout_props.engine.sequential_test import Rule, judge_example
from dropout_props.properties import Statistical, find
from dropout_props.selftest import kill_matrix
from dropout_props.selftest.kernel.kernel import Kernel, run
from dropout_props.selftest.kernel.linen import _ScopeKeys
from dropout_props.selftest.mutants import MUTANTS
from dropout_props.statistics import example_threshold

_INDEX = "https://pypi.org/simple/flax/"
_FILES = ("linen_test.py", "linen_module_test.py", "linen_attention_test.py")
_TOLERANCE = 0.1
_FALSE_FAIL, _FALSE_PASS = 1e-9, 1e-3


def stand_in(kernel: Kernel) -> type[nn.Module]:
    """Return a class with the fields of `flax.linen.Dropout`, and its name."""

    class Dropout(nn.Module):
        rate: float
        broadcast_dims: Any = ()
        deterministic: bool | None = None
        rng_collection: str = "dropout"

        @nn.compact
        def __call__(
            self,
            inputs: Any,
            deterministic: bool | None = None,  # noqa: FBT001
            rng: Any = None,
        ) -> Any:
            off = nn.merge_param("deterministic", self.deterministic, deterministic)
            return run(
                kernel,
                _ScopeKeys(self),
                inputs,
                rate=self.rate,
                training=not off,
                stream=self.rng_collection,
                broadcast_dims=tuple(self.broadcast_dims),
                explicit=rng,
            )

    return Dropout


def fetch(address: str) -> bytes:
    """Return what is at an address, or end with a sentence that says what is missing."""
    try:
        with urllib.request.urlopen(address, timeout=300) as answer:  # noqa: S310
            return bytes(answer.read())
    except (OSError, http.client.HTTPException) as error:
        raise SystemExit(
            f"{address} cannot be reached: {error}. The comparison runs Flax's own tests, which "
            f"stand only in the source distribution of flax {flax.__version__}; nothing was "
            "compared. Run it again where the package index can be reached, through HTTPS_PROXY "
            "where there is a proxy. `dropout-props selftest --mutants` plants the same bugs "
            "before this suite alone, and needs no network."
        ) from None


def flax_tests(folder: Path) -> unittest.TestSuite:
    """Fetch Flax's own tests and return those whose name or body speaks of dropout."""
    page = fetch(_INDEX).decode()
    found = set(re.findall(rf'href="([^"#]*flax-{re.escape(flax.__version__)}\.tar\.gz)', page))
    if len(found) != 1:
        raise SystemExit(
            f"{_INDEX} names no source distribution of flax {flax.__version__}: install a release."
        )
    [address] = found
    archive = tarfile.open(fileobj=io.BytesIO(fetch(urljoin(_INDEX, address))))  # noqa: SIM115
    chosen = unittest.TestSuite()
    for name in _FILES:
        member = archive.extractfile(f"flax-{flax.__version__}/tests/linen/{name}")
        assert member is not None
        (folder / name).write_bytes(member.read())
        spec = importlib.util.spec_from_file_location(name[:-3], folder / name)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[name[:-3]] = module
        spec.loader.exec_module(module)
        for case in _cases(unittest.defaultTestLoader.loadTestsFromModule(module)):
            if "ropout" in case.id():
                chosen.addTest(case)
    return chosen


def _cases(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from _cases(one)
        else:
            yield one


def flax_fails(tests: unittest.TestSuite, layer: Any) -> bool:
    """Say whether any of Flax's tests fails with `layer` in place of its Dropout."""
    result = unittest.TestResult()
    with (
        patch.object(nn, "Dropout", layer),
        contextlib.redirect_stderr(io.StringIO()),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        for case in _cases(tests):  # a suite forgets its tests once they ran
            case.run(result)
    return not result.wasSuccessful()


def by_hand(layer: Any, seed: int = 0) -> bool:
    """Say whether the usual test fails: means near the input, evaluation equal to it."""
    x = jnp.ones(1000)
    try:
        for rate in (0.1, 0.5):
            key = {"dropout": jax.random.key(seed)}
            y = layer(rate).apply({}, x, deterministic=False, rngs=key)
            if abs(float(y.mean()) - 1.0) >= _TOLERANCE:
                return True
        same = layer(0.5).apply({}, x, deterministic=True)
        return not bool((same == x).all())
    except Exception:  # noqa: BLE001 (a test that crashes fails)
        return True


def ours(name: str) -> bool:
    """Say whether a property that names the bug refutes it, in profile `ci`."""
    [ask] = [
        one
        for one in kill_matrix.asks(profile="ci", run_seeds=[0], mutants=[name])
        if one.api == "linen"
    ]
    return all(kill.killed for kill in kill_matrix.judge(ask))


def timed(label: str, kills: Callable[[Any], bool], bugs: list[Any]) -> list[bool]:
    """Print how many bugs die, and in how many seconds."""
    started = time.perf_counter()
    dead = [kills(bug) for bug in bugs]
    seconds = time.perf_counter() - started
    print(f"{label:28} {sum(dead):3} of {len(bugs)} bugs killed, {seconds:.0f} s", flush=True)
    return dead


def flax_alarms(tests: unittest.TestSuite, seeds: int) -> int:
    """Count the seeds under which Flax's tests fail on Flax's own Dropout."""
    real, alarms = jax.random.key, 0
    for seed in range(seeds):
        shifted = lambda n, *a, _seed=seed, **k: real(n + 1000 * _seed, *a, **k)  # noqa: E731
        with patch.object(jax.random, "key", shifted):
            alarms += flax_fails(tests, nn.Dropout)
    return alarms


def our_alarms(seeds: int) -> int:
    """Count the run seeds under which any statistical property fails on a correct layer (smoke)."""
    from dataclasses import replace

    from dropout_props.engine import Judge, Settings
    from dropout_props.layers import registry
    from dropout_props.properties import CATALOGUE
    from dropout_props.results.verdict import Verdict

    layer, alarms = registry.load("linen.Dropout"), 0
    versions = {"flax": flax.__version__, "jax": jax.__version__}
    properties = [prop for prop in CATALOGUE if prop.is_statistical]
    base = replace(Settings.of(profile="smoke"), confirm=False)
    stood_on = [blocker for prop in properties for blocker in prop.blocked_by]
    first = Judge(base, versions)  # exact: chance has no part in what the others stand on
    settled = [first(layer, find(blocker)) for blocker in dict.fromkeys(stood_on)]
    for run_seed in range(seeds):
        judge = Judge(replace(base, run_seed=run_seed), versions)
        judge.reuse(layer, settled)
        alarms += any(
            judge(layer, property_id).verdict is Verdict.FAIL for property_id in properties
        )
    return alarms


def draws(keep: float) -> None:
    """Print draws until a correct layer passes, beside the DKW design of the same errors.

    The mean test of TensorFlow Probability's `statistical_testing` asks for
    n = (sqrt(log(2/alpha)) + sqrt(log(2/beta)))^2 / (2 (d / range)^2) samples: the inequality of
    Dvoretzky, Kiefer and Wolfowitz with Massart's constant (1990), once for each error. Here d is
    1 % of x, and outputs lie in [0, x/keep].
    """
    discrepancy = 0.01 * keep  # of the keep probability: 1 % of E[y]
    root = math.sqrt(math.log(2 / _FALSE_FAIL)) + math.sqrt(math.log(2 / _FALSE_PASS))
    design = math.ceil(root**2 / (2 * discrepancy**2))
    decision = find("DP202").decision
    assert isinstance(decision, Statistical)
    sd = math.sqrt(keep * (1 - keep))
    rule = Rule(example_threshold(_FALSE_FAIL, 1), _FALSE_PASS, discrepancy / sd / 0.0015)
    used = []
    for run_seed in range(50):
        case = Case(shape=(128,), rate=1.0 - keep)
        sampler: Any = ExactSampler(ExactSubject(), case, "DP202", run_seed)  # type: ignore[arg-type]
        used.append(judge_example(sampler, decision, rule).draws)
    mean = float(np.mean(used))
    print(f"keep {keep}: {mean:.3g} draws, DKW design {design:.3g}: 1/{design / mean:.0f} of it")


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    seeds = parser.parse_args().seeds
    chosen = [one for one in MUTANTS if "linen" in one.apis and not (one.live or one.derived)]
    layers = [stand_in(one.kernel) for one in chosen]
    with tempfile.TemporaryDirectory() as folder:
        tests = flax_tests(Path(folder))
        number = tests.countTestCases()
        print(f"flax {flax.__version__}, jax {jax.__version__}; {number} of Flax's tests")
        theirs = timed("Flax's own tests", lambda bug: flax_fails(tests, bug), layers)
        hand = timed("abs(mean - x) < 0.1", by_hand, layers)
        mine = timed("dropout_props, profile ci", lambda one: ours(one.name), chosen)
        for name, dead in (("Flax's tests", theirs), ("the hand-written test", hand)):
            alive = [bug.name for bug, killed in zip(chosen, dead, strict=True) if not killed]
            print(f"survive {name}: {', '.join(alive)}")
        alive = [bug.name for bug, killed in zip(chosen, mine, strict=True) if not killed]
        print(f"survive dropout_props: {', '.join(alive) or 'none'}")
        alarms = {
            "Flax's own tests": flax_alarms(tests, seeds),
            "abs(mean - x) < 0.1": sum(by_hand(nn.Dropout, seed) for seed in range(seeds)),
            "dropout_props, smoke": our_alarms(seeds),
        }
    for name, count in alarms.items():
        print(f"{name:28} {count} false alarms in {seeds} seeds")
    for keep in (0.5, 0.9, 0.99):
        draws(keep)


if __name__ == "__main__":
    main()
