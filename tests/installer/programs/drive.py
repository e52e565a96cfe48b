"""Do one thing with the installer in this interpreter's environment and say in JSON what came of it.

The job is a line of JSON on standard input: `verb` (heal, resolve, install,
undo, fix, script), its `source`, `modules`, `names` or `paths`, and what the person answers; `path`
has folders that come first on the child's. The last line of the output is the answer.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import io
import json
import signal
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Do the job."""
    # Whoever runs the tests in the background of a shell lets them, and so this child, ignore interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    job = json.loads(sys.stdin.readline())
    sys.path[:0] = job.get("path", ())
    for name in job.get("imports", ()):
        importlib.import_module(name)
    from autoexec_magic import api, executor
    from autoexec_magic.errors import AutoexecError, Cancelled
    from autoexec_magic.installer import install, undo_last

    events: list[Any] = []
    questions: list[Any] = []
    argvs: list[list[str]] = []
    run = executor.run

    def recorded(argv: Any, **options: Any) -> Any:
        argvs.append([str(word) for word in argv])
        return run(argv, **options)

    executor.run = recorded
    if job.get("pip"):
        for does in (install, undo_last):
            does.uv_path = lambda: None

    def ask(question: Any) -> bool:
        questions.append(question)
        return job["answer"] if job["answer"] is not None else api.nobody(question)

    caller = api.Caller(emit=events.append, ask=ask, cwd=Path.cwd())
    resolutions: Any = []
    error = None
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            resolutions = do(job, caller)
    except (AutoexecError, Cancelled) as raised:
        error = {"class": type(raised).__name__, "code": raised.code, "fix": raised.fix, "text": str(raised)}
    resolutions = resolutions or [event.resolution for event in events if hasattr(event, "resolution")]
    answer = {
        "resolutions": [dataclasses.asdict(item) for item in resolutions],
        "installed": [dataclasses.asdict(event) for event in events if type(event).__name__ == "Installed"],
        "questions": [dataclasses.asdict(item) for item in questions],
        "events": [{"kind": type(event).__name__, **dataclasses.asdict(event)} for event in events],
        "argvs": argvs,
        "left": [str(path) for path in Path(api.store().folder).rglob("*.part")],
        "printed": printed.getvalue(),
        "error": error,
    }
    print("\nANSWER " + json.dumps(answer, default=str))


def do(job: dict[str, Any], caller: Any) -> list[Any]:
    """Do the job's verb and return its resolutions, where the events do not tell them."""
    from autoexec_magic import api, installer, onrecord

    if job["verb"] == "resolve":
        return api.resolve(*job["modules"], online=True, caller=caller)
    if job["verb"] == "install":
        api.install(*job["names"], yes=job.get("yes", False), caller=caller)
    elif job["verb"] == "undo":
        for name in job.get("imports", ()):
            __import__(name)
        api.undo_install(yes=job.get("yes", False), caller=caller)
    elif job["verb"] == "fix":
        api.fix(*job["paths"], **job.get("options", {}), caller=caller)
    elif job["verb"] == "script":
        report = api.script(job["source"], level="open", caller=caller)  # its folder is the home
        print(report.outcome.stdout)
    else:
        loaded, here = onrecord.surroundings(caller)
        context = installer.Context(
            config=loaded.config,
            folders=(here.cwd, here.workspace),
            cache=here.cache,
            emit=caller.emit,
            ask=caller.ask,
        )
        return installer.heal(installer.scan(job["source"]), context)[0]
    return []


if __name__ == "__main__":
    main()
