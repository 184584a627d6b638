"""DP415: a model reseeded with its original key drops the units that a fresh one drops."""

from dropout_props.properties.catalogue import Sampler, exact
from dropout_props.properties.outputs import agree
from dropout_props.subjects.operations import Reseeded

# Frameworks visit layers in the order of their names; the last two models are built in another.
_MODELS = (("only",), ("a", "b"), ("b", "a"), ("b/drop", "a/drop"))


@exact(
    "DP415",
    "reseeding equals rebuilding",
    statement="A model that is reseeded with the key it was built on has the masks of a fresh "
    "model, for one layer and for two in whatever order they were built.",
    formula="m(reseed(M(k) called, k)) = m(M(k)), layer by layer",
    if_broken="A run that is restarted in one process is not the run that a new process makes.",
    assumes="The stream has the layer's own name (DP413 covers the other case), and both models "
    "call their layers in one order. Masks of different keys differ (DP403).",
    level="framework",
    needs=("state", "layers"),
    killed_by=("own_counter",),
    weight=8,
)
def reseeded_as_new(sampler: Sampler) -> None:
    for names in _MODELS:
        outputs = sampler.run(Reseeded(names))
        fresh, reseeded = outputs[: len(names)], outputs[len(names) :]
        for name, expected, seen in zip(names, fresh, reseeded, strict=True):
            agree(sampler, seen, expected, f"layer {name!r} of {_describe(names)}, reseeded")


def _describe(names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return "a model of one layer"
    order = "the order" if list(names) == sorted(names) else "another order than that"
    return f"a model built in {order} of its names ({', then '.join(names)})"
