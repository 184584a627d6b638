"""Collects the source of functions of this package, with everything of the package that they need.

Question: which text makes a function run where this package is not installed?
Guarantee: the text imports or defines every global name that the function reaches, each definition
after those that it reads. Methods that no collected code names are left out, and so are those that
a dispatcher calls for a type that no collected code names. Where two modules
give one name to two things, the second is renamed.
Cannot say: which method `getattr` finds under a name that is put together at run time.
"""

from __future__ import annotations

import ast
import dis
import importlib
import inspect
import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from types import CodeType

__all__ = ["Collector"]

_PACKAGE = __name__.partition(".")[0]


class Collector:
    """Collects definitions, and writes them as one text.

    Attributes:
        attributes: names of all attributes that the collected code reads.
    """

    def __init__(self, stand_ins: Mapping[str, str]) -> None:
        """Starts empty; `stand_ins` maps a `module:name` to the one to take in its place."""
        self.attributes: set[str] = set()
        self._stand_ins = stand_ins
        self._names: dict[str, str] = {}  # in the text, by `module:name` or import statement
        self._renamed: dict[str, dict[str, str]] = defaultdict(dict)  # by module and old name
        self._definitions: list[tuple[str, ast.stmt]] = []
        self._unused: list[tuple[str, ast.FunctionDef]] = []  # methods that no code names so far
        self._modules: dict[str, str] = {}  # modules whose attributes are read, by name

    def add(self, place: str) -> str:
        """Collects the definition of a global name, `module:name`, and everything that it needs.

        Returns:
            Its name in the text.
        """
        place = self._stand_ins.get(place, place)
        module, _, name = place.partition(":")
        node = _bound(module).get(name)
        if isinstance(node, ast.Import | ast.ImportFrom):
            return self._import(node, name)
        if node is not None and place not in self._names:
            wanted, name = name, self.name(place, name)
            if name != wanted:
                self._renamed[module][wanted] = name
            methods = _methods(node)
            self._unused += [(module, one) for one in methods]
            self._need(module, _without_methods(node))
            if (module, node) not in self._definitions:  # one statement may bind two names
                self._definitions.append((module, node))
            self._add_used()
        return self._names.get(place, name)  # a builtin has its own

    def name(self, place: str, name: str) -> str:
        """Returns the name of a place in the text: the wanted one, unless another place has it."""
        while place not in self._names and name in self._names.values():
            name += "_"
        return self._names.setdefault(place, name)

    def text(self) -> str:
        """Returns the imports and the definitions."""
        imports = {
            place if place.endswith(f" {name}") else f"{place} as {name}"
            for place, name in self._names.items()
            if ":" not in place
        }
        texts = [self._text(module, node) for module, node in self._ordered()]
        for name, module in self._modules.items():
            members = [f"{one}={self.add(f'{module}:{one}')}" for one in self._read(module)]
            imports.add("from types import SimpleNamespace")
            texts.append(f"{name} = SimpleNamespace({', '.join(members)})")
        return "\n\n\n".join(["\n".join(sorted(imports)), *texts])

    def _import(self, node: ast.Import | ast.ImportFrom, name: str) -> str:
        wanted = next(one.name for one in node.names if name in (one.asname, one.name))
        if isinstance(node, ast.Import):
            return self.name(f"import {wanted}", name)
        origin = node.module or ""
        if not _is_ours(origin):
            return self.name(f"from {origin} import {wanted}", name)
        if wanted in _bound(origin):
            return self.add(f"{origin}:{wanted}")
        self._modules[name] = f"{origin}.{wanted}"
        return name

    def _need(self, module: str, node: ast.stmt) -> None:
        """Collects every global name that a statement reads, or imports from this package."""
        for inner in _imports(node):
            for alias in inner.names:
                name = alias.asname or alias.name
                if (text_name := self._import(inner, name)) != name:
                    self._renamed[module][name] = text_name
        for kind, name in _reads(node):
            if kind == "attribute":
                self.attributes.add(name)
                continue
            text_name = self.add(f"{module}:{name}")
            if text_name != name:
                self._renamed[module][name] = text_name

    def _add_used(self) -> None:
        """Collects the methods, and the members of modules, that the code names by now."""
        for one in list(self._unused):
            is_named = one in self._unused and self._is_called(*one)
            # A class method that imports more of the package makes a subject: the text has its own.
            if is_named and not (_is_of_class(one[1]) and _imports(one[1])):
                self._unused.remove(one)
                self._need(*one)
        for module in list(self._modules.values()):
            for member in self._read(module):
                self.add(f"{module}:{member}")

    def _ordered(self) -> list[tuple[str, ast.stmt]]:
        """Returns the definitions: a type ahead of each class with a method that runs for it."""
        ordered: dict[tuple[str, ast.stmt], None] = {}
        for module, node in self._definitions:
            for method in _methods(node):
                if (module, method) not in self._unused:
                    for name in _types(method):
                        owner, _, bound = self._resolved(module, name).partition(":")
                        ordered[owner, _bound(owner)[bound]] = None
            ordered[module, node] = None
        return list(ordered)

    def _is_called(self, module: str, method: ast.FunctionDef) -> bool:
        """Returns whether the collected code names a method, or a type for which it runs."""
        if method.name in self.attributes:
            return True
        return any(self._resolved(module, one) in self._names for one in _types(method))

    def _resolved(self, module: str, name: str) -> str:
        """Returns the place, `module:name`, where a global name of a module is defined."""
        node = _bound(module).get(name)
        if isinstance(node, ast.ImportFrom) and node.module:
            wanted = next(one.name for one in node.names if name in (one.asname, one.name))
            return self._resolved(node.module, wanted) if _is_ours(node.module) else ""
        return f"{module}:{name}"

    def _read(self, module: str) -> list[str]:
        return sorted(self.attributes & _bound(module).keys())

    def _text(self, module: str, node: ast.stmt) -> str:
        """Returns a definition as its file has it, with the first line of each docstring."""
        lines, hidden = _source(module).splitlines(), set()
        for owner, method in self._unused:
            if owner == module:
                hidden |= {_span(method).start - 1, *_span(method)}
        for inner in _imports(node):  # the text defines these names
            hidden |= {*_span(inner)}
        for one in ast.walk(node):
            if isinstance(one, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(one):
                first, *rest = _span(one.body[0])
                lines[first - 1] += '"""' * bool(rest)
                hidden |= {*rest}
        text = "\n".join(lines[number - 1] for number in _span(node) if number not in hidden)
        for name, new in self._renamed[module].items():
            text = re.sub(rf"(?<![\w.]){name}\b", new, text)
        return re.sub(r"  # (noqa|type: ignore).*", "", text)


@cache
def _source(module: str) -> str:
    return inspect.getsource(importlib.import_module(module))


@cache
def _bound(module: str) -> dict[str, ast.stmt]:
    """Returns the statement that binds each global name of a module, without its declaration."""
    bound: dict[str, ast.stmt] = {}
    for node in ast.parse(_source(module)).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {one.asname or one.name: node for one in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            node.decorator_list = [one for one in node.decorator_list if not _declares(one)]
            bound[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            stored = [one for one in ast.walk(node) if isinstance(one, ast.Name)]
            bound |= {one.id: node for one in stored if isinstance(one.ctx, ast.Store)}
    return bound


def _declares(decorator: ast.expr) -> bool:
    """Whether a decorator only declares the property that the function decides."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return getattr(called, "attr", getattr(called, "id", "")) in ("exact", "statistical")


@cache
def _reads(node: ast.stmt) -> tuple[tuple[str, str], ...]:
    """Returns ("attribute" or "global", name) of what a statement reads, in its order."""
    found: dict[tuple[str, str], None] = {}
    # The compiler inherits this file's `annotations`: it evaluates none.
    codes = [compile(ast.Module([node], []), _PACKAGE, "exec")]
    for code in codes:
        codes += [one for one in code.co_consts if isinstance(one, CodeType)]
        for one in dis.get_instructions(code):
            if one.opname in ("LOAD_ATTR", "LOAD_METHOD"):
                found["attribute", one.argval] = None
            elif one.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                found["global", one.argval] = None
    return tuple(found)


@cache
def _imports(node: ast.stmt) -> tuple[ast.ImportFrom, ...]:
    """Returns the imports from this package inside the functions of a statement."""
    functions = [one for one in ast.walk(node) if isinstance(one, ast.FunctionDef)]
    found = dict.fromkeys(one for function in functions for one in ast.walk(function))
    imports = [one for one in found if isinstance(one, ast.ImportFrom)]
    return tuple(one for one in imports if _is_ours(one.module or ""))


def _is_of_class(method: ast.FunctionDef) -> bool:
    return any(ast.unparse(one) == "classmethod" for one in method.decorator_list)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == _PACKAGE


def _methods(node: ast.stmt) -> list[ast.FunctionDef]:
    """Returns the methods of a class that Python does not call by itself."""
    body = node.body if isinstance(node, ast.ClassDef) else []
    found = [one for one in body if isinstance(one, ast.FunctionDef)]
    return [one for one in found if not one.name.startswith("__")]


@cache
def _without_methods(node: ast.stmt) -> ast.stmt:
    """Returns a class without what `_methods` returns; another statement as it is."""
    if not isinstance(node, ast.ClassDef):
        return node
    methods = _methods(node)
    rest: list[ast.stmt] = [one for one in node.body if one not in methods] or [ast.Pass()]
    bare = ast.ClassDef(**{**dict(ast.iter_fields(node)), "body": rest})
    return ast.fix_missing_locations(ast.copy_location(bare, node))


def _types(method: ast.FunctionDef) -> list[str]:
    """Returns the names of the types for which `functools.singledispatchmethod` calls a method."""
    calls = [one for one in method.decorator_list if isinstance(one, ast.Call)]
    return [
        one.args[0].id
        for one in calls
        if isinstance(one.func, ast.Attribute) and one.func.attr == "register"
        if one.args and isinstance(one.args[0], ast.Name)
    ]


def _span(node: ast.stmt) -> range:
    """Returns the numbers of the lines of a statement, decorators included."""
    first = min(one.lineno for one in (node, *getattr(node, "decorator_list", [])))
    return range(first, (node.end_lineno or first) + 1)
