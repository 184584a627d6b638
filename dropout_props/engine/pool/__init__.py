"""The pool: many tasks, each run in a worker process; it knows nothing of dropout.

Guarantees: when the worker of a task dies or exceeds its time limit, the task is retried once, by
itself in a fresh process. When that process ends too, this task alone is lost; its record names
the signal, the exit code or the limit. Workers are spawned, because JAX does not survive a fork,
and they end when the process that started them ends.
"""

from dropout_props.engine.pool.ending import CannotStart, Lost
from dropout_props.engine.pool.pool import Pool, TaskSource, in_parallel

__all__ = ["CannotStart", "Lost", "Pool", "TaskSource", "in_parallel"]
