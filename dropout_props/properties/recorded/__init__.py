"""What the properties of a running model (DP901 to DP912) share: a record, options, counts."""
