"""Writes the reference pages of docs/ from the code: the command line, Python, pytest, files.

python tools/reference.py           writes cli.md, api.md, json.md and a part of pytest-plugin.md
python tools/reference.py --check   writes nothing, and exits with 1 if a page is old

The options are those of the commands themselves. Everything else is read from the source, which is
parsed and not run: signatures and docstrings are those of the files.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

__all__ = ["PAGES", "main", "pages"]

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "dropout_props"
DOCS = ROOT / "docs"
_WIDTH = 90
PAGES = ("cli.md", "api.md", "json.md", "pytest-plugin.md")
_WRITTEN = "Written by `python tools/reference.py` from {source}; do not edit it by hand.\n"
_SECTION = re.compile(r"^(Args|Attributes|Returns|Yields|Raises|Guarantees|Assumes):$")
_ENTRY = re.compile(r"^ {4}(\*{0,2}\w[\w, *]*): ")
Definition = ast.ClassDef | ast.FunctionDef


def pages() -> dict[str, str]:
    """Return the text of each page, by its name in docs/."""
    return {
        "cli.md": _command_line(),
        "api.md": _python(),
        "json.md": _files(),
        "pytest-plugin.md": _pytest(),
    }


# -- the command line ---------------------------------------------------------------------------


def _command_line() -> str:
    from dropout_props.cli import main as module

    group = sys.modules[module.__module__]._group  # noqa: SLF001 (it has no public name)
    parts = [
        "# The command line\n",
        _WRITTEN.format(source="the options of the commands"),
        "`dropout-props COMMAND --help` prints the same. [Exit codes](exit-codes.md) lists what",
        "each command returns to a script.\n",
        "| command | what it does |",
        "|---|---|",
    ]
    commands = _flat({name: group.get_command(None, name) for name in group.list_commands(None)})
    parts += [f"| [{n}](#{n.replace(' ', '-')}) | {_first(c.help)} |" for n, c in commands.items()]
    for name, command in commands.items():
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        usage = " ".join([f"dropout-props {name} [OPTIONS]", *(_argument(p) for p in arguments)])
        parts += [f"\n## {name}\n", f"```text\n{usage}\n```\n", _paragraphs(command.help)]
        options = [p for p in command.params if p.param_type_name == "option" and not p.hidden]
        if options:
            parts += ["| option | what it does |", "|---|---|"]
            parts += [f"| {_option(p)} | {_cell(p.help or '')}{_default(p)} |" for p in options]
    return "\n".join(parts) + "\n"


def _flat(commands: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Return commands by name, those inside a group after it."""
    found: dict[str, Any] = {}
    for name, command in commands.items():
        found[f"{before}{name}"] = command
        found |= _flat(getattr(command, "commands", {}), f"{before}{name} ")
    return found


def _first(text: str) -> str:
    return " ".join(inspect.cleandoc(text).partition("\n\n")[0].split())


def _paragraphs(text: str) -> str:
    found = (" ".join(one.split()) for one in inspect.cleandoc(text).split("\n\n"))
    return "\n\n".join(found) + "\n"


