"""Known deviations: what the installed Flax, or a layer that ships, is known to violate, and why.

`deviations.toml` is the list; `frameworks.toml` is that of other frameworks and of Flax's bridges,
each under its own name. An entry never weakens a property: the property is judged as always,
and when it fails as the entry says, the verdict is KNOWN. When it passes although the entry names
this one subject, the entry is out of date, and that is a failure too.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "FRAMEWORKS_LIST",
    "FRAMEWORKS_PATH",
    "SHIPPED_LIST",
    "SHIPPED_PATH",
    "BadList",
    "Deviation",
    "parse",
    "read",
    "text_of",
]

SHIPPED_PATH = Path(__file__).with_name("deviations.toml")
FRAMEWORKS_PATH = Path(__file__).with_name("frameworks.toml")

_REQUIRED = {"property", "subject", "matches", "reason", "link", "expires"}
_FIELDS = _REQUIRED | {"when", "unless", "api", "drawn_by", "layer", "reproducer"}


class BadList(ValueError):
    """A list of known deviations is invalid; the text names the file, the entry and the rule."""


@dataclass(frozen=True)
class Deviation:
    """One entry of the list.

    Args:
        property_id: id of the property that fails.
        subject: name of the subject, `*` for any run of characters. An entry with a `layer` covers
            that layer under every name; `subject` is then the name of the one that ships.
        matches: text that the message of the failure contains.
        reason: the cause, in one sentence.
        link: where it is reported or documented.
        expires: day from which the entry itself is a failure, so that somebody reviews it.
        when: version specifiers by package, as in ``{"flax": ">=0.11"}``; all must hold.
        unless: values of flags by name, as reports print them; any of them disables the entry.
        api: ``linen``, ``nnx``, ``function`` or ``equinox``; empty for any.
        drawn_by: packages; the entry covers a layer only if their code draws its masks. Empty for
            a deviation of the framework around the layer, which every layer has.
        layer: the class or function of the layer itself, as in ``equinox:Dropout``: the package or
            module that it comes from, and its name. Empty for a layer that is known by its name.
        reproducer: a program that uses JAX and the framework alone, whose last statement asserts
            what should hold; it ends in an AssertionError where the entry applies.
        place: the file of the entry, for the message that the entry is out of date.
    """

    property_id: str
    subject: str
    matches: str
    reason: str
    link: str
    expires: date
    when: dict[str, str] = field(default_factory=dict)
    unless: dict[str, str] = field(default_factory=dict)
    api: str = ""
    drawn_by: tuple[str, ...] = ()
    layer: str = ""
    reproducer: str = ""
    place: str = ""

    @property
    def is_general(self) -> bool:
        """Whether it covers any number of subjects, some of which may conform."""
        return "*" in self.subject.replace("[*]", "")

    def concerns(
        self,
        subject: str,
        api: str,
        property_id: str,
        environment: Mapping[str, str],
        *,
        layer: str = "",
    ) -> bool:
        """Return whether the entry covers this pair, under these versions and flags.

        Args:
            subject: name of the subject.
            api: of the subject.
            property_id: id of the property.
            environment: versions and flags by name.
            layer: ``module:name`` of the class or function of the layer itself, if there is one.
        """
        return (
            property_id == self.property_id
            and self.api in ("", api)
            and (self._is_of(layer) if self.layer else fnmatchcase(subject, self.subject))
            and self.holds_on(environment)
        )

    def names(self, subject: str) -> bool:
        """Return whether the entry is about the subject of this name alone, which must deviate."""
        return not self.is_general and fnmatchcase(subject, self.subject)

    def _is_of(self, layer: str) -> bool:
        package, _, name = self.layer.partition(":")
        module, _, seen = layer.partition(":")
        return seen == name and (module == package or module.startswith(f"{package}."))

    def holds_on(self, environment: Mapping[str, str]) -> bool:
        """Return whether the entry covers these versions and flags, given by name."""
        if any(environment.get(flag) == value for flag, value in self.unless.items()):
            return False
        return all(
            package in environment
            and environment[package] in SpecifierSet(condition, prereleases=True)
            for package, condition in self.when.items()
        )


def read(path: Path) -> tuple[Deviation, ...]:
    """Return the entries of a file.

    Raises:
        BadList: the file cannot be read, or is not a list.
    """
    return parse(text_of(path), path)


def text_of(path: Path) -> str:
    """Return the text of a list, so that a process without the file can parse it too.

    Raises:
        BadList: the file cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadList(f"{path}: cannot be read as TOML: {error}.") from error


