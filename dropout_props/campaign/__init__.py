"""Campaigns: counts far beyond one run, on as many devices and hosts as there are.

Holds: what draws the masks (`sampling`), the folder of chunk files in which a campaign lives
(`identity`, `chunks`, `folder`), the share of each host (`hosts`), the loop that counts (`work`),
and what the counts say (`state`, `words`, `picture`). `properties/counting/` does the counting.
Guarantees: a folder is valid whenever a process stops, at any byte; counts are integers that add
up, whatever devices, hosts and restarts they come from; no number is ever counted twice.
"""
