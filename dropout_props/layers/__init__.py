"""The shipped layers, and the registry that finds any layer by name or path."""
