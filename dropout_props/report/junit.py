"""JUnit XML of a run or of a comparison: one test case for each subject and property."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from dropout_props.results.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dropout_props.results.comparison import Comparison, Row
    from dropout_props.results.records import PropertyResult, RunResult

__all__ = ["comparison_junit", "rows_junit", "run_junit"]

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def comparison_junit(comparison: Comparison) -> str:
    """Return a comparison as JUnit XML; a side without a complete result is one more error."""
    cases = [_row(row, strict=comparison.strict_bits) for row in comparison.rows]
    for side in (comparison.base, comparison.candidate):
        if side.trouble:
            case = ET.Element("testcase", classname="gate", name=_clean(side.label))
            ET.SubElement(case, "error", message=_clean(side.trouble))
            cases.append(case)
    return _suite("dropout-props gate", cases)


def run_junit(result: RunResult) -> str:
    """Return a run as JUnit XML."""
    return _suite("dropout-props check", [_result(one) for one in result.results])


def rows_junit(name: str, rows: Sequence[tuple[str, str, Verdict, str]]) -> str:
    """Return rows of class, name, verdict and text as JUnit XML."""
    cases = []
    for classname, title, verdict, text in rows:
        case = ET.Element("testcase", classname=_clean(classname), name=_clean(title))
        tag = {Verdict.FAIL: "failure", Verdict.PASS: "system-out"}.get(verdict, "skipped")
        child = ET.SubElement(case, tag)
        if tag != "system-out":
            child.set("message", _clean(f"{verdict}: {title}"))
        child.text = _clean(text)
        cases.append(case)
    return _suite(name, cases)


def _row(row: Row, *, strict: bool) -> ET.Element:
    case = ET.Element(
        "testcase", classname=_clean(row.subject), name=_clean(f"{row.property_id} {row.name}")
    )
    if row.change.fails or (strict and row.change.warns):
        failure = ET.SubElement(case, "failure", type=str(row.change), message=_clean(row.detail))
        failure.text = _clean(f"{row.base} -> {row.candidate}")
    else:
        output = ET.SubElement(case, "system-out")
        output.text = _clean(f"{row.change}: {row.detail}")
    return case


def _result(one: PropertyResult) -> ET.Element:
    case = ET.Element(
        "testcase",
        classname=_clean(one.subject),
        name=_clean(f"{one.property_id} {one.name}"),
        time=f"{one.seconds:.3f}",
    )
    if one.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE):
        failure = ET.SubElement(case, "failure", type=str(one.verdict), message=_clean(one.shown))
        failure.text = _clean(str(one.failure.seen if one.failure else one.shown))
    elif one.verdict is Verdict.ERROR:
        ET.SubElement(case, "error", type="error", message=_clean(one.shown))
    elif one.verdict is not Verdict.PASS:
        ET.SubElement(case, "skipped", message=_clean(f"{one.verdict}: {one.shown}"))
    return case


def _suite(name: str, cases: list[ET.Element]) -> str:
    def count(tag: str) -> str:
        return str(sum(case.find(tag) is not None for case in cases))

    suite = ET.Element(
        "testsuite",
        name=name,
        tests=str(len(cases)),
        failures=count("failure"),
        errors=count("error"),
        skipped=count("skipped"),
    )
    suite.extend(cases)
    # ElementTree of Python 3.10 would declare the encoding of the terminal.
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(suite, encoding="unicode")}\n'


def _clean(text: str) -> str:
    """Replace the characters that XML cannot hold."""
    return _NO_XML.sub("?", text)
