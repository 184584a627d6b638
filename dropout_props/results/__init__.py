"""Results: records of a run, verdicts, exit codes, result files and the cache folder.

Holds: what `--json` writes (`records` are its fields, `files` reads and writes it, `writing` puts
text on disk), the JSON Schema, the record of a comparison, and the table of exit codes.
Guarantees: a record is frozen and made of numbers and text alone. A file is replaced as a whole or
not at all. Imports: pydantic and platformdirs, and no other room.
"""
