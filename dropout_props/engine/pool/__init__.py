"""Runs tasks in worker processes, and retries a task whose worker died or was late.

Guarantee: such a task runs once more, alone in a fresh process. If that process ends too, the task
is lost: the loss names the signal, the exit code or the time limit of both processes, and every
other task still gets its result. Workers are spawned, because JAX does not survive a fork. They end
when the process that started them ends.
"""

from dropout_props.engine.pool.ending import CannotStart, Lost
from dropout_props.engine.pool.pool import Pool, TaskSource, in_parallel

__all__ = ["CannotStart", "Lost", "Pool", "TaskSource", "in_parallel"]
