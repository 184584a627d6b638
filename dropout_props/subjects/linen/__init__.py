"""The adapter that runs Linen layers."""
