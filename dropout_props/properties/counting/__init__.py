"""Counting of masks: what is counted in each (`kinds`), and where that is done.

Holds: sums over many blocks, on the host and on all devices (`counters`), and the counts of each
of many blocks by itself, on one device (`by_block`).
Guarantees: counts are integers, and those of a device are those of the host.
"""
