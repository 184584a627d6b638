"""Run programs of JAX and Flax, each in a process of its own that has both imported already.

The process forks before JAX starts a backend, so that a program sees what a fresh interpreter
sees. It reads one JSON object a line, {"program": ..., "folder": ...}, and answers each with one
line, [exit code, output]. Output is of both streams.
"""

import json
import os
import sys
import traceback
from pathlib import Path

import flax.linen
import flax.nnx  # noqa: F401 - what a program imports is there before the fork


def _run(program: str, folder: str, output: str) -> None:
    """Run a program as `python -c` does, and leave the process."""
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.chdir(folder)
    code = 0
    try:
        exec(compile(program, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main() -> None:
    """Answer each line of the standard input."""
    for line in sys.stdin:
        task = json.loads(line)
        output = Path(task["folder"]) / f"{os.getpid()}.out"
        child = os.fork()
        if not child:
            _run(task["program"], task["folder"], str(output))
        _, status = os.waitpid(child, 0)
        text = output.read_text(encoding="utf-8", errors="replace")
        print(json.dumps([os.waitstatus_to_exitcode(status), text]), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
