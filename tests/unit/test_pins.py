"""Do the files that name releases agree with each other?

`pyproject.toml` promises lower bounds, `requirements/oldest.txt` is what is run to keep that
promise, and `docs/dependencies.md` says why each dependency is there.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CHECKOUT = Path(__file__).parents[2]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
RUN = [Requirement(text) for text in (*PROJECT["dependencies"], *EXTRAS["test"])]
OPTIONAL = [Requirement(text) for extra in EXTRAS.values() for text in extra]


def pins(path: Path) -> dict[str, Version]:
    """Read a requirements file: name -> the one version that it allows."""
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {pin.name: Version(next(iter(pin.specifier)).version) for pin in found}


@pytest.mark.parametrize("dependency", RUN, ids=lambda each: each.name)
def test_the_oldest_environment_runs_the_lower_bound(dependency: Requirement) -> None:
    """Each lower bound that is promised is the release that `tox -e oldest` installs."""
    (bound,) = dependency.specifier
    assert bound.operator == ">="
    assert pins(CHECKOUT / "requirements/oldest.txt")[dependency.name] == Version(bound.version)


@pytest.mark.parametrize("dependency", [*RUN, *OPTIONAL], ids=lambda each: each.name)
def test_the_docs_say_why_a_dependency_is_there(dependency: Requirement) -> None:
    """Each dependency, optional or not, has its line in docs/dependencies.md."""
    rows = (CHECKOUT / "docs/dependencies.md").read_text(encoding="utf-8").splitlines()
    names = [row.split("|")[1] for row in rows if row.startswith("|")]
    named = {name.strip() for cell in names for name in cell.split(",")}
    assert dependency.name in named | {PROJECT["name"]}  # `dev` names the project's own extras


@pytest.mark.parametrize(
    ("pin", "code", "said"),
    [
        ("pytest>=1", 0, ""),
        ("pytest==1.0", 1, "is installed, not ==1.0"),
        ('pytest==1.0; python_version < "3"', 0, ""),
    ],
)
def test_an_environment_is_held_to_its_pins(tmp_path: Path, pin: str, code: int, said: str) -> None:
    """A release other than the one named fails the environment, and is named."""
    (tmp_path / "pins.txt").write_text(f"# a comment\n\n{pin}\n", encoding="utf-8")
    answer = subprocess.run(
        [sys.executable, CHECKOUT / "requirements/check.py", tmp_path / "pins.txt"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == code
    assert said in answer.stderr
    assert answer.stdout.startswith("flax ")


def test_the_readme_opens_with_two_commands_of_one_line() -> None:
    """The first two code blocks of the README are one line each; the second is what CI runs."""
    blocks = (CHECKOUT / "README.md").read_text(encoding="utf-8").split("```")[1::2][:2]
    commands = [block.strip().splitlines()[1:] for block in blocks]
    assert [len(lines) for lines in commands] == [1, 1]
    assert commands[0][0].endswith("dropout-props check linen.Dropout nnx.Dropout -n 2")
    assert commands[1][0].endswith("tox p")
