"""The plugin imports nothing heavy, and has the same verdicts with -n 2 as with -n 0."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeAlias

import pytest

from dropout_props import pytest_plugin

_MODULE = """
import jax.numpy as jnp
from dropout_props import Subject, parametrize_with_properties

def unscaled(key, x, rate, deterministic):
    import jax
    if deterministic or rate == 0.0:
        return x
    if x.dtype == jnp.float16:
        raise TypeError("float16 is too coarse")
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x, jnp.zeros_like(x))

@parametrize_with_properties(
    ["linen.Dropout", "d2l.dropout_layer", Subject.function(unscaled, name="unscaled")],
    properties=["DP101", "DP104", "DP201", "DP202"],
)
def test_layers(property_check):
    property_check()
"""


class _Done(NamedTuple):
    """What a session of pytest printed, and the code that it exited with."""

    returncode: int
    stdout: str
    stderr: str


_OPTIONS = ("-q", "-p", "no:cacheprovider", "--dp-profile", "smoke")


def _process(folder: Path, *arguments: str) -> _Done:
    """Run pytest in a process of its own."""
    (folder / "test_layers.py").write_text(_MODULE)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *_OPTIONS, *arguments],
        cwd=folder,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return _Done(done.returncode, done.stdout, done.stderr)


Session: TypeAlias = Callable[..., _Done]


@pytest.fixture
def session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Session]:
    """Run pytest in this process, in a folder of its own; what JAX has imported stays."""
    (tmp_path / "test_layers.py").write_text(_MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    def run(*arguments: str) -> _Done:
        monkeypatch.chdir(tmp_path)
        capsys.readouterr()
        code = pytest.main(["--rootdir", str(tmp_path), *_OPTIONS, *arguments])
        return _Done(int(code), *capsys.readouterr())

    yield run
    _forget(tmp_path)


def _forget(folder: Path) -> None:
    """Remove the modules of a folder."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


