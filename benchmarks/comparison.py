"""Compares this suite, Flax's own tests and the usual hand-written test on the same mutants.

Run it as `python benchmarks/comparison.py [--seeds 100]`, in an environment with absl-py. It
downloads the source distribution of the installed Flax from the package index, keeps no file of it,
replaces `flax.linen.Dropout` by each mutant, and prints kills, false alarms on a correct layer,
seconds, and the number of draws in proportion to a design by the DKW inequality.
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
    """Return a kernel as a class with the name and fields of `flax.linen.Dropout`."""

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
    """Download an address, or exit with a sentence that says what is missing."""
    try:
        with urllib.request.urlopen(address, timeout=300) as response:  # noqa: S310
            return bytes(response.read())
    except (OSError, http.client.HTTPException) as error:
        raise SystemExit(
            f"{address} cannot be reached: {error}. The comparison runs Flax's own tests, which "
            f"are only in the source distribution of flax {flax.__version__}; nothing was "
            "compared. Run it again where the package index can be reached. For a proxy "
            "set HTTPS_PROXY. `dropout-props selftest --mutants` judges the mutants with this "
            "suite alone, and needs no network."
        ) from None


def flax_tests(folder: Path) -> unittest.TestSuite:
    """Download Flax's own tests and return those with dropout in their names."""
    page = fetch(_INDEX).decode()
    found = set(re.findall(rf'href="([^"#]*flax-{re.escape(flax.__version__)}\.tar\.gz)', page))
    if len(found) != 1:
        raise SystemExit(
            f"{_INDEX} has no source distribution of flax {flax.__version__}: install a release."
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
    """Return whether any test of Flax fails with `layer` in place of its Dropout."""
    result = unittest.TestResult()
    with (
        patch.object(nn, "Dropout", layer),
        contextlib.redirect_stderr(io.StringIO()),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        for case in _cases(tests):  # running a suite would remove its tests
            case.run(result)
    return not result.wasSuccessful()


def by_hand(layer: Any, seed: int = 0) -> bool:
    """Return whether the usual test fails: mean near the input, evaluation equal to the input."""
    x = jnp.ones(1000)
    try:
        for rate in (0.1, 0.5):
            key = {"dropout": jax.random.key(seed)}
            y = layer(rate).apply({}, x, deterministic=False, rngs=key)
            if abs(float(y.mean()) - 1.0) >= _TOLERANCE:
                return True
        same = layer(0.5).apply({}, x, deterministic=True)
        return not bool((same == x).all())
    except Exception:  # noqa: BLE001 - a test that crashes fails
        return True


def ours(name: str) -> bool:
    """Return whether the properties that must kill the mutant do so, in profile `ci`."""
    [task] = [
        one
        for one in kill_matrix.tasks(profile="ci", run_seeds=[0], mutants=[name])
        if one.api == "linen"
    ]
    return all(kill.killed for kill in kill_matrix.judge(task))


def timed(label: str, kills: Callable[[Any], bool], mutants: list[Any]) -> list[bool]:
    """Print how many mutants a test kills, and in how many seconds."""
    started = time.perf_counter()
    killed = [kills(mutant) for mutant in mutants]
    seconds = time.perf_counter() - started
    print(f"{label:28} {sum(killed):3} of {len(mutants)} killed, {seconds:.0f} s", flush=True)
    return killed


def flax_alarms(tests: unittest.TestSuite, seeds: int) -> int:
    """Count the seeds under which Flax's tests fail on Flax's own Dropout."""
    real, alarms = jax.random.key, 0
    for seed in range(seeds):
        shifted = lambda n, *a, _seed=seed, **k: real(n + 1000 * _seed, *a, **k)  # noqa: E731
        with patch.object(jax.random, "key", shifted):
            alarms += flax_fails(tests, nn.Dropout)
    return alarms


def our_alarms(seeds: int) -> int:
    """Count the run seeds under which a statistical property fails on a correct layer (smoke)."""
    from dataclasses import replace

    from dropout_props.engine import Judge, Settings
    from dropout_props.layers import registry
    from dropout_props.properties import CATALOGUE
    from dropout_props.results.verdict import Verdict

    layer, alarms = registry.load("linen.Dropout"), 0
    versions = {"flax": flax.__version__, "jax": jax.__version__}
    properties = [prop for prop in CATALOGUE if prop.is_statistical]
    base = replace(Settings.of(profile="smoke"), confirm=False)
    blockers = [blocker for prop in properties for blocker in prop.blocked_by]
    first = Judge(base, versions)  # blockers are exact: their verdicts do not depend on the seed
    cached = [first(layer, find(blocker)) for blocker in dict.fromkeys(blockers)]
    for run_seed in range(seeds):
        judge = Judge(replace(base, run_seed=run_seed), versions)
        judge.reuse(layer, cached)
        alarms += any(judge(layer, prop).verdict is Verdict.FAIL for prop in properties)
    return alarms


def draws(keep: float) -> None:
    """Print the draws until a correct layer passes, and those of the DKW design of equal errors.

    The mean test of TensorFlow Probability's `statistical_testing` requires
    n = (sqrt(log(2/alpha)) + sqrt(log(2/beta)))^2 / (2 (d / range)^2) samples: the inequality of
    Dvoretzky, Kiefer and Wolfowitz with Massart's constant (1990), once for each error. Here d is
    1 % of x, and outputs are in [0, x/keep].
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
        theirs = timed("Flax's own tests", lambda mutant: flax_fails(tests, mutant), layers)
        hand = timed("abs(mean - x) < 0.1", by_hand, layers)
        mine = timed("dropout_props, profile ci", lambda one: ours(one.name), chosen)
        for name, killed in (("Flax's tests", theirs), ("the hand-written test", hand)):
            alive = [one.name for one, dead in zip(chosen, killed, strict=True) if not dead]
            print(f"{name} missed: {', '.join(alive)}")
        alive = [one.name for one, dead in zip(chosen, mine, strict=True) if not dead]
        print(f"dropout_props missed: {', '.join(alive) or 'none'}")
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
