"""DP509: under the framework's vmap rows have their own masks where the keys are split."""

from dropout_props.properties.catalogue import Sampler, exact
from dropout_props.properties.outputs import agree
from dropout_props.properties.transforms import outputs_under, own_masks


@exact(
    "DP509",
    "framework vmap splits keys",
    statement="Under nn.vmap and nnx.vmap each row has its own mask where the keys are split, and "
    "all rows share one mask where they are not.",
    formula="split: m_i != m_j for rows i != j; not split: m_i = m_j",
    if_broken="All examples of a batch, or all members of an ensemble, drop the same units.",
    assumes="Split keys are requested: split_rngs of nn.vmap, nnx.split_rngs. Without them one key "
    "for a whole batch is what both frameworks document.",
    needs=("lifted",),
    explained_by=("DP802",),
    killed_by=("vmap_first_key",),
    weight=16,
)
def framework_vmap(sampler: Sampler) -> None:
    own_masks(sampler, "vmap")
    first, *others = outputs_under(sampler, "shared vmap")
    for row, other in enumerate(others, start=1):
        agree(sampler, other, first, f"row {row} of a batch that shares its key")
