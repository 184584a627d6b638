"""The snapshot of a subject: digests of masks, counts of kept units, errors and signatures.

Question: which facts about a subject can be compared between two environments?
Guarantees: plain numbers and text that depend on the subject and its environment alone, not on the
run seed or the profile.
Cannot say: whether any of them is right; the properties decide that.
"""

from dropout_props.engine.snapshot.take import installed, take, take_one

__all__ = ["installed", "take", "take_one"]
