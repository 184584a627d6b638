"""A correct dropout layer made of replaceable functions; a mutant replaces one of them."""
