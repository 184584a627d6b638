"""DP911: a restored run goes on where the first one stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_props.properties.recorded.declaration import Answer, RecordProperty

if TYPE_CHECKING:
    from dropout_props.properties.recorded.options import Options
    from dropout_props.properties.recorded.seen import Seen


def _judge(_seen: Seen, _options: Options) -> Answer:
    """One record cannot say: `dropout_props.resume` compares two."""
    return Answer(applies=False)


PROPERTY = RecordProperty(
    id="DP911",
    name="resumes where it stopped",
    sentence="A run that is saved and restored draws the masks that it would have drawn.",
    formula="keys(restore(save(state)), steps t..) = keys(state, steps t..)",
    means="Each restart trains on masks that were used before, or no run can be reproduced.",
    assumes="`dropout_props.resume(run, save, restore)` records the run both ways.",
    mend="Save the step, or the key, with the parameters; in NNX the counts too: nnx.RngCount.",
    wirings=("linen/step_not_saved", "nnx/streams_not_saved"),
    judge=_judge,
)