def _verdicts(path: Path) -> dict[tuple[str, str], tuple[str, str]]:
    document = json.loads(path.read_text())
    assert document["complete"] is True
    results = document["run"]["results"]
    return {
        (r["subject"], r["property_id"]): (r["verdict"], json.dumps(r["examples"])) for r in results
    }


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The folder of a run without workers, in this process, and its outcome."""
    folder = tmp_path_factory.mktemp("serial")
    (folder / "test_layers.py").write_text(_MODULE)
    said = io.StringIO()
    arguments = ("--rootdir", str(folder), *_OPTIONS, "-n", "0", "--dp-json", "serial.json")
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(said):
        patched.chdir(folder)
        patched.setenv("COLUMNS", "200")
        code = pytest.main([*arguments])
    _forget(folder)
    return folder, _Done(int(code), said.getvalue(), "")


def test_serial_and_parallel_give_the_same_verdicts_and_counts(
    tmp_path: Path, serial: tuple[Path, Any]
) -> None:
    """Every verdict and every integer is the same with two workers as without workers."""
    folder, without = serial
    parallel = _process(tmp_path, "-n", "2", "--dp-json", "parallel.json")
    assert without.returncode == parallel.returncode == 1, without.stdout + parallel.stdout
    seen = _verdicts(folder / "serial.json")
    assert _verdicts(tmp_path / "parallel.json") == seen
    assert {pair: verdict for pair, (verdict, _) in seen.items()} == {
        ("linen.Dropout", "DP101"): "pass",
        ("linen.Dropout", "DP104"): "pass",
        ("linen.Dropout", "DP201"): "pass",
        ("linen.Dropout", "DP202"): "pass",
        ("d2l.dropout_layer", "DP101"): "not applicable",
        ("d2l.dropout_layer", "DP104"): "known",
        ("d2l.dropout_layer", "DP201"): "pass",
        ("d2l.dropout_layer", "DP202"): "pass",
        ("unscaled", "DP101"): "pass",
        ("unscaled", "DP104"): "pass",
        ("unscaled", "DP201"): "fail",
        ("unscaled", "DP202"): "blocked",
    }
    for done in (without, parallel):
        assert "1 failed, 8 passed, 2 skipped, 1 xfailed" in done.stdout
        assert "8 pass, 1 fail, 1 blocked, 1 not applicable, 1 known" in done.stdout
        assert "budget:" not in done.stdout  # -q is short
        assert "are neither 0 nor x/keep" in done.stdout


def test_a_failure_shows_no_traceback(tmp_path: Path, session: Session) -> None:
    """The message is the paragraph alone, without frames of this package."""
    done = session("-v", "-k", "unscaled-DP201")  # -q and -v: as without either
    assert done.returncode == 1
    assert "budget: a false alarm in at most 1e-9 of all runs" in done.stdout
    assert "FAIL unscaled DP201 outputs are 0 or x/keep" in done.stdout
    assert "dropout_props/" not in done.stdout.split("short test summary")[0]


def test_a_failure_that_is_not_selected_and_blocks_another_fails_the_session(
    tmp_path: Path, session: Session
) -> None:
    """The test is skipped, a line names the failure, and the exit code is 1. Notes are there."""
    done = session("-v", "-k", "unscaled-DP202", "--dp-json", "one.json")
    assert done.returncode == 1, done.stdout
    assert "unscaled: 1 not judged, since DP201, on which they depend, is fail" in done.stdout
    assert "unscaled: it refuses float16 (TypeError" in done.stdout
    notes = json.loads((tmp_path / "one.json").read_text())["run"]["notes"]
    assert [note[:30] for note in notes] == ["unscaled: it refuses float16 (T"[:30]]


def test_selection_changes_no_verdict(
    tmp_path: Path, session: Session, serial: tuple[Path, Any]
) -> None:
    """A property has the same share, keys and counts alone as together with others."""
    folder, _ = serial
    session("-k", "linen.Dropout-DP202", "--dp-json", "one.json")
    alone = _verdicts(tmp_path / "one.json")
    assert list(alone) == [("linen.Dropout", "DP202")]
    among_others = _verdicts(folder / "serial.json")
    assert among_others["linen.Dropout", "DP202"] == alone["linen.Dropout", "DP202"]


def test_loading_the_plugin_imports_nothing_heavy() -> None:
    """So a session that does not use the plugin loses no time."""
    script = (
        "import sys, dropout_props.pytest_plugin; "
        "print([m for m in ('jax', 'flax', 'scipy', 'hypothesis', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--dp-seed=pepper", "--dp-seed 'pepper' is not of type int"),
        ("--dp-budget=little", "--dp-budget 'little' is not of type float"),
        ("--dp-profile=hourly", "--dp-profile 'hourly': it must be smoke, ci or nightly"),
    ],
)
def test_bad_options_are_refused(
    tmp_path: Path, session: Session, option: str, sentence: str
) -> None:
    """A usage error, exit 4, before anything is collected."""
    done = session(option)
    assert done.returncode == 4
    assert sentence in done.stderr


_ONE_NAME = """
import jax, jax.numpy as jnp
from dropout_props import Subject, parametrize_with_properties

def layer(key, x, rate, deterministic):
    return x if deterministic else {scale} * x

subject = Subject.function(layer)
@parametrize_with_properties([subject], properties=["DP101"])
def test_layer(property_check):
    property_check()

@parametrize_with_properties([subject], properties=["DP106"])
def test_layer_again(property_check):
    property_check()
