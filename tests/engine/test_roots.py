"""A failure that another one explains names it, and no explanation goes in a circle."""

from dropout_props.engine.run import with_roots
from dropout_props.properties import CATALOGUE, find
from dropout_props.results.records import Failure, PropertyResult
from dropout_props.results.verdict import Verdict


def _roots(**verdicts: Verdict) -> dict[str, str]:
    results = [
        PropertyResult(
            "a.B", property_id, "", "exact", verdict,
            root_id="DP403" if verdict is Verdict.BLOCKED else "",
        )
        for property_id, verdict in verdicts.items()
    ]  # fmt: skip
    return {one.property_id: one.root_id for one in with_roots(results)}


def test_the_chain_of_explanations_ends_at_the_root() -> None:
    """Copied units explain a wrong count, which explains a wrong mean; other faults stay."""
    fail = Verdict.FAIL
    found = _roots(DP101=fail, DP203=fail, DP202=fail, DP306=fail, DP307=fail, DP401=Verdict.PASS)
    assert found == {
        "DP101": "", "DP203": "DP306", "DP202": "DP306", "DP306": "", "DP307": "DP306", "DP401": "",
    }  # fmt: skip


def test_a_failure_alone_is_its_own_root() -> None:
    """What explains it holds, or is of another subject, or is only known."""
    assert _roots(DP203=Verdict.FAIL, DP202=Verdict.KNOWN) == {"DP203": "", "DP202": ""}
    other = PropertyResult("c.D", "DP202", "", "exact", Verdict.FAIL)
    mine = PropertyResult("a.B", "DP203", "", "exact", Verdict.FAIL)
    assert [one.root_id for one in with_roots([other, mine])] == ["", ""]


def test_a_blocked_property_has_the_root_of_what_blocks_it() -> None:
    """DP408 depends on DP403, which DP306 explains."""
    found = _roots(DP306=Verdict.FAIL, DP403=Verdict.FAIL, DP408=Verdict.BLOCKED)
    assert found["DP408"] == found["DP403"] == "DP306"


def test_failures_of_one_diagnosis_have_one_root() -> None:
    """One diagnosis explains every failure that has it, and what these explain."""
    words = Failure("", "", "", "", "", diagnosis="the mask is constant along the last axis")
    results = [
        PropertyResult("a.B", "DP101", "", "exact", Verdict.FAIL),
        *(
            PropertyResult("a.B", one, "", "exact", Verdict.FAIL, failure=words)
            for one in ("DP407", "DP306", "DP304")
        ),
        PropertyResult("a.B", "DP203", "", "exact", Verdict.FAIL),
    ]
    found = {one.property_id: one.root_id for one in with_roots(results)}
    assert found == {
        "DP101": "", "DP407": "DP304", "DP306": "DP304", "DP304": "", "DP203": "DP304",
    }  # fmt: skip


def test_no_explanation_goes_in_a_circle() -> None:
    """Each id is in the catalogue, and each chain ends."""
    depth: dict[str, int] = {}

    def of(property_id: str, seen: tuple[str, ...] = ()) -> int:
        assert property_id not in seen, seen
        if property_id not in depth:
            above = [of(one, (*seen, property_id)) for one in find(property_id).explained_by]
            depth[property_id] = 1 + max(above, default=0)
        return depth[property_id]

    assert max(of(prop.id) for prop in CATALOGUE) > 2
