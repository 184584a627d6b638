"""The command line: one command a file, each loaded when it is called."""

from dropout_props.cli.main import main

__all__ = ["main"]
