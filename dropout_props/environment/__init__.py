"""Environment: the installed Python, Flax and JAX, the table of their releases, the user's program.

Holds: versions, device and flags (`installed`), a trial run of Flax on JAX (`smoke`), and the JAX
that belongs to each Flax (`releases.json`, read by `releases`). Finds and calls a program that the
user names (`program`). Lets Python's garbage collector run seldom in a process of ours
(`collector`), and turns off the flags of JAX for debugging (`guards`).
Guarantees: a pair of Flax and JAX is called broken because it failed when it ran, never because of
the table. Imports: Flax and JAX, inside functions; no other room.
"""
