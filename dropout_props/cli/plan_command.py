"""`dropout-props plan`: what each claim can see and what that costs, without asking a layer."""

from __future__ import annotations

import click

from dropout_props.cli.options import profile_option
from dropout_props.exitcodes import ExitCode

__all__ = ["command"]


@click.command("plan")
@profile_option
def command(*, profile: str) -> int:
    """Print the discrepancy that each statistical claim can see, and the draws that it takes.

    Nothing is sampled. A discrepancy is given in standard deviations of one trial, and as a
    difference of probabilities at three keep rates.
    """
    from rich.console import Console
    from rich.table import Table

    from dropout_props.judging import Settings
    from dropout_props.selftest.plan import KEEP_RATES, forecasts

    settings = Settings.of(profile=profile)
    keeps = [f"at keep {keep:g}" for keep in KEEP_RATES]
    headings = ("claim", "counts", "members", "sees, in sd", *keeps, "trials", "fixed sample", "s")
    table = Table(*headings, box=None)
    found = list(forecasts(profile=profile))
    for one in found:
        shifts = [f"{shift:.2g}" if shift else "" for shift in one.shifts]
        numbers = (f"{one.num_trials:.1e}", f"{one.fixed_num_trials:.1e}", f"{one.seconds:.1f}")
        table.add_row(
            one.claim, one.family, str(one.members), f"{one.promised:g}", *shifts, *numbers
        )
    console = Console()
    console.print(table)
    by_claim: dict[str, float] = {}
    for one in found:
        by_claim[one.claim] = max(by_claim.get(one.claim, 0.0), one.seconds)
    console.print(
        f"profile {profile}: {settings.profile.statistical_examples} cases of each claim; "
        f"{sum(by_claim.values()):.0f} s of drawing for each subject, compilation not counted. "
        f"A false alarm in at most {settings.budget.false_fail_rate:g} of all runs, "
        f"{settings.budget.share:.2g} a claim; a promised discrepancy is missed at most "
        f'{settings.budget.false_pass_rate:g} of the time. "fixed sample" is what the exact test '
        "of one sample needs for the same.",
        markup=False,
        highlight=False,
    )
    return ExitCode.PASS
