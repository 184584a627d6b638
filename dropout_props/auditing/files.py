"""A record as JSON, and several of them as one.

The file holds what was judged and the keys of the masks, by site and step. So files of several
processes can be compared: two processes that draw one mask at one site share a key.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dropout_props.auditing.rows import HEADINGS, rows
from dropout_props.auditing.strips import strips
from dropout_props.auditing.text import BLIND, causes, passed, summary
from dropout_props.properties.dp910_devices_differ import devices_differ
from dropout_props.properties.recorded.declaration import Finding
from dropout_props.results.stored import RECORD as FORMAT
from dropout_props.results.verdict import Verdict

if TYPE_CHECKING:
    from dropout_props.auditing.judge import Judgement
    from dropout_props.properties.recorded.options import Options
    from dropout_props.properties.recorded.seen import Seen

__all__ = ["FORMAT", "document", "merged", "read", "to_json", "verdicts"]

_DIFFER = f"{devices_differ.id} {devices_differ.name}"


def document(
    seen: Seen, judgement: Judgement, options: Options, environment: dict[str, str]
) -> dict[str, Any]:
    """Return a judged record as plain values: what its file and its page hold."""
    return {
        "format": FORMAT,
        "environment": environment,
        "training": options.training,
        "budget": judgement.budget,
        "counts": judgement.members,
        "steps": len(seen.all_steps),
        "summary": summary(seen),
        "causes": causes(judgement.findings),
        "sites": [
            {**dict(zip(HEADINGS, row.cells, strict=True)), "failed": list(row.failed)}
            for row in rows(seen, judgement, options)
        ],
        "properties": [
            {
                "id": one.prop.id,
                "name": one.prop.name,
                "verdict": one.verdict.value,
                "says": passed(one),
                "excludes": one.excludes,
                "findings": [asdict(finding) for finding in one.findings],
                "counts": [asdict(bound) for bound in one.bounds],
                "notes": list(one.notes),
                "too_few": list(one.too_few),
            }
            for one in judgement.judged
        ],
        "strips": strips(seen, judgement),
        "not_seen": list(judgement.not_seen),
        "cannot_see": BLIND,
        "keys": [[d.site.place.name, seen.step_of(d), list(d.key)] for d in seen.masks],
    }


def to_json(seen: Seen, judgement: Judgement, options: Options, environment: dict[str, str]) -> str:
    """Write a judged record as JSON."""
    return json.dumps(document(seen, judgement, options, environment), indent=1) + "\n"


def read(text: str, name: str) -> dict[str, Any]:
    """Read such a file.

    Raises:
        ValueError: naming the file, if it is none.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{name} is no JSON: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"{name} is no record: `dropout-props audit --json FILE` writes one.")
    return content


def merged(records: Sequence[dict[str, Any]], names: Sequence[str]) -> tuple[list[str], bool]:
    """Compare records of several processes.

    Args:
        records: what `read` returned.
        names: of their files.

    Returns:
        Lines of a report, and whether anything fails: in one of them, or between two.
    """
    lines, fails = [], False
    for content, name in zip(records, names, strict=True):
        failed = [p["id"] for p in content["properties"] if p["verdict"] == "fail"]
        fails = fails or bool(failed)
        masks = len(content["keys"])
        lines.append(f"{name}: {masks} masks, {'FAIL ' + ', '.join(failed) if failed else 'pass'}")
        lines += [f"{name}: not seen: {text}" for text in content.get("not_seen", ())]
    shared = _shared(records, names)
    return [*lines, *(f"{_DIFFER}: {one}" for one in shared)], fails or bool(shared)


def verdicts(
    records: Sequence[dict[str, Any]], names: Sequence[str]
) -> list[tuple[str, str, Verdict, str]]:
    """Return each verdict of records of several processes, and the one between them.

    Args:
        records: what `read` returned.
        names: of their files.

    Returns:
        The file, the property, the verdict and what is said of it; for the last one all files.
    """
    each = [
        (
            name,
            f"{one['id']} {one['name']}",
            Verdict(one["verdict"]),
            "\n\n".join(causes(Finding(**found) for found in one["findings"])) or one["says"],
        )
        for content, name in zip(records, names, strict=True)
        for one in content["properties"]
    ]
    shared = _shared(records, names)
    verdict = Verdict.FAIL if shared else Verdict.PASS
    says = "\n".join(shared) or "no key of one process is one of another"
    return [*each, (", ".join(names), _DIFFER, verdict, says)]


def _shared(records: Sequence[dict[str, Any]], names: Sequence[str]) -> list[str]:
    """Return a sentence for each site at which two processes drew from the same keys."""
    owner: dict[tuple[str, tuple[int, ...]], int] = {}
    shared: dict[tuple[str, int, int], int] = {}
    for number, content in enumerate(records):
        for site, _, words in content["keys"]:
            first = owner.setdefault((site, tuple(words)), number)
            if first != number:
                pair = (site, first, number)
                shared[pair] = shared.get(pair, 0) + 1
    return [
        f"{site} drew from {count} keys in {names[first]} and in {names[second]}: fold "
        "jax.process_index() into the key."
        for (site, first, second), count in shared.items()
    ]
