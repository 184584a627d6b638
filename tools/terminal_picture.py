"""Writes docs/_static/audit.svg and audit.html: `dropout-props audit` of the wrong example.

python tools/terminal_picture.py           runs the command, writes its page and the picture
python tools/terminal_picture.py --check   runs the command, and exits with 1 if the picture is old

The picture is text in SVG: it loads no font and needs no script. Lines are folded at `COLUMNS`, as
a terminal of that width folds them.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

__all__ = ["COLUMNS", "COMMAND", "PAGE", "PICTURE", "main", "picture"]

COMMAND = "dropout-props audit dropout_props.layers.examples.training_step:eight_steps"
PICTURE = Path(__file__).parents[1] / "docs" / "_static" / "audit.svg"
PAGE = PICTURE.with_suffix(".html")
COLUMNS = 134
_INDENT = 4  # of a line that was folded
_CHARACTER, _LINE, _LEFT, _TOP, _SIZE = 7.23, 17, 18, 56, 12

_STYLE = (
    ".t{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
    "fill:#d6dae0;white-space:pre}.r{fill:#ff7b72;font-weight:700}.g{fill:#56d364}"
    ".d{fill:#8b949e}.b{fill:#e6edf3;font-weight:700}"
)
_CLASSES = (
    (re.compile(r"FAIL[A-Z0-9, ]*|^fail\b"), "r"),
    (re.compile(r"^pass\b|^\$"), "g"),
    (re.compile(r"^not applicable.*"), "d"),
    (re.compile(r"^ {2}(?:at|seen|means|mend|so)\b"), "d"),
    (re.compile(r"^DP\d+ [^:]*:"), "b"),
)


def picture(command: str, output: str) -> str:
    """Return the picture of a terminal.

    Args:
        command: what was typed after the prompt.
        output: what the command printed.
    """
    lines = [part for line in (f"$ {command}", *output.splitlines()) for part in _folded(line)]
    width = round(2 * _LEFT + COLUMNS * _CHARACTER)
    height = _TOP + _LINE * len(lines) + 6
    dots = "".join(
        f'<circle cx="{20 + 18 * n}" cy="20" r="5.5" fill="{colour}"/>'
        for n, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    texts = "\n".join(
        f'<text class="t" x="{_LEFT}" y="{_TOP + _LINE * n}">{_coloured(line)}</text>'
        for n, line in enumerate(lines)
        if line
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{escape(command)}">\n'
        f"<style>{_STYLE}</style>\n"
        f'<rect width="{width}" height="{height}" rx="9" fill="#0d1117"/>{dots}\n{texts}\n</svg>\n'
    )


def _folded(line: str) -> Iterator[str]:
    """Yield a line in parts of at most `COLUMNS` characters, folded between words."""
    while len(line) > COLUMNS:
        at = line.rfind(" ", _INDENT + 1, COLUMNS + 1)
        at = at if at > 0 else COLUMNS
        yield line[:at]
        line = " " * _INDENT + line[at:].lstrip()
    yield line


def _coloured(line: str) -> str:
    """Return a line with a span for each part that has a colour."""
    spans = sorted(
        (found.start(), found.end(), name)
        for pattern, name in _CLASSES
        for found in pattern.finditer(line)
    )
    parts, end = [], 0
    for start, stop, name in spans:
        if start < end:
            continue
        parts.append(escape(line[end:start]))
        parts.append(f'<tspan class="{name}">{escape(line[start:stop])}</tspan>')
        end = stop
    return "".join([*parts, escape(line[end:])])


def _run(*options: str) -> str:
    """Run the command, and return what it printed; it exits with 1, since the example is wrong."""
    arguments = [sys.executable, "-m", "dropout_props", *COMMAND.split()[1:], *options]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 1:
        sys.exit(f"`{COMMAND}` exited with {done.returncode}, not 1:\n{done.stderr}")
    return done.stdout


def main(arguments: list[str] | None = None) -> int:
    """Write the picture, or compare it with the one that is there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if old")
    options = parser.parse_args(arguments)
    text = picture(COMMAND, _run(*([] if options.check else ["--html", str(PAGE)])))
    if options.check:
        return int(PICTURE.read_text(encoding="utf-8") != text)
    PICTURE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
