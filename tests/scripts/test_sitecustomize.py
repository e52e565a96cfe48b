"""Values are there before the script starts, and nothing of how they came is."""

from __future__ import annotations

import os
import subprocess
import sys

from autoexec_magic.scripts.inside import VALUES, carried


def started(tmp_path, source: str, *, names=(), **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script as `running` does, with a value that lies in a folder."""
    for folder in ("given/x", "taken"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    for name, data in carried.pack((1, 2)).items():
        (tmp_path / "given" / "x" / name).write_bytes(data)
    (tmp_path / "s.py").write_text(source)
    said = "\n".join((str(tmp_path / "given"), str(tmp_path / "taken"), *names))
    env = {
        **os.environ,
        "PYTHONPATH": f"{VALUES}{os.pathsep}{tmp_path}",
        "AUTOEXEC_HANDOVER": said,
        **variables,
    }
    argv = [sys.executable, str(tmp_path / "s.py")]
    return subprocess.run(argv, env=env, capture_output=True, text=True, check=False)


def test_a_value_is_a_global_of_the_script(tmp_path):
    """And what it says at its end is written down."""
    done = started(tmp_path, "y = [*x]\nprint(__name__, x)", names=["y", "z"])
    assert (done.stdout, done.stderr) == ("__main__ (1, 2)\n", "")
    assert (tmp_path / "taken" / "y" / "value.json").read_text() == "[1,2]"
    assert not (tmp_path / "taken" / "z").exists()


def test_without_values_it_is_as_if_it_were_not_there(tmp_path):
    """A Python that the script starts finds the folder in no variable."""
    done = started(tmp_path, "import os; print(os.environ['PYTHONPATH'])", AUTOEXEC_HANDOVER="")
    assert done.stdout == f"{tmp_path}\n"


def test_a_value_that_cannot_be_read_ends_it_before_it_starts(tmp_path):
    """A script without it would only go wrong later; it is said which, and why."""
    (tmp_path / "given" / "odd").mkdir(parents=True)
    (tmp_path / "given" / "odd" / "value.json").write_text('{"$": "frame"}')
    done = started(tmp_path, "print('ran')")
    assert (done.returncode, done.stdout) == (1, "")
    assert "odd cannot be handed over" in done.stderr
