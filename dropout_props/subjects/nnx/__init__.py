"""The adapter that runs NNX layers."""
