"""The environment of a run: versions, device and flags of the installed Flax and JAX."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import Any

from dropout_props.environment.smoke import BrokenPair, smoke_test
from dropout_props.environment.versions import version_of

__all__ = ["BrokenPair", "Environment", "frameworks", "probe", "smoke_test"]

_FRAMEWORKS = ("equinox", "dm-haiku", "keras")


@dataclass(frozen=True)
class Environment:
    """Everything outside a case that can change a mask.

    Attributes:
        python: version of the interpreter.
        flax: version, or `not installed`, as for the packages below.
        jax: version.
        jaxlib: version.
        numpy: version.
        scipy: version.
        hypothesis: version.
        device: kind and number of the devices, such as `cpu x 1`.
        prng_impl: name of the default PRNG implementation.
        threefry_partitionable: this flag changes the bits of threefry masks.
        x64: float64 is enabled.
        fix_rng_separator: Linen separates the names of a path in its hash; set by
            FLAX_FIX_RNG_SEPARATOR.
    """

    python: str
    flax: str
    jax: str
    jaxlib: str
    numpy: str
    scipy: str
    hypothesis: str
    device: str
    prng_impl: str
    threefry_partitionable: bool
    x64: bool
    fix_rng_separator: bool

    @property
    def versions(self) -> dict[str, str]:
        """Installed versions, by package name."""
        names = ("python", "flax", "jax", "jaxlib", "numpy", "scipy", "hypothesis")
        return {name: getattr(self, name) for name in names}

    @property
    def flags(self) -> dict[str, str]:
        """Device and flags, by name."""
        return {
            "device": self.device,
            "PRNG": self.prng_impl,
            "threefry_partitionable": str(self.threefry_partitionable),
            "x64": str(self.x64),
            "fix_rng_separator": str(self.fix_rng_separator),
        }

    @property
    def conditions(self) -> dict[str, str]:
        """Versions and flags by name; the conditions of known deviations refer to these names.

        They include the versions of the other frameworks that are installed.
        """
        return self.versions | self.flags | frameworks()


def frameworks() -> dict[str, str]:
    """Return the versions of the other frameworks that are installed, by package name."""
    found = {package: version_of(package) for package in _FRAMEWORKS}
    return {package: version for package, version in found.items() if version[:1].isdigit()}


def probe() -> Environment:
    """Read the environment of this process; starts JAX.

    Returns:
        The environment, with the present values of the flags.
    """
    import jax

    devices = jax.devices()
    config: Any = jax.config  # only some releases annotate its flags
    return Environment(
        python=platform.python_version(),
        flax=version_of("flax"),
        jax=version_of("jax"),
        jaxlib=version_of("jaxlib"),
        numpy=version_of("numpy"),
        scipy=version_of("scipy"),
        hypothesis=version_of("hypothesis"),
        device=f"{devices[0].device_kind.lower()} x {len(devices)}",
        prng_impl=str(config.jax_default_prng_impl),
        threefry_partitionable=bool(config.jax_threefry_partitionable),
        x64=bool(config.jax_enable_x64),
        fix_rng_separator=_fixes_separator(),
    )


def _fixes_separator() -> bool:
    try:
        from flax.configurations import config
    except ImportError:  # no Flax, or a release without this flag
        return False
    return bool(getattr(config, "flax_fix_rng_separator", False))
