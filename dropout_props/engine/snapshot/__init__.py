"""Takes a snapshot of a subject: digests, counts and errors of canonical calls, and signatures.

Question: what can be compared between two environments, whatever the run seed and the profile?
Guarantee: plain numbers and text that depend on the subject and its environment alone.
Cannot say: whether any of it is right; the properties do.
"""

from dropout_props.engine.snapshot.take import installed, take, take_one

__all__ = ["installed", "take", "take_one"]
