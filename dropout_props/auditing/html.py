"""A record as one HTML page without other files; a notebook shows it as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader

from dropout_props.auditing.rows import HEADINGS, rows
from dropout_props.auditing.text import BLIND, causes, passed, summary

if TYPE_CHECKING:
    from dropout_props.auditing.judge import Judgement
    from dropout_props.properties.recorded.options import Options
    from dropout_props.properties.recorded.seen import Seen

__all__ = ["page"]


def page(seen: Seen, judgement: Judgement, options: Options) -> str:
    """Write the page."""
    environment = Environment(
        loader=PackageLoader("dropout_props.auditing"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("record.html.jinja").render(
        summary=summary(seen),
        causes=causes(judgement.findings),
        headings=HEADINGS,
        rows=rows(seen, judgement, options),
        judged=[(one, passed(one)) for one in judgement.judged],
        notes=list(
            dict.fromkeys(n for one in judgement.judged for n in (*one.notes, *one.too_few))
        ),
        budget=f"{judgement.budget:g}",
        members=judgement.members,
        blind=BLIND,
    )
