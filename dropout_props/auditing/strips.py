"""The first units of the masks at sites that share masks or keys, as text: what a picture shows.

Guarantees: at most `SITES` sites, and `MASKS` masks of each. A mask that cannot be made again from
its key is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dropout_props.properties.mask_text import mask_text
from dropout_props.properties.recorded.masks import rebuilt

if TYPE_CHECKING:
    from dropout_props.auditing.judge import Judgement
    from dropout_props.properties.recorded.seen import Seen

__all__ = ["strips"]

SITES, MASKS = 10, 6
SHARING = ("DP905", "DP906", "DP907", "DP908", "DP910")


def strips(seen: Seen, judgement: Judgement) -> list[dict[str, Any]]:
    """Return the masks of each site that fails a property about sharing.

    Args:
        seen: the record.
        judgement: the verdicts on it.

    Returns:
        For each site its name and its first masks: the step, the number of the key by first use,
        and the rows of the mask, "1" for a unit that is kept.
    """
    wanted = {
        site
        for finding in judgement.findings
        if finding.property in SHARING
        for site in finding.site_ids
    }
    numbers: dict[tuple[int, ...], int] = {}
    found: list[dict[str, Any]] = []
    for site, draws in seen.of_site.items():
        if site not in wanted or len(found) == SITES:
            continue
        first = draws[:MASKS]
        made = {draw.key: mask for draw, mask in rebuilt(seen, first)}
        shown = [
            {
                "step": seen.step_of(draw),
                "key": numbers.setdefault(draw.key, len(numbers)),
                "rows": list(mask_text(made[draw.key])),
            }
            for draw in first
            if draw.key in made
        ]
        if shown:
            found.append({"site": draws[0].site.place.name, "of": len(draws), "masks": shown})
    return found
