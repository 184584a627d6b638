"""Cases: the input and settings of one operation, Hypothesis strategies for them, and profiles."""
