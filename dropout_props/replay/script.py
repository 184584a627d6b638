"""Writes a failure down: a program of plain jax and flax, or a test file that uses this package.

The program makes the same input and the same keys, by a derivation that it spells out, calls the
layer, and prints what the property is about. For a property about counts it draws the same blocks and
counts what the property counts, or says that it does not; for an exact property it makes the calls that
the property made, and prints a digest of each output beside the one that was seen. It needs neither
this package nor a result file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dropout_props.replay.find import Found
    from dropout_props.replay.recorder import Call

__all__ = ["NoScript", "script", "test_file"]

_TEMPLATES = Path(__file__).with_name("templates")


class NoScript(ValueError):
    """There is no program for this failure; the text says why, and what there is instead."""


def script(found: Found) -> str:
    """Return a stand-alone program that asks the same of the same layer.

    Raises:
        NoScript: the subject's layer cannot be written down in a line, or there is no case.
    """
    from dropout_props.engine.failure_ids import case_of
    from dropout_props.layers import registry
    from dropout_props.properties import find
    from dropout_props.properties.sampler import Sampler
    from dropout_props.replay.counted import MODEL, statistic

    if found.replay.case is None:
        raise NoScript(
            f"{found.replay.id}: the subject crashed before a case failed; its message is in "
            "the result, and `dropout-props replay` asks it again."
        )
    case = case_of(found.replay.case)
    prop = find(found.result.property_id)
    statistical = found.replay.decided != "counterexample"
    calls: list[Call] = []
    if not statistical:
        from dropout_props.replay.recorder import record

        calls = record(found)
    layer = _layer(found)
    subject = registry.load(_source(found))
    stat = statistic(prop.id, case, found.replay.counts) if statistical else None
    return _render(
        "counted.py.jinja" if statistical else "exact.py.jinja",
        prop=prop,
        found=found,
        case=case,
        layer=layer,
        stat=stat,
        names=MODEL,
        looped=subject.traits.batching == "loop",
        calls=calls,
        prefix=f"{found.run.run_seed}|{prop.id}|{case.digest()}",
        num_keys=Sampler(subject, case, prop.id).num_keys,
        failure=found.result.failure,
    )


def test_file(found: Found) -> str:
    """Return a test that asks the failed case again, with pytest and this package."""
    return _render("test.py.jinja", found=found, failure=found.result.failure)


def _layer(found: Found) -> dict[str, str]:
    """Return how the layer is imported and called, as text."""
    name = found.result.subject
    shipped = {
        "linen.Dropout": {"kind": "linen", "load": "from flax.linen import Dropout as Layer"},
        "nnx.Dropout": {"kind": "nnx", "load": "from flax.nnx import Dropout as Layer"},
    }
    if name in shipped:
        return shipped[name]
    from dropout_props.layers import registry

    source = _source(found)
    place = registry.layer_path(source) if ":" in source else source
    module, _, attr = place.partition(":")
    if not module or not attr.isidentifier() or module.startswith("dropout_props"):
        raise NoScript(
            f"{name} has no place that a program could import it from without this package; "
            "`dropout-props replay --pytest` writes a test that uses it."
        )
    traits = registry.load(source).traits
    if traits.lacks("scaled") or traits.shares_rest:
        raise NoScript(
            f"{name} is noise, or shares its mask along axes, and the program counts units other "
            "than 0; `dropout-props replay --pytest` writes a test that uses this package."
        )
    return {"kind": traits.api, "load": f"from {module} import {attr} as Layer"}


def _source(found: Found) -> str:
    """Return the place of a subject of the reader's own, or the name of one that ships."""
    name = found.result.subject
    return name if ":" in name else found.replay.source or name


def _render(name: str, **values: Any) -> str:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 (it writes Python, not HTML)
    )
    environment.filters["repr"] = repr
    environment.filters["line"] = lambda text: " ".join(str(text).split())
    return environment.get_template(name).render(**values)
