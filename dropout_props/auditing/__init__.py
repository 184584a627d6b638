"""The public record of a running model: its judgement and its reports.

Holds: `record()` (`opened`), `audit()` (`without_loop`), `resume()` (`resumption`), the judgement
of the properties DP901 to DP912 (`judge`), and the report as text, JSON and HTML.
Guarantees: one error budget covers a record; what a record cannot see is a note, and never a FAIL.
Imports: JAX, Jinja2, NumPy and the rooms above; no gate or command. It is not called `audit`,
because `dropout_props.audit` is a function.
"""

from dropout_props.auditing.opened import NothingDrawn, Record, record
from dropout_props.auditing.resumption import Resumed, resume
from dropout_props.auditing.without_loop import audit

__all__ = ["NothingDrawn", "Record", "Resumed", "audit", "record", "resume"]