def _argument(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper()
    if not name.startswith("[") and not parameter.required:
        name = f"[{name}]"
    return name if parameter.nargs == 1 or name.endswith("...") else f"{name}..."


def _option(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    if parameter.is_flag or getattr(parameter, "count", False):
        return names
    choices = getattr(parameter.type, "choices", None)
    value = " or ".join(map(str, choices)) if choices else parameter.metavar
    return f"{names} {value or parameter.type.name.partition(' ')[0].upper()}"


def _default(parameter: Any) -> str:
    return f" Default: {parameter.default}." if parameter.show_default is True else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


# -- Python -------------------------------------------------------------------------------------


def _python() -> str:
    tree = _tree(PACKAGE / "__init__.py")
    modules = ast.literal_eval(_assigned(tree, "_MODULES"))
    public = ast.literal_eval(_assigned(tree, "__all__"))
    parts = [
        "# Python\n",
        _WRITTEN.format(source="the docstrings of the public names"),
        "`from dropout_props import NAME`. Each name is imported at its first use: importing the",
        "package loads neither JAX nor Flax. [What is stable](stability.md) says which of them",
        "may change.\n",
    ]
    for name in public:
        if name not in modules:
            parts += _public_module(name) if (PACKAGE / name).is_dir() else []
            continue
        node = _find(modules[name], name)
        parts.append(f"## {name}\n")
        parts += _defined(name, node) if node else [_constant(modules[name], name)]
    return "\n".join(parts).rstrip() + "\n"


def _public_module(name: str) -> list[str]:
    """Return the text of a public module, and the functions that it passes on."""
    module = f"dropout_props.{name}"
    tree = _tree(_file(module))
    parts = [f"## {name}\n", _markdown(ast.get_docstring(tree) or "") + "\n"]
    for one in ast.literal_eval(_assigned(tree, "__all__")):
        node = _find(module, one)
        if isinstance(node, ast.FunctionDef):
            is_drawn = any("composite" in ast.unparse(kind) for kind in node.decorator_list)
            parts += [
                f"### {name}.{one}\n",
                _signature(f"{name}.{one}", node, skip=is_drawn),  # Hypothesis passes `draw`
                _markdown(ast.get_docstring(node) or "") + "\n",
            ]
    return parts


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _file(module: str) -> Path:
    place = ROOT.joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def _assigned(tree: ast.Module, name: str) -> ast.expr:
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(one, ast.Name) and one.id == name for one in targets):
            value: ast.expr = node.value  # type: ignore[attr-defined]
            return value
    raise LookupError(f"nothing is assigned to {name}")


def _find(module: str, name: str) -> Definition | None:
    """Return the definition of a name, through the modules that only pass it on."""
    body = _tree(_file(module)).body
    for_types = [one for node in body if isinstance(node, ast.If) for one in node.body]
    for node in (*body, *for_types):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return node
        if isinstance(node, ast.ImportFrom) and any(one.name == name for one in node.names):
            return _find(str(node.module), name)
    return None


def _constant(module: str, name: str) -> str:
    """Return the docstring below an assignment."""
    body = _tree(_file(module)).body
    for node, after in pairwise(body):
        named = isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name
        if named and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            return _markdown(str(after.value.value)) + "\n"
    raise LookupError(f"{module}.{name} has no docstring below it")


def _defined(name: str, node: Definition) -> list[str]:
    """Return the signature and the text of a function, or of a class and its public members."""
    if isinstance(node, ast.FunctionDef):
        return [_signature(name, node), _markdown(ast.get_docstring(node) or "") + "\n"]
    members = [n for n in node.body if isinstance(n, ast.FunctionDef) and n.name[0] != "_"]
    values = _values(node)
    bases = [ast.unparse(one) for one in node.bases]
    head = [f"*{', '.join(bases)}*\n"] if bases and bases != ["Protocol"] else []
    parts = [*head, _markdown(ast.get_docstring(node) or "") + "\n", *values]
    for member in members:
        kinds = [ast.unparse(one) for one in member.decorator_list]
        parts.append(f"### {name}.{member.name}\n")
        if not any(kind.endswith("property") for kind in kinds):
            parts.append(
                _signature(f"{name}.{member.name}", member, skip=kinds != ["staticmethod"])
            )
        parts.append(_markdown(ast.get_docstring(member) or "") + "\n")
    return parts


def _values(node: ast.ClassDef) -> list[str]:
    """Return the values of an enumeration, as one paragraph."""
    if "Enum" not in ast.unparse(node).partition(":")[0]:
        return []
    values = [one.value for one in node.body if isinstance(one, ast.Assign)]
    return [", ".join(f"`{ast.literal_eval(one)}`" for one in values) + "\n"]


def _signature(name: str, node: ast.FunctionDef, *, skip: bool = False) -> str:
    """Return a signature as a block of code, one argument on each line where it is too long."""
    arguments = node.args
    if skip and arguments.args and arguments.args[0].arg in ("self", "cls", "draw"):
        arguments.args = arguments.args[1:]
    given = ast.unparse(arguments)
    returns = f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""
    text = f"{name}({given}){returns}"
    if len(text) > _WIDTH:
        text = f"{name}(\n    " + ",\n    ".join(_split(given)) + f",\n){returns}"
    return f"```python\n{text}\n```\n"


def _split(arguments: str) -> Iterator[str]:
    """Yield the arguments of a signature: commas inside brackets part nothing."""
    depth, start = 0, 0
    for at, character in enumerate(arguments):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            yield arguments[start:at].strip()
            start = at + 1
    yield arguments[start:].strip()


def _markdown(docstring: str) -> str:
    """Return a Google docstring as Markdown: sections become lists."""
    lines = inspect.cleandoc(docstring).replace("``", "`").splitlines()
    found: list[str] = []
    section, code = "", False
    for line in [*lines, "end"]:
        if code and line and not line.startswith(" "):
            while not found[-1]:
                found.pop()
            found += ["```", ""]
            code = False
        heading = _SECTION.match(line)
        if heading:
            section = heading[1]
            found += [f"**{section}**" if section != "Args" else "**Arguments**", ""]
        elif section and line and not line.startswith(" "):
            section = ""
            found.append(line)
        elif section and _ENTRY.match(line):
            found.append(_ENTRY.sub(r"- `\1`: ", line))
        elif section:
            more = bool(found) and found[-1].startswith(("- ", "  "))
            found.append(f"  {line.strip()}" if line and more else line.strip())
        elif line.endswith("::"):
            found += [line[:-1], "", "```python"]
            code = True
        elif not (code and not line and found[-1] == "```python"):
            found.append(line.removeprefix("    ") if code else line)
    return "\n".join(found[:-1]).strip()


# -- files and pytest ---------------------------------------------------------------------------

_FILE_HEAD = """# Files of results

{written}
`--json FILE` of a command writes what it found. `dropout-props report FILE` prints or draws it
later, without JAX. A reader refuses a file of another version, a truncated or a foreign one in one
sentence.

| written by | field `format` | holds |
|---|---|---|
| `check` | {format} | `run`: a [RunResult](#runresult); `complete` |
| `gate`, `diff` | {format} | `comparison`: a [Comparison](#comparison); `tally`, `exit_code` |
| `audit` | {record!r} | sites, properties with counts and findings, root causes, keys of masks |
| `selftest` | {selftest!r} | the kill matrix, figures of false alarms and of misses |

The first two have a JSON Schema: {{download}}`result.schema.json` and
{{download}}`comparison.schema.json`.
`dropout-props schema` prints the first, `dropout-props schema --of comparison` the second.
Numbers that JSON cannot express are the texts `Infinity`, `-Infinity` and `NaN`.
"""


def _files() -> str:
    results = PACKAGE / "results"
    stored = _tree(results / "stored.py")
    names = {n: ast.literal_eval(_assigned(stored, n)) for n in ("RECORD", "SELFTEST")}
    head = _FILE_HEAD.format(
        written=_WRITTEN.format(source="the records in `dropout_props/results/`"),
        format=ast.literal_eval(_assigned(_tree(results / "files.py"), "FORMAT")),
        record=names["RECORD"],
        selftest=names["SELFTEST"],
    )
    parts = [head]
    for file, first in (("records.py", "RunResult"), ("comparison.py", "Comparison")):
        classes = [n for n in _tree(results / file).body if isinstance(n, ast.ClassDef)]
        classes.sort(key=lambda node: node.name != first)
        parts += [part for node in classes for part in _fields(node)]
    return "\n".join(parts).rstrip() + "\n"


def _fields(node: ast.ClassDef) -> list[str]:
    """Return a record as a table of its fields."""
    text, _, _ = (ast.get_docstring(node) or "").partition("\nArgs:")
    said = _entries(ast.get_docstring(node) or "")
    fields = [one for one in node.body if isinstance(one, ast.AnnAssign)]
    head = [f"## {node.name}\n", _markdown(text) + "\n"]
    if not fields:
        return [*head, *_values(node)]
    rows = [
        f"| `{(name := ast.unparse(one.target))}` | `{ast.unparse(one.annotation)}` | "
        f"{_cell(said.get(name, ''))} |".replace(" | None`", " or null`")
        for one in fields
    ]
    return [*head, "| field | type | meaning |", "|---|---|---|", *rows, ""]


def _entries(docstring: str) -> dict[str, str]:
    """Return the explanations of the arguments, by name."""
    _, _, arguments = docstring.partition("Args:\n")
    found: dict[str, str] = {}
    name = ""
    for line in arguments.splitlines():
        entry = _ENTRY.match(line)
        if entry:
            name = entry[1]
            found[name] = line[entry.end() :]
        elif name:
            found[name] += " " + line.strip()
    return found


def _pytest() -> str:
    """Return the page of the plugin, with its table of options renewed."""
    text = (DOCS / "pytest-plugin.md").read_text(encoding="utf-8")
    tree = _tree(PACKAGE / "pytest_plugin" / "__init__.py")
    rows = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("addoption"):
            given = {one.arg: one.value for one in node.keywords}
            if isinstance(given["help"], ast.Constant):
                rows.append(f"| `{ast.literal_eval(node.args[0])}` | {given['help'].value!s} |")
    table = "\n".join(["| option | what it does |", "|---|---|", *rows])
    return re.sub(
        r"(<!-- options -->\n).*?(<!-- end -->)",
        lambda found: f"{found[1]}\n{table}\n\n{found[2]}",
        text,
        flags=re.DOTALL,
    )


def main(arguments: list[str] | None = None) -> int:
    """Write the pages, or compare them with those that are there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if old")
    options = parser.parse_args(arguments)
    old = []
    for name, text in pages().items():
        place = DOCS / name
        if not place.exists() or place.read_text(encoding="utf-8") != text:
            old.append(name)
            if not options.check:
                place.write_text(text, encoding="utf-8")
    sys.stdout.write("".join(f"docs/{name}\n" for name in old))
    return int(options.check and bool(old))


if __name__ == "__main__":
    sys.exit(main())
