"""The identity of a campaign: everything that decides which integers its chunks hold.

Guarantee: two files with one identity count the same chunks of the same masks, so that their
integers add up. Devices, hosts and dates are no part of it, except under a generator other than
threefry, whose bits depend on the kind of device.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dropout_props.cases.case import Case
from dropout_props.environment import installed
from dropout_props.properties.counting.kinds import kind_of
from dropout_props.properties.sampler import KEYS
from dropout_props.subjects.output_law import OutputLaw
from dropout_props.subjects.who import layer_of

if TYPE_CHECKING:
    from dropout_props.properties.counting.kinds import Kind
    from dropout_props.properties.sampler import Sampler
    from dropout_props.statistics import Interval
    from dropout_props.subjects.subject import Subject
    from dropout_props.subjects.traits import LawName

__all__ = ["Identity", "identity_of", "source_hash"]

_THREEFRY = "threefry2x32"
_FLAGS = ("PRNG", "threefry_partitionable", "x64", "fix_rng_separator")
_VERSIONS = ("flax", "jax", "jaxlib", "numpy")  # NumPy draws the words of the keys


@dataclass(frozen=True)
class Identity:
    """What all files of a campaign have in common.

    Attributes:
        subject: name of the subject.
        source: where it is defined, as `module:attr`; empty for one that ships.
        source_hash: hash of the file that defines the layer; empty where there is none.
        law: `Traits.law` of the subject.
        property_id: the property that is counted.
        case: the fields of the case; the rate as a hexadecimal float.
        run_seed: enters every key.
        mask_shape: shape of one mask.
        num_keys: masks in a block.
        chunk_blocks: blocks in a chunk.
        environment: versions and flags that the bits depend on, and how keys are derived.
    """

    subject: str
    source: str
    source_hash: str
    law: LawName
    property_id: str
    case: Mapping[str, Any]
    run_seed: int
    mask_shape: tuple[int, ...]
    num_keys: int
    chunk_blocks: int
    environment: Mapping[str, str]

    @property
    def positions(self) -> int:
        """Number of units in a mask."""
        return prod(self.mask_shape)

    @property
    def chunk_masks(self) -> int:
        """Number of masks in a chunk."""
        return self.num_keys * self.chunk_blocks

    @property
    def chunk_units(self) -> int:
        """Number of units in a chunk."""
        return self.chunk_masks * self.positions

    @property
    def rate(self) -> float:
        """The rate of the case."""
        return float.fromhex(self.case["rate"])

    @property
    def output_law(self) -> OutputLaw:
        """What a kept unit is, and with which probability: that of the name."""
        return OutputLaw(self.law)

    @property
    def keep(self) -> Interval:
        """The keep probabilities of correct arithmetic."""
        return self.output_law.null(self.rate)

    @property
    def kind(self) -> Kind:
        """What is counted."""
        return kind_of(self.property_id, self.mask_shape)

    def blocks(self, chunk: int) -> range:
        """Return the blocks of a chunk."""
        return range(chunk * self.chunk_blocks, (chunk + 1) * self.chunk_blocks)

    def rebuilt(self) -> Case:
        """Return the case."""
        case = {**self.case, "rate": self.rate}
        for name in ("shape", "broadcast_dims"):
            case[name] = tuple(case[name])
        return Case(**case)

    @cached_property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that differ between campaigns."""
        text = json.dumps(self.as_json(), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Return the fields as JSON has them."""
        return {**asdict(self), "mask_shape": list(self.mask_shape)}

    @classmethod
    def from_json(cls, read: Mapping[str, Any]) -> Identity:
        """Return the identity with these fields.

        Raises:
            TypeError: they are not those of an identity.
        """
        return cls(**{**read, "mask_shape": tuple(read["mask_shape"])})

    def difference(self, other: Identity) -> str:
        """Return what differs between two identities, as `name: one, other`; empty for nothing."""
        found = []
        for name in (one.name for one in fields(self)):
            mine, theirs = getattr(self, name), getattr(other, name)
            if name == "case":
                mine, theirs = mine | {"rate": self.rate}, theirs | {"rate": other.rate}
            if isinstance(mine, Mapping):
                found += [
                    f"{key}: {mine.get(key)}, {theirs.get(key)}"
                    for key in sorted({*mine, *theirs})
                    if mine.get(key) != theirs.get(key)
                ]
            elif mine != theirs:
                found.append(f"{name}: {mine}, {theirs}")
        return "; ".join(found)


def identity_of(sampler: Sampler, *, chunk_blocks: int) -> Identity:
    """Return the identity of a campaign that counts what a sampler draws, in this process."""
    case, subject = sampler.case, sampler.subject
    fields_of_case = json.loads(json.dumps(asdict(case))) | {"rate": float(case.rate).hex()}
    conditions = installed.probe().conditions
    environment = {name: conditions[name] for name in (*_VERSIONS, *_FLAGS)}
    environment |= {"keys": KEYS} | _frameworks_of(subject)
    if environment["PRNG"] != _THREEFRY:
        environment["device_kind"] = device_kind()
    return Identity(
        subject=subject.name,
        source=subject.source,
        source_hash=source_hash(subject),
        law=subject.traits.law,
        property_id=sampler.property_id,
        case=fields_of_case,
        run_seed=sampler.run_seed,
        mask_shape=sampler.mask_shape,
        num_keys=sampler.num_keys,
        chunk_blocks=chunk_blocks,
        environment=environment,
    )


def device_kind() -> str:
    """Return the kind of the devices of this process, as in `cpu`."""
    return installed.probe().device.rpartition(" x ")[0]


def source_hash(subject: Subject) -> str:
    """Return sixteen hexadecimal digits of the file in which a layer is defined.

    It is empty where a layer has no file, as one that was typed into an interpreter.
    """
    data = _source(subject)
    return hashlib.blake2b(data, digest_size=8).hexdigest() if data else ""


def _source(subject: Subject) -> bytes:
    """Return the file that defines the layer itself; nothing where there is none."""
    try:
        path = inspect.getsourcefile(inspect.unwrap(layer_of(subject)))
        return Path(path).read_bytes() if path else b""
    except (TypeError, OSError):
        return b""


def _frameworks_of(subject: Subject) -> dict[str, str]:
    """Return the versions of the other frameworks that wrote a layer, or that its file imports."""
    names = {(getattr(layer_of(subject), "__module__", None) or "").partition(".")[0]}
    try:
        tree = ast.parse(_source(subject))
    except (SyntaxError, ValueError):  # the file was changed since it was imported
        tree = ast.Module([], [])
    for one in ast.walk(tree):
        if isinstance(one, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in one.names}
        elif isinstance(one, ast.ImportFrom) and not one.level:
            names.add((one.module or "").partition(".")[0])
    return {
        package: version
        for package, version in installed.frameworks().items()
        if package.removeprefix("dm-") in names
    }
