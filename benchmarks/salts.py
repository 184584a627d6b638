"""No seed is hand-picked: every mutant dies and no control is flagged, salt after salt.

Run it as `python benchmarks/salts.py --salts 20 [--api linen]`. It judges each mutant with the
claims that must kill it, and each control and both Flax dropouts with the whole catalogue.
"""

import argparse
import time
from dataclasses import replace

from dropout_props.judging import Judge, Settings
from dropout_props.mutants import CONTROLS, MUTANTS
from dropout_props.properties import CATALOGUE, find
from dropout_props.subject import Subject
from dropout_props.subjects import registry
from dropout_props.verdict import Verdict

_FINE = (Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.KNOWN)


def survivors(judge: Judge, api: str) -> list[str]:
    """Return which mutant a claim that names it did not refute."""
    found = []
    for mutant in MUTANTS:
        if api in mutant.apis:
            subject = mutant.subject(api)  # type: ignore[arg-type]
            verdicts = {claim: judge(subject, find(claim)).verdict for claim in mutant.killed_by}
            found += [f"{mutant.name} {c} {v}" for c, v in verdicts.items() if v != Verdict.FAIL]
    return found


def flagged(judge: Judge, subjects: list[Subject]) -> list[str]:
    """Return which claim did not pass on a correct layer."""
    results = [judge(subject, claim) for subject in subjects for claim in CATALOGUE]
    return [f"{r.subject} {r.claim} {r.verdict}" for r in results if r.verdict not in _FINE]


def main() -> None:
    """Print one line a salt, and the totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--salts", type=int, default=20)
    parser.add_argument("--api", choices=("linen", "nnx"), default="linen")
    parser.add_argument("--profile", default="ci")
    arguments = parser.parse_args()
    correct = [control.subject(arguments.api) for control in CONTROLS]
    correct += [registry.load(f"{arguments.api}.Dropout")]
    bad = 0
    for salt in range(arguments.salts):
        started = time.perf_counter()
        settings = Settings.of(salt=salt, profile=arguments.profile)
        judge = Judge(replace(settings, confirm=False), {})
        alive, alarms = survivors(judge, arguments.api), flagged(judge, correct)
        bad += len(alive) + len(alarms)
        seconds = time.perf_counter() - started
        print(f"salt {salt}: survived {alive}, flagged {alarms}, {seconds:.0f} s", flush=True)
    print(
        f"{arguments.api}, profile {arguments.profile}, {arguments.salts} salts: "
        f"{len(MUTANTS)} mutants, {len(correct)} correct layers, {bad} surprises"
    )


if __name__ == "__main__":
    main()
