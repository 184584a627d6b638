"""Tell two calls of one traced function apart.

JAX traces a jitted function once and calls the trace wherever the function is called: the draws in
it would share one place. So each call inside of a larger traced program gets a copy of the trace
whose probes carry the number of the call. A call from eager code needs none: it is an execution of
its own.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from dropout_props.recording.internals import jit_p, staging
from dropout_props.recording.marks import holds_probes, marked
from dropout_props.recording.patches import Patches
from dropout_props.recording.places import here
from dropout_props.recording.session import Session

USERS = frozenset({"_run_python_pjit", "_python_pjit_helper"})
"""The functions of JAX that bind a jitted function for its caller, not for a transformation."""


def install(session: Session, patches: Patches) -> None:
    """Mark the calls of jitted functions."""
    original = jit_p.bind

    def bind(*args: Any, **params: Any) -> Any:
        by_user = sys._getframe(1).f_code.co_name in USERS  # noqa: SLF001
        jaxpr = params.get("jaxpr")
        if by_user and session.same_thread() and staging() and holds_probes(jaxpr):
            session.calls.append(here().place)
            number = len(session.calls) - 1
            params["jaxpr"] = marked(jaxpr, lambda meta: replace(meta, calls=(number, *meta.calls)))
        return original(*args, **params)

    patches.attribute(jit_p, "bind", bind)
