"""Do the imports point one way?

The table below is the one of docs/architecture.md, lowest layer first. Each module of the package
is read, not run: every import in it counts, those inside functions and under TYPE_CHECKING too, and
so does a literal handed to `import_module`. Loading is then shown in a fresh interpreter. What this
cannot see: a module name that is put together at run time.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import resolve_name
from pathlib import Path

import pytest

import dropout_props

PACKAGE = "dropout_props"
ROOT = Path(dropout_props.__file__).parent
HEAVY = frozenset({"jax", "jaxlib", "flax", "numpy", "scipy", "hypothesis"})
TERMINAL = frozenset({"click", "rich", "jinja2", "pydantic", "packaging", "tomli", "matplotlib"})


@dataclass(frozen=True)
class Layer:
    """Some modules, and what they may import besides the standard library."""

    modules: tuple[str, ...]
    own: tuple[str, ...] = ()  # modules of lower layers
    others: frozenset[str] = frozenset()  # distributions
    light: bool = False  # at load, nothing of HEAVY


CASE = ("case", "profiles", "strategies")
SUBJECT = ("subject", "subjects")
MEASURE = ("sampler", "apart", "statistics", "derivation", "properties")
JUDGE = (
    "budget", "comparison", "exitcodes", "judging", "known", "processes", "results", "run",
    "snapshot", "verdict",
)  # fmt: skip
LAYERS = (
    Layer(CASE, others=frozenset({"hypothesis", "ml_dtypes", "numpy"})),
    Layer(("subject",), own=(*CASE, "subjects"), others=frozenset({"jax", "numpy"})),
    Layer(
        ("subjects",),  # with "subject" one layer, in two rows: only this half meets Flax
        own=(*CASE, "subject"),
        others=frozenset({"flax", "jax", "jaxlib", "numpy", "packaging", "tomli"}),
    ),
    Layer(("sampler",), own=(*CASE, *SUBJECT), others=frozenset({"jax", "numpy"})),
    Layer(("apart",), own=("subject",), others=frozenset({"cloudpickle"})),
    Layer(("statistics",), others=frozenset({"numpy", "scipy"})),
    Layer(("derivation",), others=frozenset({"numpy"})),
    Layer(
        ("properties",),
        own=(*CASE, *SUBJECT, "sampler", "apart", "statistics", "derivation"),
        others=frozenset({"hypothesis", "jax", "numpy"}),
    ),
    Layer(
        JUDGE,
        own=(*CASE, *SUBJECT, *MEASURE),
        others=frozenset({"hypothesis", "jax", "numpy", "packaging", "pydantic", "scipy", "tomli"}),
    ),
    Layer(("mutants",), own=(*CASE, *SUBJECT), others=frozenset({"jax", "numpy"})),
    Layer(("report",), own=("comparison", "results", "verdict"), others=TERMINAL),
    Layer(
        ("asking", "parametrize"),  # what the plugin loads once a test wants it
        own=(*CASE, *SUBJECT, *MEASURE, *JUDGE, "report"),
        others=frozenset({"pytest"}),
    ),
    Layer(
        ("selftest",),  # below the command line, which prints what it measures
        own=(*CASE, *SUBJECT, *MEASURE, *JUDGE, "mutants"),
        others=frozenset({"jax", "numpy", "scipy"}),
    ),
    Layer(
        ("", "__main__", "pytest_plugin", "cli", "gate"),  # "" is dropout_props/__init__.py
        own=(
            *(*CASE, *SUBJECT, *MEASURE, *JUDGE),
            *("mutants", "report", "asking", "parametrize", "selftest"),
        ),
        others=TERMINAL | {"hypothesis", "jax", "numpy", "pytest", "_pytest"},
        light=True,
    ),
)


@dataclass(frozen=True)
class Import:
    """One import: what is imported, where, and whether loading the module runs it."""

    target: str
    line: int
    at_load: bool


def imports_of(
    name: str, tree: ast.AST, *, is_package: bool, at_load: bool = True
) -> Iterator[Import]:
    """List every import below `tree`, the syntax tree of the module called `name`."""
    home = name if is_package else name.rpartition(".")[0]
    for node in ast.iter_child_nodes(tree):
        inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        runs = at_load and not inside and not for_types
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, at_load) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), home)
            # `from package import module` names a module, or something in one: both are read so.
            yield from (
                Import(f"{base}.{alias.name}", node.lineno, at_load) for alias in node.names
            )
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
            ("import_module", "__import__", "importorskip")
        ):
            literals = (arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant))
            yield from (Import(str(literal), node.lineno, at_load) for literal in literals)
        yield from imports_of(name, node, is_package=is_package, at_load=runs)


def layer_of(module: str) -> Layer | None:
    """Find the layer of a module of the package, given without the package's name."""
    top = module.partition(".")[0]
    return next((layer for layer in LAYERS if top in layer.modules), None)


