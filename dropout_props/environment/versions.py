"""Versions of installed packages, read without importing them."""

from __future__ import annotations

from importlib import metadata


def version_of(package: str) -> str:
    """Return the version of an installed package, or `not installed`; does not import it."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