"""


@pytest.mark.parametrize("workers", ["0", pytest.param("2", marks=pytest.mark.nightly)])
def test_two_subjects_of_one_name_in_two_modules_are_refused(
    tmp_path: Path, session: Session, workers: str
) -> None:
    """A usage error that names both tests; under xdist each test fails with that sentence."""
    (tmp_path / "test_first.py").write_text(_ONE_NAME.format(scale=1))
    (tmp_path / "test_second.py").write_text(_ONE_NAME.format(scale=2))
    run = session if workers == "0" else partial(_process, tmp_path)
    done = run("-n", workers, "test_first.py", "test_second.py")
    assert done.returncode == (4 if workers == "0" else 1), done.stdout + done.stderr
    assert "two subjects are called 'layer', in test_first.py::" in done.stdout + done.stderr
    alone = run("-n", workers, "test_first.py")  # one subject in two tests
    assert "2 passed" in alone.stdout


def test_more_subjects_than_the_budget_has_room_for_are_refused(
    tmp_path: Path, session: Session
) -> None:
    """A usage error, as with `check`, before anything is judged."""
    (tmp_path / "test_many.py").write_text(
        "from dropout_props import Subject, parametrize_with_properties\n"
        "layers = [Subject.function(lambda key, x, rate, deterministic: x, name=f'n{i}')\n"
        "          for i in range(65)]\n"
        "@parametrize_with_properties(layers, properties=['DP101'])\n"
        "def test_it(property_check):\n    property_check()\n"
    )
    done = session("test_many.py")
    assert done.returncode == 4
    assert "65 subjects: the error budget has room for 64." in done.stderr


@pytest.mark.parametrize(("subjects", "refused"), [(64, 0), (65, 65)])
def test_the_capacity_counts_subjects_and_not_tests(subjects: int, refused: int) -> None:
    """Two tests of one subject have one place; without room every subject is refused."""
    params = [{"property_check": (f"n{i % subjects}", "DP101")} for i in range(2 * subjects)]
    items: Any = [SimpleNamespace(callspec=SimpleNamespace(params=one)) for one in params]
    assert len(pytest_plugin._too_many(items)) == refused


def test_two_paths_to_subjects_of_one_name_have_a_verdict_each(
    tmp_path: Path, session: Session
) -> None:
    """They are named by their paths, as their tests are; the broken one fails."""
    (tmp_path / "layers_of_one_name.py").write_text(
        "from dropout_props import Subject\n"
        "right = Subject.function(lambda key, x, rate, deterministic: x, name='layer')\n"
        "wrong = Subject.function(lambda key, x, rate, deterministic: 2 * x, name='layer')\n"
    )
    (tmp_path / "test_pair.py").write_text(
        "from dropout_props import parametrize_with_properties\n"
        "@parametrize_with_properties(\n"
        "    ['layers_of_one_name:right', 'layers_of_one_name:wrong'], properties=['DP101'])\n"
        "def test_it(property_check):\n    property_check()\n"
    )
    done = session("test_pair.py", "--dp-json", "r.json")
    assert done.returncode == 1
    assert {pair: verdict for pair, (verdict, _) in _verdicts(tmp_path / "r.json").items()} == {
        ("layers_of_one_name:right", "DP101"): "pass",
        ("layers_of_one_name:wrong", "DP101"): "fail",
    }


def test_two_subjects_of_one_name_are_refused(tmp_path: Path, session: Session) -> None:
    """A report could not distinguish them."""
    (tmp_path / "test_twice.py").write_text(
        "from dropout_props import parametrize_with_properties\n"
        "@parametrize_with_properties(['linen.Dropout', 'linen.Dropout'])\n"
        "def test_it(property_check):\n    property_check()\n"
    )
    done = session("test_twice.py")
    assert "two subjects are called 'linen.Dropout'" in done.stdout


@pytest.mark.parametrize("workers", ["0", pytest.param("2", marks=pytest.mark.nightly)])
def test_a_full_disk_is_one_line_and_not_a_pass(
    tmp_path: Path, session: Session, workers: str
) -> None:
    """Exit 3, one sentence and the report; no traceback ends the session."""
    run = session if workers == "0" else partial(_process, tmp_path)
    done = run("-n", workers, "-k", "linen.Dropout-DP101", "--dp-json", "/dev/full")
    assert done.returncode == 3, done.stdout
    assert "--dp-json /dev/full: cannot be written: No space left on device." in done.stdout
    assert "1 pass in" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert not Path("/dev/full").is_file()


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("missing/r.json", "r.json: cannot be written; its folder must exist"),
        ("-", "--dp-json -: pytest prints its report to standard output; name a file"),
        ("/dev/stdout", "pytest prints its report to standard output"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused(
    tmp_path: Path, session: Session, place: str, sentence: str
) -> None:
    """A usage error, exit 4, before anything is collected."""
    done = session("--dp-json", place)
    assert done.returncode == 4
    assert sentence in done.stderr


def test_a_test_that_changes_folder_does_not_move_the_result(
    tmp_path: Path, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its path is relative to where pytest started; a cache that is not writable is ignored."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "conftest.py").write_text(
        "import os, pytest\n"
        "@pytest.fixture(autouse=True, scope='session')\n"
        "def moved():\n    os.chdir('elsewhere')\n"
    )
    monkeypatch.setenv("DROPOUT_PROPS_CACHE", "/dev/null/home")
    done = session("-k", "linen.Dropout-DP101", "--dp-json", "r.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(_verdicts(tmp_path / "r.json")) == [("linen.Dropout", "DP101")]


def test_a_selection_of_nothing_is_a_skip_that_says_so(tmp_path: Path, session: Session) -> None:
    """The other tests of the session run, and no report of properties is printed for it."""
    (tmp_path / "test_nothing.py").write_text(
        "from dropout_props import parametrize_with_properties\n"
        "@parametrize_with_properties(['linen.Dropout'], ignore=['DP'])\n"
        "def test_it(property_check):\n    property_check()\n"
        "def test_other():\n    pass\n"
    )
    done = session("test_nothing.py", "-rs")
    assert done.returncode == 0, done.stdout
    assert "1 passed, 1 skipped" in done.stdout
    assert "the selection leaves no property for linen.Dropout" in done.stdout


def test_a_test_without_a_subject_is_refused(tmp_path: Path, session: Session) -> None:
    """The error names the test, and both places where a subject can stand."""
    (tmp_path / "test_none.py").write_text(
        "from dropout_props import parametrize_with_properties\n"
        "@parametrize_with_properties([])\n"
        "def test_it(property_check):\n    property_check()\n"
    )
    done = session("test_none.py")
    assert done.returncode == 2, done.stdout
    assert "test_it has no subject: name some in parametrize_with_properties" in done.stdout


def test_a_subject_without_a_path_is_judged_again_by_its_test(
    tmp_path: Path, session: Session
) -> None:
    """No command of ours could load a function without a name, or the traits given in a test."""
    (tmp_path / "layers_with_a_path.py").write_text(
        "def wrong(key, x, rate, deterministic):\n    return 2 * x\n"
    )
    (tmp_path / "test_again.py").write_text(
        "import layers_with_a_path as layers\n"
        "from dropout_props import Subject, parametrize_with_properties\n"
        "@parametrize_with_properties([\n"
        "    Subject.function(lambda key, x, rate, deterministic: 2 * x, name='lambda'),\n"
        "    Subject.function(layers.wrong, nonfinite=False, name='traits'),\n"
        "    Subject.function(layers.wrong, name='path'),\n"
        "], properties=['DP101'])\n"
        "def test_it(property_check):\n    property_check()\n"
    )
    stdout = " ".join(session("test_again.py", "-v").stdout.split())
    for name in ("lambda", "traits"):
        test = f"'test_again.py::test_it[{name}-DP101]'"
        assert f"reproduce: pytest {test} --dp-profile smoke --dp-seed 0" in stdout
    assert "or dropout-props check layers_with_a_path:wrong --property DP101" in stdout
