"""One HTML page of a run, made from its result alone.

Guarantees: the page is one file, loads nothing, needs no script, and is right in light, in dark and
on paper; every text of a run is escaped.
"""

from dropout_props.report.html.page import page

__all__ = ["page"]
