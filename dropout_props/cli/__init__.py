"""The command line: one command a file, imported when it is called.

Holds: `main` (the group, and the one place where an error becomes a message and an exit code),
the files `*_command`, and the options, output and progress display that they share.
Guarantees: `--help` loads neither JAX nor Flax. Imports: every room; no room imports it.
"""

from dropout_props.cli.main import main

__all__ = ["main"]
