"""Compiled programs: functions of concrete arrays run compiled, and share what was compiled.

Holds: `one_program` runs a function, and `adapter` the operations of a layer; `steps` are those of
a trace, and `groups` divides them into programs that other traces share; `structure` tells equal
programs; `programs` compiles and keeps them, with the options of `quick`; `moves` compiles nothing.
Guarantees: see `one_program`.
Imports: JAX, NumPy, and of this room the protocol and the operations.
"""