def violations(module: str, source: str, *, is_package: bool = False) -> list[str]:
    """Hold the imports of one module to the table.

    Args:
        module: its name within the package; "" is the package itself.
        source: its text.
        is_package: whether that text is an `__init__.py`.

    Returns:
        One sentence for each import that the table does not allow.
    """
    layer = layer_of(module)
    if layer is None:
        return [f"{module}: stands in no layer; give it one in the table"]
    found = []
    allowed_own = (*layer.modules, *layer.own)
    full_name = f"{PACKAGE}.{module}".rstrip(".")
    for item in imports_of(full_name, ast.parse(source), is_package=is_package):
        top, _, below = item.target.partition(".")
        place = f"{module or PACKAGE}:{item.line}"
        if top == PACKAGE:
            target = below.partition(".")[0]
            if target not in (*allowed_own, "__version__") and "" not in layer.modules:
                found.append(f"{place}: may not import {PACKAGE}.{target}")
        elif top in sys.stdlib_module_names or top == "tomllib":  # 3.10 does not list the latter
            continue
        elif top not in layer.others:
            found.append(f"{place}: may not import {top}")
        elif layer.light and item.at_load and top in HEAVY:
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


@pytest.mark.parametrize(
    ("module", "source", "sentence"),
    [
        (
            "case",
            "from dropout_props.subjects.subject import Subject",
            "may not import dropout_props.subjects.subject",
        ),
        (
            "case",
            "from dropout_props import subject",
            "may not import dropout_props.subjects.subject",
        ),
        ("sampler", "from . import statistics", "may not import dropout_props.statistics"),
        ("statistics.evidence", "import jax.numpy as jnp", "may not import jax"),
        (
            "statistics.evidence",
            "from ..case import Case",
            "may not import dropout_props.cases.case",
        ),
        ("properties.dp202", "def f():\n    from flax import linen", "may not import flax"),
        ("properties.dp202", "import_module('flax.linen')", "may not import flax"),
        ("mutants.scale", "import flax.linen as nn", "may not import flax"),
        ("report.table", "from dropout_props import check", "may not import dropout_props.check"),
        ("report.table", "from ..run import judge", "may not import dropout_props.engine.run"),
        ("report.table", "import numpy as np", "may not import numpy"),
        ("run", "if TYPE_CHECKING:\n    import rich", "may not import rich"),
        ("cli.check", "import jax", "may import jax inside functions only"),
        ("cli.check", "class A:\n    import numpy", "may import numpy inside functions only"),
        (
            "pytest_plugin",
            "try:\n    import jax\nexcept ImportError:\n    pass",
            "inside functions",
        ),
        ("newcomer", "", "stands in no layer"),
    ],
)
def test_a_planted_import_is_found(module: str, source: str, sentence: str) -> None:
    """An import that points up or out of the layer is reported, wherever it stands."""
    assert [line for line in violations(module, source) if sentence in line] != []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("subjects.linen", "import flax.linen as nn\nfrom ..subject import Subject"),
        ("statistics", "from .evidence import log_evalues\nimport scipy.special"),
        ("cli.check", "from dropout_props import __version__\ndef f():\n    import jax"),
        ("pytest_plugin", "if TYPE_CHECKING:\n    import numpy"),
        ("report.table", "import tomllib\nfrom dropout_props.results.records import Result"),
    ],
)
def test_an_allowed_import_is_not_reported(module: str, source: str) -> None:
    """What the table allows passes, so that the test above is no mere alarm."""
    assert violations(module, source, is_package=module == "statistics") == []


@pytest.mark.parametrize(
    "module", [name for name in modules() if getattr(layer_of(name), "light", False)]
)
def test_loading_a_way_in_loads_nothing_heavy(module: str) -> None:
    """A fresh interpreter that imports the package, plugin or command line has no JAX in it."""
    name = f"{PACKAGE}.{module}".rstrip(".")
    program = f"import sys, {name}; print(*sorted({set(HEAVY)!r} & set(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == []


@pytest.mark.parametrize("module", [name for layer in LAYERS for name in layer.modules if name])
def test_the_docs_name_every_layer(module: str) -> None:
    """The page that describes the layers names each module of the table above."""
    page = Path(__file__).parents[2] / "docs" / "architecture.md"
    text = page.read_text(encoding="utf-8")
    assert f"`{module}`" in text or f"`{module}/`" in text
