"""The command line: one module for each command, imported when the command is called."""

from dropout_props.cli.main import main

__all__ = ["main"]
