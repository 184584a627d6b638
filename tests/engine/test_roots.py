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


def test_a_layer_that_does_not_follow_its_key_fails_for_that_first() -> None:
    """What one call shows of its mask is no fault of the mask where the next call shows another."""
    words = Failure("", "", "", "", "", diagnosis="the same keys give other masks")
    results = [
        PropertyResult("a.B", one, "", "exact", Verdict.FAIL, failure=words)
        for one in ("DP104", "DP304", "DP306", "DP401")
    ]
    assert [one.root_id for one in with_roots(results)] == ["DP401", "DP401", "DP401", ""]


def _crashed(property_id: str, verdict: Verdict, seen: str) -> PropertyResult:
    failure = Failure("", seen, "", "", "")
    return PropertyResult("a.B", property_id, "", "exact", verdict, failure=failure)


def test_one_crash_in_every_call_is_one_root() -> None:
    """Errors and failures that repeat it fold; another error, and another fault, stay."""
    results = [
        _crashed("DP102", Verdict.FAIL, "rate 0 raised KeyError: 'y' (shape=(7,))"),
        _crashed("DP101", Verdict.ERROR, "a.B: call(x) raised KeyError: 'y'. The property"),
        _crashed("DP201", Verdict.ERROR, "a.B: call(x) raised KeyError: 'y'. The property"),
        _crashed("DP802", Verdict.ERROR, "a.B: call(x) raised ValueError: odd. The property"),
        _crashed("DP104", Verdict.FAIL, "with no key: a key of the parameters is used"),
    ]
    found = {one.property_id: one.root_id for one in with_roots(results)}
    assert found == {"DP102": "DP201", "DP101": "DP201", "DP201": "", "DP802": "", "DP104": ""}


def test_one_error_from_two_lines_is_two_roots() -> None:
    """Each has its own; a failure that says no line is of neither."""
    error = "a.B: call(x) raised KeyError: 'y' (own.py, line {}). The property"
    results = [
        _crashed("DP101", Verdict.FAIL, "something still drops (KeyError: 'y') (shape=(7,))"),
        _crashed("DP102", Verdict.FAIL, "rate 0 raised KeyError: 'y' (shape=(7,), rate=0.0)"),
        _crashed("DP201", Verdict.ERROR, error.format(7)),
        _crashed("DP401", Verdict.ERROR, error.format(9)),
        _crashed("DP601", Verdict.ERROR, error.format(7)),
    ]
    found = {one.property_id: one.root_id for one in with_roots(results)}
    assert found == {"DP101": "", "DP102": "", "DP201": "", "DP401": "", "DP601": "DP201"}
    found = {one.property_id: one.root_id for one in with_roots([results[1], *results[2::2]])}
    assert found == {"DP102": "DP201", "DP201": "", "DP601": "DP201"}


def test_one_wrong_kind_of_output_is_one_root() -> None:
    """A layer that returns a tuple does so in every call."""
    seen = "a.B: call(x) returned a tuple, where float32[7] was expected."
    results = [_crashed(one, Verdict.ERROR, seen) for one in ("DP101", "DP201", "DP401")]
    assert [one.root_id for one in with_roots(results)] == ["DP201", "", "DP201"]


def test_an_evaluation_that_fails_by_a_crash_stands_for_its_errors() -> None:
    """The failure says in plain words what the error means."""
    words = "InvalidRngError: no dropout"
    results = [
        _crashed("DP101", Verdict.FAIL, f"in evaluation something still drops ({words})"),
        _crashed("DP401", Verdict.ERROR, f"a.B: call(x) raised {words}. The property"),
    ]
    assert [one.root_id for one in with_roots(results)] == ["", "DP101"]


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
