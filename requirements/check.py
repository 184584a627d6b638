"""Does this environment hold the releases that a requirements file names?

A resolver that quietly moved one of them would leave the run green and its name untrue. Prints the
pair of Flax and JAX, and exits 1 with one line for each release that is not the one named.
"""

import sys
from importlib.metadata import version
from pathlib import Path

from packaging.requirements import Requirement


def differences(lines: list[str]) -> list[str]:
    """Compare the pins in `lines` with what is installed.

    Args:
        lines: the lines of a requirements file, each a pin, a comment or empty.

    Returns:
        One sentence for each pin that applies here and is not what is installed.
    """
    pins = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    return [
        f"{pin.name} {version(pin.name)} is installed, not {pin.specifier}"
        for pin in pins
        if (pin.marker is None or pin.marker.evaluate())
        and not pin.specifier.contains(version(pin.name), prereleases=True)
    ]


if __name__ == "__main__":
    found = differences(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines())
    print(f"flax {version('flax')}, jax {version('jax')}, Python {sys.version.split()[0]}")  # noqa: T201 - what it is for
    sys.exit("\n".join(found) or 0)
