"""`dropout-props matrix --installed`: judges the subjects of all installed frameworks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dropout_props.cli.errors import CannotRun
from dropout_props.cli.outputs import Outputs
from dropout_props.results.exit_codes import ExitCode, of_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dropout_props.results.records import RunResult

__all__ = ["side_by_side"]


def side_by_side(
    subjects: Sequence[str],
    request: dict[str, Any],
    *,
    folder: Path | None,
    page: Path | None,
    html_path: Path | None,
    timeout: float,
    words: str,
) -> ExitCode:
    """Judge each subject with this interpreter, and write the page.

    Args:
        subjects: names or paths; Flax's layers and those of the installed frameworks when empty.
        request: as in `SideJob`.
        folder: holds the results, for another call to reuse; None to store none.
        page: the Markdown page; None to print it.
        html_path: the HTML page; None to write none.
        timeout: seconds for one subject.
        words: the command, as the page names it.

    Raises:
        CannotRun: the stored results are not of one run.
    """
    from dropout_props.cli.comparison_output import read_result
    from dropout_props.cli.gate_command import FLAX_LAYERS
    from dropout_props.cli.interrupt import interruptible
    from dropout_props.cli.progress import run_sides
    from dropout_props.gate.side_by_side import OtherRun, file_of, judge, together
    from dropout_props.report.subjects import subjects_page
    from dropout_props.results import files

    if not subjects:
        from dropout_props.layers.registry import installed_frameworks

        subjects = (*FLAX_LAYERS, *installed_frameworks())
    stored: dict[str, RunResult] = {}
    if folder is not None:
        paths = {one: folder / file_of(one) for one in subjects}
        stored = {one: read_result(path) for one, path in paths.items() if path.exists()}
    with Outputs() as outputs:

        def finish(subject: str, result: RunResult) -> None:
            if folder is not None and not result.stopped:
                outputs.save(files.result_text(result), folder / file_of(subject))

        with interruptible():
            found = judge(
                subjects,
                request,
                run_sides=run_sides,
                timeout=timeout,
                on_result=finish,
                stored=stored,
            )
        try:
            run = together(found)
        except OtherRun as error:
            raise CannotRun(str(error)) from error
        text = subjects_page(run, command=words)
        if page is None:
            outputs.say(text)
        elif outputs.save(text, page):
            outputs.say(f"{page}: {len(found)} subjects.")
        if html_path is not None:
            from dropout_props.report.html import page as html_page

            outputs.save(html_page(run), html_path)
        return ExitCode.INCOMPLETE if run.stopped and not run.results else of_run(run)
