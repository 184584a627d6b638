"""The pytest plugin: loading it imports neither jax, flax, scipy, hypothesis nor numpy."""
