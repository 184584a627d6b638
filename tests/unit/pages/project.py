"""The project of a reader: what pages take for granted that a folder has, and what cannot be run.

Its table keeps each check small, so that the commands run word for word.
"""

import shutil
from importlib.util import find_spec
from pathlib import Path

from tests.unit.pages.blocks import ROOT, blocks_of

__all__ = ["CANNOT", "CODES", "FIRST", "NEEDS", "is_there", "make", "next_diff", "table"]

_INSTALLS = "it makes the environment that the tests run in; .ci/run does, as README says"
_NETWORK = "it needs the package index"
_HISTORY = "it builds environments of real releases from the index: `tox -e history` does"
_CLUSTER = "its address is of another machine; tests/nightly/test_cluster.py starts one here"
_ID = "no page has the layer that failed; tests/unit/gate/test_script.py runs such programs"

CANNOT = {
    "python3 -m venv .venv": _INSTALLS,
    ".venv/bin/pip install .": _INSTALLS,
    ".venv/bin/pip install -e '.[dev]'": _INSTALLS,
    ".venv/bin/pytest tests/unit": "these tests are among them",
    ".venv/bin/tox -e lint,types": "tox runs these tests",
    "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/dropout-props check "
    "linen.Dropout nnx.Dropout -n 2": _INSTALLS,
    "python3 -m venv .venv && .venv/bin/pip install tox-uv && .venv/bin/tox p": _INSTALLS,
    "dropout-props gate --base 'flax==0.11.2' --candidate 'flax==0.12.12'": _HISTORY,
    "dropout-props gate --record mypackage.train:eight_steps --base 'flax==0.11.2' --candidate "
    "'flax==0.12.12'": _HISTORY,
    "python benchmarks/comparison.py --seeds 100": _NETWORK,
    "python benchmarks/wirings_comparison.py --twins --write docs/comparison.md": "it trains 156 "
    "programs in three ways, which takes longer than all tests; "
    "tests/recording/test_judged.py records them",
    "dropout-props campaign run depth linen.Dropout --property DP203 --rate 0.1 --until 1e12": "it "
    "takes days on a CPU; tests/campaign/ has shorter ones",
    "pip install 'dropout-props[cluster]'        # here, in the scheduler and in the "
    "workers": _NETWORK,
    "dask scheduler &                            # tcp://10.0.0.1:8786": _CLUSTER,
    "dask worker tcp://10.0.0.1:8786 --nthreads 1 &      # on each node, as often as there is "
    "memory for": _CLUSTER,
    "dropout-props check linen.Dropout nnx.Dropout --cluster tcp://10.0.0.1:8786": _CLUSTER,
    "dropout-props selftest --null --power": "it takes hours; tests/mutation/test_null.py runs "
    "each measurement with less",
    "dropout-props matrix --installed --results frameworks --write frameworks.md": "it judges "
    "seven subjects for 10 minutes of CPU; tests/unit/gate/test_side_by_side.py gives it results",
    "dropout-props replay c5f885188e --script > program.py": _ID,
    "python program.py": _ID,
}
"""Commands that the tests do not run, and why."""

CODES = {
    "dropout-props audit dropout_props.layers.examples.training_step:eight_steps": 1,
    ".venv/bin/dropout-props audit dropout_props.layers.examples.training_step:eight_steps": 1,
    "dropout-props check linen.Dropout --json /dev/full": 3,
    "dropout-props check linen.Dropout --property DP107 --known none": 1,
    # At `full` a layer must reject a rate of 1.5, which that of a tutorial does not.
    "dropout-props check mypackage.layers:MyDropout --level full --ignore DP108": 1,
}
"""Exit codes other than 0, but for a mistake in the table and the tutorial's audits."""

NEEDS = {"equinox": "equinox", "haiku": "haiku", "keras": "keras", "| jq": "jq"}
"""Word of a command -> the module or the program without which it is left out."""

FIRST = {
    "ci.md": ["dropout-props check mypackage.layers:MyDropout --json dropout-baseline.json"],
    "depth.md": [
        "dropout-props campaign run depth linen.Dropout --property DP203 --rate 0.1 --until 1e6"
    ],
}
"""Commands that a page takes for granted: of another page, or in place of longer ones."""

_LAYERS = """
import flax.linen as nn
import jax
import jax.numpy as jnp


class MyDropout(nn.Module):
    rate: float

    @nn.compact
    def __call__(self, x, deterministic):
        if deterministic or self.rate == 0.0:
            return x
        if self.rate == 1.0:
            return jnp.zeros_like(x)
        kept = jax.random.bernoulli(self.make_rng("dropout"), 1 - self.rate, x.shape)
        return jnp.where(kept, x / (1 - self.rate), 0)
"""

_SMALL = 'profile = "smoke"\nselect = ["DP10", "DP201", "DP202"]\n'
_SUBJECTS = 'subjects = ["mypackage.layers:MyDropout"]\n'


def is_there(needed: str) -> bool:
    """Return whether a module or a program is installed."""
    return find_spec(needed) is not None or shutil.which(needed) is not None


def table(page: str, command: str) -> str:
    """Return the table of pyproject.toml when a command of a page runs."""
    keys = _SUBJECTS + _SMALL
    if page == "configuration.md":
        # First a mistake; then a finding: MyDropout takes a rate of 1.5.
        if "baseline" not in command:
            keys = _SUBJECTS + "selct = []\n"
        else:
            keys = _SUBJECTS + 'profile = "smoke"\nselect = ["DP101", "DP107"]\n'
    elif page == "your-own-tests.md":
        keys = _SUBJECTS + 'profile = "smoke"\nselect = ["DP101", "MY"]\n'
        keys += 'own-properties = ["mypackage.dropout_properties"]\n'
    return f"[tool.dropout-props]\n{keys}"


def make(folder: Path, page: Path) -> None:
    """Write the files of the project into a folder, with what a page shows of them."""
    package = folder / "mypackage"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "layers.py").write_text(_LAYERS, encoding="utf-8")
    programs = [one.text for one in blocks_of(page) if one.language == "python"]
    if page.name == "your-own-tests.md":
        declared = "import jax\n" + "\n".join(programs[-2:])
        (package / "dropout_properties.py").write_text(declared, encoding="utf-8")
    if page.name == "tutorial.md":
        train, test = programs
        (folder / "train.py").write_text(train, encoding="utf-8")
        (folder / "test_train.py").write_text(test, encoding="utf-8")
    if page.name == "known-deviations.md":
        shipped = ROOT / "dropout_props" / "engine" / "deviations" / "deviations.toml"
        shutil.copy(shipped, folder / "mine.toml")


def next_diff(folder: Path, diff: str) -> None:
    """Apply a diff of the tutorial to its program."""
    path = folder / "train.py"
    source = path.read_text(encoding="utf-8")
    old, new = (
        "".join(line[1:] for line in diff.splitlines(keepends=True) if line[0] == sign)
        for sign in ("-", "+")
    )
    assert source.count(old) == 1, old
    path.write_text(source.replace(old, new), encoding="utf-8")
