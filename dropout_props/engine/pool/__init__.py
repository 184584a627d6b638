"""Many questions, each answered in a worker process; a worker that ends loses one question alone.

Guarantee: a question whose worker dies or is late is asked once more, by itself in a fresh process.
If that process ends too, the question is lost, the loss names the signal, the exit code or the
limit, and every other question is answered. Workers are spawned, because JAX does not survive a
fork. They end when the process that started them ends.
"""

from dropout_props.engine.pool.ending import CannotStart, Lost
from dropout_props.engine.pool.pool import Agenda, Pool, in_parallel

__all__ = ["Agenda", "CannotStart", "Lost", "Pool", "in_parallel"]
