"""HTML pages made from stored results alone: a run, a comparison, a record, releases, a self-test.

Guarantees: a page is one file, loads nothing, needs no script, and is right in light, in dark and
on paper; every text of a result is escaped. All pages have one template (`base.html.jinja`) and
one style sheet.
"""

from dropout_props.report.html.comparison import comparison_page
from dropout_props.report.html.page import page
from dropout_props.report.html.record import record_page
from dropout_props.report.html.releases import releases_page
from dropout_props.report.html.selftest import selftest_page

__all__ = ["comparison_page", "page", "record_page", "releases_page", "selftest_page"]
