"""Run the scripts of `data/failures/python-sources.txt` and say what is told of each, as object and as text.

    python tests/diagnosis/probe.py [NAME ...]

Each runs in a fork of its own, so that nothing that one leaves reaches the
next. One line of JSON for each that failed: its name, and code and line of
both answers.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from capture import sources

from autoexec_magic.diagnosis import diagnose_exception, diagnose_text, python

SECONDS = 20
# They end the process, or need another one to be what it was started as.
LEFT_OUT = ("interrupted", "wrong-usage", "main-guard-missing", "daemonic-children", "worker-died")


def told(name: str, source: str) -> dict[str, object] | None:
    """Return what is told of a script's failure; None where it did not fail."""
    source, *files = source.split("\n--- ")
    for file in files:
        path, _, content = file.partition("\n")
        Path(path).write_text(content, encoding="utf-8")
    script = Path.cwd() / "script.py"
    script.write_text(source, encoding="utf-8")
    sys.path.insert(0, str(script.parent))
    try:
        exec(compile(source, str(script), "exec"), {"__name__": "__main__", "__file__": str(script)})
    except BaseException as error:
        error = error.with_traceback(error.__traceback__.tb_next)
        text = "".join(traceback.format_exception(error))
        of_object = diagnose_exception(error, is_user_frame=lambda file: file.startswith(str(script.parent)))
        of_text = diagnose_text(text)
        return {
            "name": name,
            "object": of_object.code,
            "text": of_text.code,
            "codes": [python.code_of(error), python.code_of_text(text)],
            "places": [of_object.where, of_text.where],
            "confidences": [of_object.confidence, of_text.confidence],
            "missing": (type(error).__name__ == "ModuleNotFoundError" and error.name) or "",
            "evidence": of_object.evidence,
            "fix": of_object.fix,
            "action": of_object.action and [of_object.action.kind, *of_object.action.values],
        }
    return None


def main() -> None:
    """Run what is named, or everything."""
    names = sys.argv[1:]
    for name, (source, _) in sources().items():
        if name.partition(".")[0] in LEFT_OUT or (names and name not in names):
            continue
        sys.stdout.flush()
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            continue
        folder = tempfile.mkdtemp()
        with contextlib.suppress(BaseException):
            import signal

            signal.alarm(SECONDS)
            shutil.copy(Path(__file__).with_name("serve.py"), folder)
            os.chdir(folder)
            out, sys.stdout = sys.stdout, sys.stderr
            found = told(name, source)
            if found:
                print(json.dumps(found), file=out, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)


if __name__ == "__main__":
    main()
