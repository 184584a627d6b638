"""DP905: no key is consumed twice."""

from dropout_props.properties.catalogue import recorded
from dropout_props.properties.recorded.declaration import Answer, count
from dropout_props.properties.recorded.options import Options
from dropout_props.properties.recorded.reuse import Reuse, reused
from dropout_props.properties.recorded.seen import Seen, where

_ROOT = {
    "steps": "DP907",
    "iterations": "DP906",
    "lanes": "DP908",
    "devices": "DP910",
    "microbatches": "DP910",
}
_SEEN = {
    "places": "{keys} drawn from in both places in one step: the masks are equal",
    "consumers": "{keys} drawn from by both places in one step",
    "across": "{keys} drawn from in both places, in different steps",
    "parent": "{keys} split in the first place, and drawn from in the second",
    "parameters": "{keys} made parameters in the first place, and masks in the second",
}
_SEEN_AGAIN = {
    "places": "{keys} drawn from again at this place: the masks are equal",
    "consumers": "{keys} drawn from again at this place, for another shape",
}
_EQUAL = " If both shall be equal, as flips of image and label: expect_shared={'place': 'why'}."
_MEND_AGAIN = (
    "Split the key, or fold in the number of the call or step: fold_in(key, number)." + _EQUAL
)
_MEND = {
    "places": "Take a key for each: self.make_rng('dropout') (Linen), rngs.dropout() (NNX), split."
    + _EQUAL,
    "parent": "Use the children of a split alone: key, subkey = jax.random.split(key).",
    "parameters": "Give parameters and dropout keys of their own: split the root key first.",
}


@recorded(
    "DP905",
    "keys used once",
    statement="No key is drawn from twice, nor drawn from and split.",
    formula="key(draw 1) = key(draw 2) => draw 1 replays draw 2",
    if_broken="Both draws give the same numbers: what should be two masks is one.",
    assumes="Equal words of 64 bits are no coincidence. Replays of jax.checkpoint, the "
    "alternatives of a branch, initialisation and use of one layer, and declared sharing are no "
    "reuse. A key of which no mask was drawn is not judged.",
    mend="Split the key, or fold in what differs: jax.random.fold_in(key, number).",
    killed_by=(
        "linen/one_key_at_two_places",
        "nnx/one_key_at_two_places",
        "linen/one_key_for_two_branches",
        "linen/parent_used_after_split",
        "nnx/parent_used_after_split",
        "nnx/masks_drawn_from_key_of_weights",
        "jax/masks_drawn_from_key_of_weights",
        "linen/two_views_of_one_key",
        "nnx/equal_seeds_of_layers",
        "nnx/cloned_tower",
        "jax/one_key_for_all_layers",
        "jax/seeds_added",
        "linen/names_run_together",
        "nnx/stream_passed_on",
    ),
)
def keys_used_once(seen: Seen, options: Options) -> Answer:
    if not options.training:  # an evaluation draws nothing, and may be repeated
        return Answer(applies=False)
    found = [one for one in reused(seen, options) if not _ignored(one, options)]
    findings = [
        keys_used_once.finding(
            *dict.fromkeys((where(one.first.place), where(one.second.place))),
            seen=_text(one),
            mend=_MEND_AGAIN if _again(one) else _MEND.get(one.kind, ""),
            follows=_root(one, seen),
            ids=tuple(dict.fromkeys((one.first.id, one.second.id))),
        )
        for one in found
    ]
    drawn = {draw.key for draw in seen.masks}
    excludes = f"{len(drawn)} keys of {len(seen.masks)} masks, compared word for word"
    notes = [
        f"{model}: the streams {first} and {second} have one root key: only paths and counts tell"
        " their draws apart"
        for model, (first, second) in seen.equal_roots.items()
    ]
    return Answer(tuple(findings), notes=tuple(notes), excludes=excludes, applies=bool(seen.masks))


def _ignored(one: Reuse, options: Options) -> bool:
    return any(options.ignores(keys_used_once.id, site.place) for site in (one.first, one.second))


def _again(one: Reuse) -> bool:
    """Say whether one line of one module drew twice, in two calls of it."""
    return one.kind in _SEEN_AGAIN and one.first.place == one.second.place


def _text(one: Reuse) -> str:
    form = _SEEN.get(one.kind, "{keys} served {draws} draws")
    if _again(one):
        form = _SEEN_AGAIN[one.kind]
    words = " ".join(f"{word:08x}" for word in one.example)
    return form.format(keys=count(one.keys, "key"), draws=one.draws) + f" (as {words})"


def _root(one: Reuse, seen: Seen) -> str:
    if one.kind == "iterations" and one.outer and len(seen.drawn_steps) > 1:
        return "DP910" if one.inputs else "DP906"
    return _ROOT.get(one.kind, "")
