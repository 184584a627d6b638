"""What a record cannot see, said where it was noticed."""

from __future__ import annotations

from dataclasses import dataclass

from dropout_props.recording.sites import Place, Site


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that ran, or may have run, and that the record does not show.

    A note is no error: all that the record does show is right. But draws may be missing from it.

    Attributes:
        kind: `draw`, a draw that could not be watched; `rule`, a custom derivative rule whose
            draws do not know their loop; `masks`, masks that were not kept; `executable`, a
            program compiled elsewhere; `kernel`, a kernel of the user's own; `bits`, random bits
            from outside of `jax.random`.
        text: a sentence for the reader.
        place: where it is; None if that is not known.
        site: the site whose draws are not seen; None where there is none.
        steps: the steps in which it ran, where it ran in no others; None if that is not known.
    """

    kind: str
    text: str
    place: Place | None = None
    site: Site | None = None
    steps: tuple[int, ...] | None = None
