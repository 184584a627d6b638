"""DP911: a restored run goes on where the first one stopped."""

from dropout_props.properties.catalogue import recorded
from dropout_props.properties.recorded.declaration import Answer
from dropout_props.properties.recorded.options import Options
from dropout_props.properties.recorded.seen import Seen


@recorded(
    "DP911",
    "resumes where it stopped",
    statement="A run that is saved and restored draws the masks that it would have drawn.",
    formula="keys(restore(save(state)), steps t..) = keys(state, steps t..)",
    if_broken="Each restart trains on masks that were used before, or no run can be reproduced.",
    assumes="`dropout_props.resume(run, save, restore)` records the run both ways.",
    mend="Save the step, or the key, with the parameters; in NNX the counts too: nnx.RngCount.",
    killed_by=("linen/step_not_saved", "nnx/streams_not_saved"),
)
def resumes(_seen: Seen, _options: Options) -> Answer:
    """One record cannot say: `dropout_props.resume` compares two."""
    return Answer(applies=False)