def parse(text: str, path: Path | str) -> tuple[Deviation, ...]:
    """Parse the text of a list; messages name `path` as its place.

    Raises:
        BadList: the text is not a list.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadList(f"{path}: cannot be read as TOML: {error}.") from error
    entries = table.get("deviation", [])
    return tuple(_entry(path, number, entry) for number, entry in enumerate(entries, start=1))


def _entry(path: Path | str, number: int, entry: dict[str, Any]) -> Deviation:
    where = f"{path}, deviation {number}"
    if "claim" in entry:  # the name of the key in 0.1
        sys.stderr.write(f"{where}: the key claim is now called property.\n")
        entry = {**entry, "property": entry["claim"]}
        del entry["claim"]
    unknown, missing = set(entry) - _FIELDS, _REQUIRED - set(entry)
    if unknown or missing:
        parts = [f"unknown {', '.join(sorted(unknown))}"] if unknown else []
        parts += [f"missing {', '.join(sorted(missing))}"] if missing else []
        raise BadList(f"{where}: {'; '.join(parts)}. An entry has {', '.join(sorted(_FIELDS))}.")
    _check_words(where, entry["matches"])
    if type(entry["expires"]) is not date:
        raise BadList(f"{where}: expires={entry['expires']!r} is not a date such as 2027-06-30.")
    try:
        for condition in entry.get("when", {}).values():
            SpecifierSet(condition)
    except InvalidSpecifier as error:
        raise BadList(f"{where}: {error}; write a condition as '>=0.11,<0.13'.") from error
    for flag, value in entry.get("unless", {}).items():
        if not isinstance(value, str):
            raise BadList(f"{where}: unless {flag}={value!r} is not text such as 'True'.")
    packages = entry.get("drawn_by", [])
    if not isinstance(packages, list) or not all(isinstance(one, str) for one in packages):
        raise BadList(f"{where}: drawn_by={packages!r} is not a list of packages such as ['flax'].")
    entry = {**entry, "drawn_by": tuple(packages)}
    _check_layer(where, entry.get("layer", "any:layer"))
    if "reproducer" in entry:
        _check_program(where, entry["reproducer"])
    return Deviation(property_id=entry.pop("property"), place=str(path), **entry)


def _check_words(where: str, matches: Any) -> None:
    if not str(matches).strip():
        raise BadList(
            f"{where}: matches={matches!r} is in every message: write words of the one failure "
            "that the entry is about."
        )


def _check_layer(where: str, layer: Any) -> None:
    if not (isinstance(layer, str) and all(layer.partition(":"))):
        raise BadList(f"{where}: layer={layer!r} is not a place such as 'equinox:Dropout'.")


def _check_program(where: str, program: Any) -> None:
    """Raise unless the text is a program that ends in an assert."""
    try:
        statements = ast.parse(program).body
    except (SyntaxError, TypeError, ValueError) as error:
        raise BadList(f"{where}: reproducer is not a Python program: {error}.") from error
    if not statements or not isinstance(statements[-1], ast.Assert):
        raise BadList(f"{where}: reproducer must end in an assert of the property.")


SHIPPED_LIST = read(SHIPPED_PATH)
FRAMEWORKS_LIST = read(FRAMEWORKS_PATH)
