"""Pictures of the documentation are what their scripts write from today's output."""

import sys
from importlib import util
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[3]


def load(name: str) -> ModuleType:
    """Import a script of the folder `tools`."""
    spec = util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_the_picture_of_a_terminal_shows_the_report_of_the_page() -> None:
    """Run `python tools/terminal_picture.py` when this fails.

    That the report of docs/recording.md is the real one is tested in tests/recording.
    """
    tool = load("terminal_picture")
    page = (ROOT / "docs" / "recording.md").read_text(encoding="utf-8")
    _, _, after = page.partition(f"```console\n$ {tool.COMMAND}\n")
    report, _, _ = after.partition("```")
    assert report
    assert tool.PICTURE.read_text(encoding="utf-8") == tool.picture(tool.COMMAND, report)


def test_the_pictures_of_masks_and_of_evidence_are_those_of_their_scripts() -> None:
    """Run `python tools/mask_pictures.py` or `python tools/evidence_picture.py` when this fails."""
    masks = load("mask_pictures")
    for name in masks.FAULTS:
        stored = (masks.FOLDER / f"mask-{name}.svg").read_text(encoding="utf-8")
        assert stored == masks.picture(name), name
    evidence = load("evidence_picture")
    assert evidence.PICTURE.read_text(encoding="utf-8") == evidence.picture()


def test_a_picture_is_well_formed_and_loses_no_text() -> None:
    """Markup is escaped, a long line is folded, and no word is lost."""
    tool = load("terminal_picture")
    long = "DP901 <b> & " + "word " * 60
    drawn = tool.picture("a <command>", f"{long}\nFAIL DP907, DP905")
    root = ET.fromstring(drawn)  # noqa: S314 (written here)
    lines = ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert lines[0] == "$ a <command>"
    assert lines[1].startswith("DP901 <b> & word")
    assert sum(line.count("word") for line in lines) == 60
    assert all(len(line) <= tool.COLUMNS for line in lines)
    assert lines[-1] == "FAIL DP907, DP905"
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")
