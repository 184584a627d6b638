"""DP420: a layer that holds its mask has it at every call."""

from dropout_props.properties.catalogue import Sampler, exact
from dropout_props.properties.outputs import agree
from dropout_props.subjects.operations import Repeat


@exact(
    "DP420",
    "a held mask stays",
    statement="A layer that says that it holds its mask gives the mask of its first call at every "
    "later call in one application.",
    formula="m_2 = m_3 = m_1 for calls of one layer, for a layer with the trait held=True",
    if_broken="Variational dropout over the steps of a recurrent layer is ordinary dropout: each "
    "step drops other units.",
    level="core",
    needs=("held",),
    explained_by=("DP401",),
    killed_by=("held_drawn_again", "held_for_two_calls"),
    weight=2,
    one_program=True,
)
def held_mask(sampler: Sampler) -> None:
    first, *others = sampler.run(Repeat(3))
    for number, output in enumerate(others, start=2):
        agree(sampler, output, first, f"call {number} of one layer, compared with its first call")
