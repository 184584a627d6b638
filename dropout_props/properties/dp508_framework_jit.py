"""DP508: under the framework's jit each call has its own mask, which its key repeats."""

from dropout_props.properties.catalogue import Sampler, exact
from dropout_props.properties.transforms import each_transform


@exact(
    "DP508",
    "framework jit redraws masks",
    statement="Under nn.jit and nnx.jit each call has its own mask, which the same key gives "
    "again, and under nnx.jit it is the mask of the plain call.",
    formula="nnx.jit(layer)(x) = layer(x), call by call; nn.jit(layer)(x), call by call distinct",
    if_broken="A compiled model trains on one frozen mask, or its run cannot be reproduced.",
    assumes="nn.jit derives keys of its own since Flax 0.9, which is allowed: its masks are not "
    "compared with plain ones. DP410 covers what it remembers of earlier calls.",
    needs=("lifted",),
    killed_by=("scan_same_key", "trace_baked"),
    weight=16,
)
def framework_jit(sampler: Sampler) -> None:
    each_transform(sampler, ("jit",))
