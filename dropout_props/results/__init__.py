"""Records of a run, verdicts, exit codes, result files and the cache folder."""
