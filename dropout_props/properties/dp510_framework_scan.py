"""DP510: under the framework's scan steps have their own masks where the keys are split."""

from dropout_props.properties.catalogue import Sampler, exact
from dropout_props.properties.outputs import agree
from dropout_props.properties.transforms import outputs_under, own_masks, same_as_plain


@exact(
    "DP510",
    "framework scan splits keys",
    statement="Under nn.scan and nnx.scan each step has its own mask where the keys are split, a "
    "carried layer has the masks of as many plain calls, and steps without split keys share one "
    "mask.",
    formula="split: m_s != m_t for steps s != t; carried: m_t is that of plain call t",
    if_broken="All layers of a scanned stack, or all steps of a recurrent net, drop the same "
    "units.",
    assumes="Split keys are requested: split_rngs of nn.scan, nnx.split_rngs.",
    needs=("lifted",),
    explained_by=("DP802",),
    killed_by=("scan_same_key", "trace_baked"),
    weight=16,
)
def framework_scan(sampler: Sampler) -> None:
    own_masks(sampler, "scan")
    if sampler.subject.traits.api == "nnx":
        same_as_plain(sampler, "carried scan")
        return
    first, *others = outputs_under(sampler, "shared scan")
    for step, other in enumerate(others, start=1):
        agree(sampler, other, first, f"step {step} of a scan that shares its key")
