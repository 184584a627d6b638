"""The recorder: sees every random draw that a program makes while it runs.

Which code drew, with which key, how often, in which iteration, lane and branch; and which mask came
out. It says what happened, and judges nothing.
Guarantees: bits, shardings and donation of the program stay as they are, and every hook is undone.
Imports: Flax, JAX, ml_dtypes and NumPy; `internals` alone knows the inside of JAX.
"""

from dropout_props.recording.errors import RecordingError
from dropout_props.recording.layers import Alone
from dropout_props.recording.notes import Note
from dropout_props.recording.recorder import recording
from dropout_props.recording.recording import Recording
from dropout_props.recording.records import Branch, Draw, Iteration, Lane, Position, TracedCall
from dropout_props.recording.sites import ModuleCall, Place, Site
from dropout_props.recording.tracing import SiteRow, TracedSites, trace_sites

__all__ = [
    "Alone",
    "Branch",
    "Draw",
    "Iteration",
    "Lane",
    "ModuleCall",
    "Note",
    "Place",
    "Position",
    "Recording",
    "RecordingError",
    "Site",
    "SiteRow",
    "TracedCall",
    "TracedSites",
    "recording",
    "trace_sites",
]
