"""The gate: judge the same subjects in two environments, and say what changes between them."""
