"""A correct dropout layer made of replaceable functions, from which mutants are made."""
