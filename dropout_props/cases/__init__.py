"""Cases: the inputs and settings of one operation, the Hypothesis strategies that draw them, and the profiles."""
