"""Every command that a page shows is one that exists, with the options that it has.

Nothing is run: a command of this package goes through the parser of the command line, and its
values are compared with the catalogue, the shipped subjects and the files of the repository.
"""

import configparser
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest

from dropout_props.cli.main import _GONE, _group
from dropout_props.layers.registry import EXAMPLES, FRAMEWORKS, SHIPPED

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
CATALOGUE = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")
IDS = frozenset(re.findall(r"^#+ (DP\d{3})\b", CATALOGUE, flags=re.MULTILINE))
NAMES = frozenset({*SHIPPED, *EXAMPLES, *FRAMEWORKS})
MADE = frozenset({"program.py", "test_train.py"})
"""Files that a reader has made before the command: what these pages say to write."""


def shown(text: str) -> list[str]:
    """Return the commands of a page: lines of blocks after a prompt, and those in sentences."""
    found = []
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        lines = block.splitlines()
        if language == "console":
            found += [line[2:] for line in lines if line.startswith("$ ")]
        elif language == "sh":
            found += lines
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    names = r"(?:dropout-props [a-z]|python (?:tools|benchmarks)/|tox )"
    return found + [" ".join(one.split()) for one in re.findall(rf"`({names}[^`]*)`", prose)]


def words_of(command: str) -> list[list[str]]:
    """Split a line at `&&`, `&` and `|`, and cut off a redirection."""
    parts: list[list[str]] = [[]]
    for word in shlex.split(command, comments=True):
        if word in ("&&", "|", ";", "&"):
            parts.append([])
        else:
            parts[-1].append(word)
    return [part[: part.index(">")] if ">" in part else part for part in parts]


def fault(words: list[str]) -> str:
    """Return what is wrong with one command; empty if nothing is."""
    program, *rest = words
    program = program.removeprefix(".venv/bin/")
    if program == "dropout-props":
        return _own(rest)
    if program in ("python", "python3", "bash") and rest[0].endswith(".py"):
        return _script(rest)
    if program == "tox":
        return _tox(rest)
    if program == "pip":
        extras = re.findall(r"\[(.*)\]", " ".join(rest))
        declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        return "".join(f"no extra {one}" for one in extras if f"\n{one} = [" not in declared)
    if program == "pytest":
        paths = [one for one in rest if "/" in one or one.endswith(".py")]
        return "".join(f"no {p}" for p in paths if p not in MADE and not (ROOT / p).exists())
    known = (
        program in ("dask", "jq", "uv")
        or words[1:3] == ["-m", "venv"]
        or words[1:3] == ["-m", "build"]
    )
    return "" if known else f"the test does not know the program {program}"


def _own(rest: list[str]) -> str:
    """Parse a command of this package."""
    name, *arguments = rest
    if name in _GONE or name == "COMMAND":
        return ""
    command = _group.get_command(None, name)  # type: ignore[arg-type] # the group takes none
    while isinstance(command, click.Group) and arguments:
        name, *arguments = arguments
        command = command.commands.get(name)
    if command is None:
        return f"no command {name}"
    context = click.Context(command, info_name=name)
    try:
        given, left, _ = command.make_parser(context).parse_args(list(arguments))
        for parameter in command.params:
            if isinstance(parameter.type, click.Choice) and given.get(str(parameter.name)):
                parameter.type.convert(given[str(parameter.name)], parameter, context)
    except click.UsageError as error:
        return error.format_message()
    if left:
        return f"arguments that the command does not take: {left}"
    return _ids(arguments) or _subjects(name, given)


def _ids(arguments: list[str]) -> str:
    """Require that each id, or prefix of ids, is in the catalogue."""
    ids = [one for word in arguments for one in word.split(",") if re.fullmatch(r"DP\d*", one)]
    return "".join(f"no property {one}" for one in ids if not any(i.startswith(one) for i in IDS))


def _subjects(name: str, given: dict[str, Any]) -> str:
    """Require that a subject ships, or is a path; and that a path into this package leads there."""
    values = [given.get("subjects"), [given.get("program")]]  # a newer click marks what is not set
    named = [one for some in values if isinstance(some, list | tuple) for one in some]
    for one in (one for one in named if isinstance(one, str)):
        module, colon, attribute = one.partition(":")
        if name in ("check", "gate", "matrix") and not colon and one not in NAMES:
            return f"no subject {one}"
        if module.startswith("dropout_props."):
            file = ROOT.joinpath(*module.split(".")).with_suffix(".py")
            source = file.read_text(encoding="utf-8") if file.exists() else ""
            if not re.search(rf"^(?:def|class) {attribute}\b|^{attribute} =", source, re.MULTILINE):
                return f"{one} is not there"
    return ""


def _script(rest: list[str]) -> str:
    """Require that a script is there and knows the options."""
    path, *arguments = rest
    if path in MADE:
        return ""
    if not (ROOT / path).exists():
        return f"no file {path}"
    source = (ROOT / path).read_text(encoding="utf-8")
    options = [one.partition("=")[0] for one in arguments if one.startswith("--")]
    return "".join(f"{path} has no {one}" for one in options if f'"{one}"' not in source)


def _tox(rest: list[str]) -> str:
    """Require that each environment is in tox.ini."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "tox.ini", encoding="utf-8")
    named = rest[rest.index("-e") + 1 :][:1] if "-e" in rest else []  # `tox -e` names none
    names = [one for some in named for one in some.split(",")]
    return "".join(f"no environment {one}" for one in names if f"testenv:{one}" not in config)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_on_a_page_exists(page: Path) -> None:
    """With its options, choices, property ids, subjects and files."""
    found = {
        command: said
        for command in shown(page.read_text(encoding="utf-8"))
        for words in words_of(command)
        if words and (said := fault(words))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("dropout-props chek", "no command chek"),
        ("dropout-props campaign stop", "no command stop"),
        ("dropout-props campaign run depth linen.Dropout --untill 1", "No such option"),
        ("dropout-props check --htlm page.html", "No such option"),
        ("dropout-props check linen.Dropuot", "no subject linen.Dropuot"),
        ("dropout-props check --select DP2,DP999", "no property DP999"),
        ("dropout-props check --profile quick", "'quick' is not one of"),
        ("dropout-props explain DP298", "no property DP298"),
        ("dropout-props audit dropout_props.layers.examples.training_step:none", "is not there"),
        ("python tools/nothing.py", "no file tools/nothing.py"),
        ("python tools/changelog.py 1 --nothing", "has no --nothing"),
        ("tox -e nothing", "no environment nothing"),
        (".venv/bin/pip install '.[nothing]'", "no extra nothing"),
        ("frobnicate", "does not know the program frobnicate"),
    ],
)
def test_a_wrong_command_is_found(command: str, said: str) -> None:
    """Each kind of mistake that a page can have."""
    [words] = words_of(command)
    assert said in fault(words)


def test_pages_show_commands() -> None:
    """The search finds those in blocks and those in sentences."""
    text = "Run `tox -e\ndocs`.\n\n```console\n$ a | b\nout\n```\n\n```sh\nc && d > e\n```\n"
    assert shown(text) == ["a | b", "c && d > e", "tox -e docs"]
    assert words_of("c && d > e") == [["c"], ["d"]]
    assert sum(len(shown(page.read_text(encoding="utf-8"))) for page in PAGES) > 60
