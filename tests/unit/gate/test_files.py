"""Result files are versioned and described by their schema, and other files are refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from dropout_props.gate.diff import diff
from dropout_props.results import files
from dropout_props.results.schema import comparison_schema, result_schema

DOCS = Path(__file__).parents[3] / "docs"


def test_a_result_comes_back_as_it_was(make: Any, count: Any, tmp_path: Path) -> None:
    """A result that is written and read is equal, infinities included."""
    one = count(500, 1_000)
    path = tmp_path / "a.json"
    result = make(one, notes=("a note",), seconds=float("inf"))
    files.write(result, path)
    assert files.read(path) == result
    json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_storing_the_last_result_fails_no_run(make: Any, tmp_path: Path) -> None:
    """A folder that cannot be written is ignored; a missing one is made."""
    (tmp_path / "file").touch()
    files.keep_last(make(), tmp_path / "file" / "last.json")
    files.keep_last(make(), tmp_path / "new" / "last.json")
    assert files.read(tmp_path / "new" / "last.json") == make()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda text: text[: len(text) // 2], "is not JSON, or is truncated"),
        (lambda _: '{"tool": "another"}', "is not a result of dropout_props"),
        (lambda _: "[]", "is not a result of dropout_props"),
        (
            lambda text: text.replace(f'"format": {files.FORMAT}', '"format": 99'),
            "format 99, this version reads",
        ),
        (
            lambda text: text.replace('"run_seed": 0', '"run_seed": "x"'),
            "was changed or damaged: run.run_seed",
        ),
    ],
)
def test_other_files_are_refused_in_one_sentence(
    make: Any, tmp_path: Path, change: Any, sentence: str
) -> None:
    """A truncated, foreign or damaged file, or another version, is named with a remedy."""
    path = tmp_path / "a.json"
    files.write(make(), path)
    path.write_text(change(path.read_text()))
    with pytest.raises(files.BadResultFile) as caught:
        files.read(path)
    assert sentence in str(caught.value)
    assert "dropout-props check --json" in str(caught.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(files.BadResultFile, match="cannot be read: No such file"):
        files.read(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("name", "schema"),
    [("result.schema.json", result_schema), ("comparison.schema.json", comparison_schema)],
)
def test_the_published_schema_is_the_one_of_the_records(name: str, schema: Any) -> None:
    """`dropout-props schema` prints the files in docs/."""
    assert json.loads((DOCS / name).read_text()) == schema()


def errors(value: Any, schema: Any, root: Any, at: str = "$") -> list[str]:  # noqa: C901
    """Validate a document, with the few keywords that the schema uses; return the errors."""
    if "$ref" in schema:
        return errors(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, at)
    if "anyOf" in schema:
        tried = [errors(value, one, root, at) for one in schema["anyOf"]]
        return [] if [] in tried else [f"{at}: no alternative fits"]
    if "const" in schema or "enum" in schema:
        fits = value in schema.get("enum", [schema.get("const")])
        return [] if fits else [f"{at}: {value!r} is not in the list"]
    kinds: dict[str, Any] = {
        "object": dict,
        "array": list,
        "string": str,
        "boolean": bool,
        "null": type(None),
    }
    kind = schema["type"]
    if kind in ("integer", "number"):
        good = isinstance(value, int | float if kind == "number" else int)
        return (
            []
            if good and not isinstance(value, bool)
            else [f"{at}: {value!r} is not of type {kind}"]
        )
    if not isinstance(value, kinds[kind]):
        return [f"{at}: {value!r} is not of type {kind}"]
    found = []
    if kind == "array":
        for index, one in enumerate(value):
            item = schema["items"] if "items" in schema else schema["prefixItems"][index]
            found += errors(one, item, root, f"{at}[{index}]")
    if kind == "object":
        known = schema.get("properties", {})
        found += [
            f"{at}: {name} is missing" for name in schema.get("required", []) if name not in value
        ]
        for name, one in value.items():
            more = schema.get("additionalProperties", {})
            if name not in known and more is False:
                found.append(f"{at}: {name} is unknown")
            else:
                found += errors(one, known.get(name, more), root, f"{at}.{name}")
    return found


def test_documents_fit_the_schema(make: Any, count: Any) -> None:
    """A result and a comparison are valid; an extra field is not."""
    result = make(count(500, 1_000))
    document = files.document(result)
    assert errors(document, result_schema(), result_schema()) == []
    compared = files.comparison_document(diff(result, result), exit_code=0)
    assert errors(compared, comparison_schema(), comparison_schema()) == []
    document["run"]["extra"] = 1
    assert errors(document, result_schema(), result_schema()) == ["$.run: extra is unknown"]
