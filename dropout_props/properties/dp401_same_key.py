"""DP401: the same key gives the same mask again."""

from dropout_props.properties.catalogue import Sampler, every_shape, exact, strategies
from dropout_props.properties.outputs import require_same_bits


@exact(
    "DP401",
    "same key, same mask",
    statement="The same key gives the same output, whatever the layer was called with in between.",
    formula="train(x, rate, k) = train(x, rate, k), bit for bit",
    if_broken="A run cannot be reproduced: some of its randomness does not come from the key.",
    assumes="All calls are made in one process and one mode of execution.",
    level="core",
    blocked_by=(),
    killed_by=("host_random", "process_counter"),
    cases=every_shape(dtypes=strategies.DTYPES),
    one_program=True,
)
def same_key(sampler: Sampler) -> None:
    first = sampler.train()
    for call in (2, 3):
        sampler.train(key=sampler.key("between"))  # it must leave no trace
        require_same_bits(sampler.train(), first, f"call {call} with the key of call 1")
