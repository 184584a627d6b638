"""The kernel: a correct dropout layer of replaceable functions, which mutants are made from."""
