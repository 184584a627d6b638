"""The layers that ship, and the registry that finds any layer by name or path."""
