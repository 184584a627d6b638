"""The public record of a running model: its judgement and its reports.

The room is called `auditing`, since `dropout_props.audit` is a function.
"""

from dropout_props.auditing.opened import NothingDrawn, Record, record
from dropout_props.auditing.resumption import Resumed, resume
from dropout_props.auditing.without_loop import audit

__all__ = ["NothingDrawn", "Record", "Resumed", "audit", "record", "resume"]
