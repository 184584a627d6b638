"""The gate: what changes between two environments, decided from two result files."""
