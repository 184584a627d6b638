"""Do the imports point one way?

The table below is the one of docs/architecture.md, lowest room first: a room may import the rooms
above it in the table, and none below. The test reads each module of the package and does not run
it: every import in it counts, those inside functions and under TYPE_CHECKING too, and so does a
literal that is passed to `import_module`. A fresh interpreter then shows what loading a module
loads. The test cannot see a module name that is put together at run time.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import resolve_name
from pathlib import Path
from typing import Any

import pytest

import dropout_props

PACKAGE = "dropout_props"
ROOT = Path(dropout_props.__file__).parent
HEAVY = frozenset({"jax", "jaxlib", "flax", "numpy", "scipy", "hypothesis"})
TERMINAL = frozenset({"click", "rich", "jinja2", "pydantic", "packaging", "tomli"})
COMPUTE = frozenset({"jax", "jaxlib", "numpy"})


@dataclass(frozen=True)
class Room:
    """One folder of the package, and the distributions that it may import.

    Attributes:
        name: name of the folder; "" is `dropout_props/__init__.py`.
        others: distributions besides the standard library.
        light: loading it must load nothing of HEAVY.
    """

    name: str
    others: frozenset[str] = frozenset()
    light: bool = False


# A room may import the rooms above it.
ROOMS = (
    Room("statistics", frozenset({"numpy", "scipy"})),
    Room("environment", frozenset({"flax", "jax", "packaging"})),
    Room("cases", frozenset({"hypothesis", "ml_dtypes", "numpy"})),
    Room("strategies"),
    Room("results", frozenset({"pydantic", "platformdirs"})),
    Room("subjects", COMPUTE | {"flax", "cloudpickle"}),
    Room("layers", COMPUTE | {"flax", "equinox", "haiku", "keras"}),
    Room("recording", COMPUTE | {"flax", "ml_dtypes"}),
    Room("properties", COMPUTE | {"hypothesis"}),
    Room(
        "engine",
        COMPUTE | {"cloudpickle", "distributed", "hypothesis", "packaging", "pydantic", "tomli"},
    ),
    Room("selftest", COMPUTE | {"flax", "scipy"}),
    Room("campaign", COMPUTE),
    Room("report", TERMINAL | {"jinja2"}),
    Room("replay", frozenset({"numpy"}), light=True),
    Room("auditing", COMPUTE),
    Room("gate", TERMINAL | {"jax"}, light=True),
    Room("pytest_plugin", frozenset({"pytest", "_pytest"}), light=True),
    Room("cli", TERMINAL, light=True),
    Room("__main__", light=True),
    Room("", light=True),
)
NAMES = [room.name for room in ROOMS]
LATE = ("pytest_plugin.parametrize", "pytest_plugin.session")
"""Modules of a light room that are loaded once a test needs them."""


@dataclass(frozen=True)
class Import:
    """One import: its target, its line, and who runs it: loading, a function, a type checker."""

    target: str
    line: int
    at_load: bool
    for_types: bool = False


def imports_of(
    name: str, tree: ast.AST, *, is_package: bool, at_load: bool = True, for_types: bool = False
) -> Iterator[Import]:
    """List every import below `tree`, the syntax tree of the module called `name`."""
    home = name if is_package else name.rpartition(".")[0]
    for node in ast.iter_child_nodes(tree):
        inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        types = for_types or (
            isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        )
        runs = at_load and not inside and not types
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, at_load, types) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), home)
            # `from package import module` names a module, or something in one: both are read so.
            yield from (
                Import(f"{base}.{alias.name}", node.lineno, at_load, types) for alias in node.names
            )
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
            ("import_module", "__import__", "importorskip")
        ):
            literals = (arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant))
            yield from (Import(str(literal), node.lineno, at_load) for literal in literals)
        yield from imports_of(name, node, is_package=is_package, at_load=runs, for_types=types)


def room_of(module: str) -> Room | None:
    """Find the room of a module of the package, given without the package's name."""
    top = module.partition(".")[0]
    return next((room for room in ROOMS if room.name == top), None)


def violations(module: str, source: str, *, is_package: bool = False) -> list[str]:
    """Compare the imports of one module with the table.

    Args:
        module: its name within the package; "" is the package itself.
        source: its text.
        is_package: whether that text is an `__init__.py`.

    Returns:
        One sentence for each import that the table does not allow.
    """
    room = room_of(module)
    if room is None:
        return [f"{module}: stands in no room; put it into one"]
    found = []
    allowed = NAMES[: NAMES.index(room.name) + 1]
    full_name = f"{PACKAGE}.{module}".rstrip(".")
    for item in imports_of(full_name, ast.parse(source), is_package=is_package):
        top, _, below = item.target.partition(".")
        place = f"{module or PACKAGE}:{item.line}"
        if top == PACKAGE:
            target = below.partition(".")[0]
            if target not in (*allowed, "__version__") and (target or not room.light):
                found.append(f"{place}: may not import {PACKAGE}.{target}")
        elif top in sys.stdlib_module_names or top == "tomllib":  # 3.10 does not list the latter
            continue
        elif top not in room.others and top != "typing_extensions":
            found.append(f"{place}: may not import {top}")
        elif room.light and item.at_load and top in HEAVY:
            found.append(f"{place}: may import {top} inside functions only")
    return sorted(set(found))


