"""DP512: in the framework's branches and loops every call has its own mask."""

from dropout_props.properties.catalogue import Sampler, exact
from dropout_props.properties.transforms import each_transform


@exact(
    "DP512",
    "framework cond redraws masks",
    statement="In the framework's cond, switch and while_loop each call has its own mask, which "
    "the same key gives again, and NNX gives the masks of plain calls.",
    formula="m_s != m_t for calls s != t; NNX: m_t is that of plain call t",
    if_broken="All steps with a branch drop the same units, or a run cannot be reproduced.",
    assumes="In Linen a branch that is not taken may use up keys, so its masks are not compared "
    "with plain ones. Of the three, those that the installed release has are tested.",
    needs=("lifted",),
    killed_by=("scan_same_key", "trace_baked"),
    weight=16,
)
def framework_control_flow(sampler: Sampler) -> None:
    each_transform(sampler, ("cond", "switch", "while"))
