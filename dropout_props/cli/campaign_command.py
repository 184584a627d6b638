"""`dropout-props campaign`: run, status, merge and verify a campaign of counts in a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dropout_props.cli.campaign_results import merge, status, verify
from dropout_props.cli.campaign_shared import FOLDER, campaign_errors, say_state
from dropout_props.cli.errors import require_working_pair
from dropout_props.cli.options import seed_option, subjects_of
from dropout_props.results.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dropout_props.campaign.chunks import Chunk, Header
    from dropout_props.properties.sampler import Sampler

__all__ = ["command"]

_DEVICES = "--xla_force_host_platform_device_count"


class _Units(click.ParamType):  # type: ignore[type-arg] # only newer click makes it generic
    """A number of units, such as 1e12."""

    name = "units"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the number."""
        try:
            number = int(float(str(value)))
        except (ValueError, OverflowError):
            number = 0
        if not 1 <= number <= 2**62:
            self.fail(f"{value!r}: give a number of units from 1 to 4e18, as in 1e12.", param, ctx)
        return number


class _Shape(click.ParamType):  # type: ignore[type-arg] # only newer click makes it generic
    """A shape, such as 8,16."""

    name = "shape"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return the lengths of the axes."""
        if isinstance(value, tuple):
            return value
        parts = str(value).split(",")
        if not all(part.strip().isdigit() and int(part) for part in parts):
            self.fail(f"{value!r}: give lengths from 1, with commas, as in 8,16.", param, ctx)
        return tuple(map(int, parts))


@click.group("campaign", no_args_is_help=False)
def command() -> None:
    """Count one property of one layer far beyond a run, on many devices and hosts.

    A campaign lives in a folder of chunk files, and is valid whenever a process stops.
    """


command.add_command(status)
command.add_command(merge)
command.add_command(verify)


@command.command("run")
@click.argument("folder", type=FOLDER)
@click.argument("subject")
@click.option("--property", "property_id", default="DP203", show_default=True, help="Its id.")
@click.option("--rate", type=float, default=0.5, show_default=True, help="The dropout rate.")
@click.option("--until", type=_Units(), required=True, help="Units of all hosts, as in 1e12.")
@click.option("--shape", type=_Shape(), default=(1024,), help="Of the input.  [default: 1024]")
@click.option("--dtype", default="float32", show_default=True, help="Of the input.")
@seed_option
@click.option("--host", help="Which host of how many, as in 0/3; by default Slurm or Kubernetes.")
@click.option(
    "--cpu-devices", type=click.IntRange(1, 1024), help="Use the CPU as this many devices."
)
@click.option("--chunk-blocks", type=click.IntRange(1), help="Blocks in a chunk of a new campaign.")
@click.option("--on-host", is_flag=True, help="Count with NumPy, as a check does.")
@click.option("--distributed", is_flag=True, help="Count together with the processes of one job.")
def run(
    folder: Path,
    subject: str,
    *,
    property_id: str,
    rate: float,
    until: int,
    shape: tuple[int, ...],
    dtype: str,
    run_seed: int,
    host: str | None,
    cpu_devices: int | None,
    chunk_blocks: int | None,
    on_host: bool,
    distributed: bool,
) -> int:
    """Count units of SUBJECT, and write each chunk into FOLDER.

    Every host runs this same command. Chunks that the folder has are not counted again. With
    --distributed all processes of a Slurm step, of MPI or of a TPU slice are one host, through
    jax.distributed.

    Exit codes: 0 counted, 1 the property fails, 2 interrupted, 3 a chunk could not be written or
    contradicts another, 4 usage, or another campaign in the folder.
    """
    if cpu_devices is not None:  # JAX reads it when it starts
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {_DEVICES}={cpu_devices}"
    with campaign_errors():
        from dropout_props.campaign.hosts import host_of

        if distributed:
            _join(on_host=on_host)
        mine = host_of(host, _of_array(os.environ) if distributed else os.environ)

    def sampler_here() -> Sampler:
        found = subjects_of((subject,))[0]
        require_working_pair()
        from dropout_props.campaign.sampling import sampler_of
        from dropout_props.cases.case import Case

        case = Case(shape=shape, rate=rate, dtype=dtype)
        return sampler_of(found, property_id, case, run_seed=run_seed)

    with campaign_errors():
        sampler = _in_all(sampler_here) if distributed else sampler_here()
        from dropout_props.campaign.work import work

        progress = _Progress()
        contents = work(
            folder,
            sampler,
            until=until,
            host=mine,
            chunk_blocks=chunk_blocks,
            on_host=on_host,
            on_start=progress.start,
            on_chunk=progress.chunk,
        )
        return ExitCode.PASS if _follows(distributed) else say_state(contents)


def _join(*, on_host: bool) -> None:
    """Join the other processes of a job.

    Raises:
        click.UsageError: every process would count the same on its host.
    """
    if on_host:
        raise click.UsageError("--distributed with --on-host: processes share devices, not hosts.")
    from dropout_props.campaign.ranks import begin

    begin()


def _in_all(begin: Callable[[], Sampler]) -> Sampler:
    """Begin in every process of the job, or in none."""
    from dropout_props.campaign.ranks import all_do

    return all_do(begin)


def _follows(distributed: bool) -> bool:  # noqa: FBT001 (the flag)
    """Return whether another process of this job writes and prints."""
    if not distributed:
        return False
    from dropout_props.campaign.ranks import is_first

    return not is_first()


def _of_array(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a Slurm array: its tasks are hosts, the processes of each are not."""
    return {name: one for name, one in environment.items() if name.startswith("SLURM_ARRAY_")}


class _Progress:
    """Prints on standard error what a process counts: a line at the start, and one a minute."""

    _EVERY = 60.0

    def __init__(self) -> None:
        self._todo = self._done = self._units = 0
        self._seconds = self._printed = 0.0

    def start(self, header: Header, todo: int) -> None:
        """Print what will be counted, and where."""
        self._todo, self._units = todo, header.identity.chunk_units
        one = header.process
        click.echo(
            f"host {one.host}: {todo} chunks of {self._units:.3g} units on {one.device_kind} x "
            f"{one.devices}, counted on the {one.where}",
            err=True,
        )
        blocks = header.identity.chunk_blocks
        if one.where == "device" and one.devices > blocks:
            click.echo(
                f"{one.devices - blocks} of {one.devices} devices are idle: a chunk of this "
                f"campaign has {blocks} blocks, and a block is drawn by one device. A new campaign "
                "with more --chunk-blocks uses all.",
                err=True,
            )

    def chunk(self, chunk: Chunk) -> None:
        """Print how far the process is, at most once a minute."""
        self._done += 1
        self._seconds += max(1, chunk.milliseconds) / 1000
        if self._seconds - self._printed >= self._EVERY:
            self._printed = self._seconds
            rate = self._done * self._units / self._seconds
            left = (self._todo - self._done) * self._units / rate / 3600
            click.echo(
                f"{self._done} of {self._todo} chunks, {rate:.3g} units a second, {left:.2g} hours "
                "left",
                err=True,
            )