def modules() -> dict[str, Path]:
    """Map each module of the installed package, named without the package, to its file."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = path
    return found


@pytest.mark.parametrize("module", modules())
def test_imports_only_go_down(module: str) -> None:
    """Each module imports what its layer may, and nothing else."""
    path = modules()[module]
    source = path.read_text(encoding="utf-8")
    found = violations(module, source, is_package=path.name == "__init__.py")
    assert found == [], "\n".join(found)


def test_only_the_package_and_main_stand_outside_the_rooms() -> None:
    """No loose module stands beside the rooms."""
    loose = {path.name for path in ROOT.glob("*.py")}
    assert loose == {"__init__.py", "__main__.py"}


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that import one another, directly or not."""
    reached = {start: _reachable(start, arrows) for start in arrows}
    groups = {
        tuple(sorted(other for other in reached[one] if one in reached.get(other, set())))
        for one in arrows
        if one in reached[one]
    }
    return [list(group) for group in sorted(groups)]


def _reachable(start: str, arrows: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(arrows.get(start, ()))
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting += arrows.get(one, ())
    return seen


def test_no_modules_import_one_another_in_a_circle() -> None:
    """No circle of imports exists; imports inside functions count, those for types do not."""
    found = modules()
    arrows: dict[str, set[str]] = {}
    for module, path in found.items():
        if not module:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        full_name = f"{PACKAGE}.{module}"
        items = imports_of(full_name, tree, is_package=path.name == "__init__.py")
        targets = {_module_of(item.target, found) for item in items if not item.for_types}
        arrows[module] = {one for one in targets if one and not module.startswith(f"{one}.")}
    assert circles(arrows) == []


def _module_of(target: str, found: dict[str, Path]) -> str:
    """Return the module of this package that an import reads, or nothing."""
    if not target.startswith(f"{PACKAGE}."):
        return ""
    name = target.removeprefix(f"{PACKAGE}.")
    while name and name not in found:
        name = name.rpartition(".")[0]
    return name


def test_a_circle_is_found() -> None:
    """Two modules that import each other are one circle; a chain is none."""
    assert circles({"a": {"b"}, "b": {"a"}, "c": {"a"}}) == [["a", "b"]]
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize(
    ("module", "source", "sentence"),
    [
        (
            "cases.case",
            "from dropout_props.subjects.subject import Subject",
            "may not import dropout_props.subjects",
        ),
        (
            "cases.case",
            "from dropout_props import subjects",
            "may not import dropout_props.subjects",
        ),
        ("cases.case", "from ..engine import Judge", "may not import dropout_props.engine"),
        ("statistics.evidence", "import jax.numpy as jnp", "may not import jax"),
        (
            "statistics.evidence",
            "from ..cases.case import Case",
            "may not import dropout_props.cases",
        ),
        ("properties.dp202", "def f():\n    from flax import linen", "may not import flax"),
        ("properties.dp202", "import_module('flax.linen')", "may not import flax"),
        ("engine.run", "import flax.linen as nn", "may not import flax"),
        (
            "report.table",
            "from dropout_props.gate import diff",
            "may not import dropout_props.gate",
        ),
        ("report.table", "import numpy as np", "may not import numpy"),
        ("engine.run", "if TYPE_CHECKING:\n    import rich", "may not import rich"),
        ("cli.check", "import jax", "may not import jax"),
        ("gate.worker", "import jax", "may import jax inside functions only"),
        ("gate.worker", "class A:\n    import jax", "may import jax inside functions only"),
        (
            "pytest_plugin",
            "try:\n    import jax\nexcept ImportError:\n    pass",
            "may not import jax",
        ),
        ("newcomer", "", "stands in no room"),
    ],
)
def test_a_planted_import_is_found(module: str, source: str, sentence: str) -> None:
    """An import that points up or out of the layer is reported, wherever it stands."""
    assert [line for line in violations(module, source) if sentence in line] != []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("subjects.linen", "import flax.linen as nn\nfrom .traits import Traits"),
        ("statistics", "from .evidence import log_evalues\nimport scipy.special"),
        ("cli.check", "from dropout_props import __version__\ndef f():\n    import rich"),
        ("gate.worker", "def f():\n    import jax"),
        ("report.table", "import tomllib\nfrom dropout_props.results.records import RunResult"),
    ],
)
def test_an_allowed_import_is_not_reported(module: str, source: str) -> None:
    """What the table allows passes, so that the test above is no mere alarm."""
    assert violations(module, source, is_package=module == "statistics") == []


@pytest.mark.parametrize(
    "module",
    [name for name in modules() if getattr(room_of(name), "light", False) and name not in LATE],
)
def test_loading_a_way_in_loads_nothing_heavy(module: str) -> None:
    """A fresh interpreter that imports the package, plugin or command line has no JAX in it."""
    name = f"{PACKAGE}.{module}".rstrip(".")
    program = f"import sys, {name}; print(*sorted({set(HEAVY)!r} & set(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == []


@pytest.mark.parametrize("room", [room.name for room in ROOMS if room.name[:1].isalpha()])
def test_the_docs_name_every_room(room: str) -> None:
    """The page that describes the rooms names each of the table above."""
    page = Path(__file__).parents[2] / "docs" / "architecture.md"
    assert f"`{room}/`" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "command", ["--help", "list", "list --subjects", "explain", "explain DP203", "plan"]
)
def test_a_command_that_only_prints_loads_nothing_heavy(command: str) -> None:
    """What prints the catalogue or a plan reads files, and needs neither JAX nor SciPy."""
    program = (
        "import sys; from dropout_props.cli import main\n"
        f"try: main({command.split()!r})\n"
        f"except SystemExit: print(*sorted({set(HEAVY)!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert (bool(done.stdout), done.stderr.strip()) == (True, "")


def test_conftest_names_the_module_of_shared_programs(request: pytest.FixtureRequest) -> None:
    """Tests drop the programs by the module's name, so that light ones need not import it."""
    path = str(Path(__file__).parents[2] / "conftest.py")
    conftest: Any = request.config.pluginmanager.get_plugin(path)
    assert callable(import_module(conftest.PROGRAMS).forget)
