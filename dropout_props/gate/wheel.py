"""The running package as a wheel, so that both sides run exactly the code that compares them.

However it was installed, from an index, from a checkout or editable: its files and its metadata
are what goes into the wheel. No build tool is needed, and the same files give the same bytes.
"""

from __future__ import annotations

import hashlib
import os
import threading
import zipfile
from base64 import urlsafe_b64encode
from importlib import metadata
from pathlib import Path

import dropout_props
from dropout_props.gate import cache

__all__ = ["NotInstalled", "build"]

_NAME = "dropout-props"
_EPOCH = (2020, 1, 1, 0, 0, 0)


class NotInstalled(RuntimeError):
    """The running package has no metadata to make a wheel of."""


def build() -> Path:
    """Return the wheel of the running package, made where it is not in the cache yet.

    Raises:
        NotInstalled: the package runs from a folder that nobody installed.
    """
    files = _files()
    digest = hashlib.blake2b(digest_size=8)
    for name, content in files.items():
        digest.update(name.encode() + b"\0" + content + b"\0")
    folder = cache.folder("wheels", digest.hexdigest())
    path = folder / f"dropout_props-{dropout_props.__version__}-py3-none-any.whl"
    if not path.exists():
        # Both sides of a gate may be here at once: each writes its own file, and the same bytes.
        temporary = folder / f"{os.getpid()}-{threading.get_ident()}.part"
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
        temporary.replace(path)
    return path


def _files() -> dict[str, bytes]:
    root = Path(dropout_props.__file__).parent
    files = {
        f"dropout_props/{path.relative_to(root).as_posix()}": path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    info = f"dropout_props-{dropout_props.__version__}.dist-info"
    files[f"{info}/METADATA"] = _metadata()
    files[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: dropout_props\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = [f"{name},{_hash(content)},{len(content)}" for name, content in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    return files


def _metadata() -> bytes:
    try:
        text = metadata.distribution(_NAME).read_text("METADATA")
    except metadata.PackageNotFoundError:
        text = None
    if text is None:
        raise NotInstalled(
            "dropout_props runs from a folder that is not installed, so that its dependencies are "
            "not known. Install it first: `pip install .` in its folder."
        )
    lines = text.splitlines()
    version = [f"Version: {dropout_props.__version__}" if _is_version(x) else x for x in lines]
    return "\n".join([*version, ""]).encode()


def _is_version(line: str) -> bool:
    """An editable install may keep the metadata of an older version."""
    return line.startswith("Version: ")


def _hash(content: bytes) -> str:
    digest = hashlib.sha256(content).digest()
    return "sha256=" + urlsafe_b64encode(digest).rstrip(b"=").decode()
