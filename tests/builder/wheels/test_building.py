"""A whole build: what comes out, what is left, and how each way to fail is told."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import benches
import pytest
from skips import requires

from autoexec_magic import executor
from autoexec_magic.builder import inputs, wheels
from autoexec_magic.builder.wheels import keeping
from autoexec_magic.errors import BuildError, Cancelled, MissingTool, RunTimeout, UsageError
from autoexec_magic.events import Output, Stepped
from autoexec_magic.values import Outcome


def test_a_wheel_and_an_sdist_are_built_checked_and_put_in_their_place(bed):
    """Nothing else is written into the project's folder, and both say what they were built from."""
    bed.own()
    before = sorted(path.name for path in bed.folder.iterdir())
    plan = bed.plan(tests=False)
    wheel, sdist = wheels.build(plan, bed.bench)
    assert (wheel.artifact, wheel.name, wheel.version) == ("wheel", "pear", "1.0")
    assert sorted(path.name for path in bed.folder.iterdir()) == sorted([*before, "dist"])
    assert bed.left == ["pear-1.0-py3-none-any.whl", "pear-1.0.tar.gz"]
    assert wheel.digest == f"sha256:{inputs.digest_of(Path(wheel.reference))[0]}"
    assert wheel.inputs_digest == sdist.inputs_digest == plan.inputs_digest
    assert (wheel.beside, sdist.beside) == ((), ())
    assert dict(wheel.provenance)["inputs"] == plan.inputs_digest
    assert str(bed.tmp_path) not in repr(wheel.provenance)


def test_the_same_inputs_are_built_once(bed):
    """They have the same digest, and the kept files are the answer; a changed line is built."""
    bed.own()
    first = bed.build(tests=False)
    bed.events.clear()
    again = bed.build(tests=False)
    assert [each.digest for each in again] == [each.digest for each in first]
    assert next(event.is_cached for event in bed.events if isinstance(event, Stepped)) is True
    assert not any(isinstance(event, Output) for event in bed.events)
    bed.write("pear/__init__.py", "VALUE = 2\n")
    changed = bed.build(tests=False)
    assert changed[0].inputs_digest != first[0].inputs_digest
    assert changed[0].digest != first[0].digest


def test_what_was_kept_and_is_spoilt_is_built_anew(bed):
    """Its bytes are compared with their digest."""
    bed.own()
    bed.build(tests=False)
    [kept] = (bed.bench.cache / keeping.KEPT).glob("*/*.whl")
    kept.write_bytes(b"spoilt")
    assert zipfile.is_zipfile(bed.build(tests=False)[0].reference)


def test_a_dirty_tree_says_so(bed):
    """And the time that is built with is the commit's."""
    requires(shutil.which("git"), "git is not installed", "apt-get install git")
    bed.own()
    own = {**os.environ, "GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_COMMITTER_DATE": "1700000000 +0000"}
    me = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], [*me, "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=bed.folder, check=True, env=own)
    labels = dict(bed.build(tests=False)[0].provenance)
    assert labels["dirty"] == "false"
    assert labels["source-date-epoch"] == "1700000000"
    again = bed.build(tests=False)[0]  # what the first one put into dist, which no .gitignore names
    assert dict(again.provenance)["dirty"] == "false"
    assert again.inputs_digest == labels["inputs"]
    bed.write("pear/__init__.py", "VALUE = 3\n")
    assert dict(bed.build(tests=False)[0].provenance)["dirty"] == "true"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (
            "\ndef build_sdist(*_):\n    raise ValueError('the pears are not ripe')\n",
            "the pears are not ripe",
        ),
        ("\ndef build_wheel(*_):\n    raise SystemExit('no stalk')\n", "no stalk"),
        ("\ndef get_requires_for_build_wheel(_):\n    raise KeyError('core')\n", "KeyError: 'core'"),
        ("\nimport pears_that_are_nowhere\n", "No module named 'pears_that_are_nowhere'"),
    ],
)
def test_a_backend_that_fails_is_quoted(bed, more, why):
    """Its last word is the reason, and nothing was put anywhere."""
    bed.own(more=more)
    with pytest.raises(BuildError) as failed:
        bed.build(tests=False)
    assert why in failed.value.why
    assert failed.value.fix
    assert bed.left == []


def test_a_backend_that_hangs_meets_the_limit(bed):
    """And is ended with all that it started."""
    bed.own(more="\ndef build_wheel(*_):\n    print('waiting', flush=True)\n    time.sleep(600)\n")
    bed.bench = replace(bed.bench, timeout=3.0)
    started = time.monotonic()
    with pytest.raises(RunTimeout) as failed:
        bed.build(tests=False)
    assert time.monotonic() - started < 30
    assert "--timeout" in failed.value.fix
    assert bed.left == []


def test_a_backend_has_no_network_and_writes_nowhere_else(bed):
    """What it is given is a copy of the inputs; the person's folder is not even readable by its name."""
    outside = bed.tmp_path / "outside"
    outside.mkdir()
    places = [str(outside / "x"), str(bed.folder / "x")]
    code = (
        "\nimport socket\nTOLD = []\n"
        f"for what in (lambda: open({places[0]!r}, 'w'), lambda: open({places[1]!r}, 'w'),\n"
        "             lambda: socket.create_connection(('127.0.0.1', 9), 1)):\n"
        "    try:\n        what()\n        TOLD.append('done')\n"
        "    except OSError as error:\n        TOLD.append(type(error).__name__ + str(error.errno))\n"
        "def build_sdist(*words):\n    raise ValueError(f'TOLD {TOLD}')\n"  # what passes shows nothing
    )
    bed.own(more=code)
    with pytest.raises(BuildError):
        bed.build(tests=False)
    said = "".join(event.text for event in bed.events if isinstance(event, Output))
    assert "TOLD" in said
    assert "done" not in said
    assert "ConnectionRefusedError" not in said
    assert list(outside.iterdir()) == []


def test_a_version_that_differs_from_the_plan_is_refused(bed):
    """What is built must be what was shown."""
    bed.own(
        more="\nABOUT = _about\ndef _about():\n    p, s, t = ABOUT()\n"
        "    return p, 'pear-2.0', t.replace('1.0', '2.0')\n"
    )
    with pytest.raises(BuildError, match="not what it says") as failed:
        bed.build(tests=False)
    assert "2.0" in failed.value.why


def test_a_secret_in_the_wheel_is_refused(bed):
    """The member is named, the secret is not."""
    bed.own()
    bed.write("pear/.env", "TOKEN=hunter2hunter2")
    with pytest.raises(BuildError) as failed:
        bed.build(tests=False)
    assert "pear/.env" in failed.value.what
    assert "hunter2" not in str(failed.value)
    assert bed.left == []


def test_a_wheel_that_lacks_a_dependency_does_not_import(bed):
    """It is found out where only the wheel is installed, and the fix is to declare it."""
    bed.own()
    bed.write("pear/__init__.py", "import stalks_that_nobody_declared\n")
    with pytest.raises(BuildError) as failed:
        bed.build(tests=False)
    assert "stalks_that_nobody_declared" in failed.value.why
    assert "dependencies" in failed.value.fix


def test_a_program_that_leads_nowhere_is_refused(bed):
    """It would be installed and could not start; so is one whose function is not there."""
    bed.own('name = "pear"\nversion = "1.0"\n[project.scripts]\npear = "pear.cli:main"\n')
    with pytest.raises(BuildError, match="leads nowhere"):
        bed.build(tests=False)
    bed.write("pear/cli.py", "def other(): pass\n")
    with pytest.raises(BuildError) as failed:
        bed.build(tests=False)
    assert "main" in failed.value.why


def test_a_missing_backend_is_named(bed, monkeypatch):
    """The index has no such package: uv's reason is told."""
    bed.write(
        "pyproject.toml",
        '[build-system]\nrequires = ["no-such-backend-of-pears"]\n[project]\nname = "pear"\nversion = "1"\n',
    )
    bed.bench = replace(bed.bench, sources={"UV_NO_INDEX": "1", "UV_OFFLINE": "1"})
    with pytest.raises(BuildError) as failed:
        bed.build(tests=False)
    assert "no-such-backend-of-pears" in str(failed.value)
    assert failed.value.fix
    assert list((bed.bench.cache / "environments").iterdir()) == []


def test_without_uv_it_says_what_to_install(bed):
    """Nothing else is tried."""
    bed.own()
    bed.bench = replace(bed.bench, uv=None)
    with pytest.raises(MissingTool) as failed:
        bed.build(tests=False)
    assert "uv" in failed.value.fix


def test_a_python_that_is_not_here_is_said(bed):
    """The project's requires-python decides."""
    bed.own('name = "pear"\nversion = "1.0"\nrequires-python = ">=3.99"\n')
    with pytest.raises(MissingTool, match="no Python for pear"):
        bed.build(tests=False)


@pytest.mark.parametrize("bad", ['name = "pe ar"\nversion = "1"', 'name = "pear"\nversion = "one"'])
def test_a_bad_name_or_version_is_refused_before_anything_runs(bed, bad):
    """Of the plan, with what is wrong."""
    bed.own(bad)
    with pytest.raises(UsageError) as failed:
        bed.plan()
    assert failed.value.why
    assert failed.value.fix


def test_a_second_build_is_compared(bed):
    """Equal bytes are said; what differs is named, as a warning of the artifact."""
    bed.own()
    assert not any("second build" in text for text in bed.build(tests=False, twice=True)[0].warnings)
    timed = "    return {**MEMBERS(*_), 'pear/made.py': repr(time.time_ns()).encode()}\n"
    more = f"\nMEMBERS = wheel_members\ndef wheel_members(*_):\n{timed}"
    bed.own(more=more)
    [told] = [text for text in bed.build(tests=False, twice=True)[0].warnings if "second build" in text]
    assert "pear/made.py (content)" in told


def test_a_cancelled_build_leaves_nothing(bed):
    """Not in the folder, not in the cache, not among the temporary files."""
    bed.own(more="\ndef build_wheel(*_):\n    time.sleep(600)\n")
    cancel = executor.Cancel()
    bed.bench = replace(bed.bench, start=_with_cancel(bed.bench.start, cancel), cancel=cancel)
    threading.Timer(2.0, cancel.set).start()
    with pytest.raises(Cancelled):
        bed.build(tests=False)
    cancel.close()
    assert bed.left == []
    assert not (bed.bench.cache / keeping.KEPT).exists()


def _with_cancel(start, cancel):
    return replace(start, here=replace(start.here, cancel=cancel))


def test_an_interrupt_leaves_nothing(bed):
    """Ctrl-C while the backend works, in a process of its own: no folder, no process, no file is left."""
    bed.own(more="\ndef build_wheel(*_):\n    open('at-it', 'w').close()\n    time.sleep(600)\n")
    code = (
        "import sys, benches; from pathlib import Path; from autoexec_magic import builder\n"
        "from autoexec_magic.builder import wheels\n"
        "home, folder = map(Path, sys.argv[1:])\n"
        "bench = benches.bench(home)\n"
        "object.__setattr__(bench.start, 'emit', lambda event: print(event, flush=True))\n"
        "wheels.build(wheels.plan(builder.source_of(folder, folder), bench), bench)\n"
    )
    scratch = Path(tempfile.gettempdir())
    own = {**os.environ, "TMPDIR": str(scratch), "PYTHONPATH": str(Path(benches.__file__).parent)}
    words = [sys.executable, "-c", code, str(bed.tmp_path), str(bed.folder)]
    with subprocess.Popen(
        words, env=own, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            until = time.monotonic() + 60
            while not _is_at_it(scratch) and time.monotonic() < until:
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=30)[1]
        finally:
            process.kill()
    assert "KeyboardInterrupt" in said or "Cancelled" in said
    assert [each.name for each in scratch.iterdir() if each.name.startswith("autoexec-build-")] == []
    assert bed.left == []
    until = time.monotonic() + 10  # the keeper ends a moment after the process that it keeps
    while _running(bed.tmp_path) and time.monotonic() < until:
        time.sleep(0.05)
    assert _running(bed.tmp_path) == []


def _is_at_it(scratch):
    """Return whether the backend has begun; folders come and go meanwhile, which `os.walk` does not mind."""
    builds = [each for each in scratch.iterdir() if each.name.startswith("autoexec-build-")]
    return any("at-it" in names for build in builds for _, _, names in os.walk(build))


def _running(folder):
    """Return the command lines that name a folder."""
    found = []
    for each in (name for name in os.listdir("/proc") if name.isdecimal() and name != str(os.getpid())):
        with contextlib.suppress(OSError):
            found.append(Path(f"/proc/{each}/cmdline").read_bytes())
    return [line for line in found if str(folder).encode() in line]


def test_a_full_disk_is_said(bed):
    """Where the files are to be put there is no room: the old ones stay as they are."""
    requires(hasattr(os, "geteuid") and os.geteuid() == 0, "no right to mount", "sudo")
    out = bed.folder / "dist"
    out.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", out], check=False, capture_output=True
    )
    requires(mounted.returncode == 0, "no right to mount", "a machine of one's own")
    try:
        bed.own()
        bed.write("pear/big.txt", os.urandom(9000).hex())
        with pytest.raises(BuildError) as failed:
            bed.build(tests=False)
        assert "No space left" in failed.value.why
        assert list(out.iterdir()) == []
    finally:
        subprocess.run(["umount", out], check=True)


@pytest.mark.parametrize("spec", ["===./python", "===python"])
def test_a_python_is_asked_for_by_its_version_and_no_other_way(bed, spec):
    """What uv does not take for a version it takes for a path, and starts it."""
    proof = bed.tmp_path / "proof"
    bed.own(project=f'name = "pear"\nversion = "1.0"\nrequires-python = "{spec}"\n')
    bed.write("===./python", f"#!/bin/sh\ntouch {proof}\n").chmod(0o755)
    with pytest.raises(BuildError, match="requires-python is not valid"):
        bed.build(tests=False)
    assert not proof.exists()


def test_a_stop_while_a_python_is_looked_for_is_a_stop(bed, monkeypatch):
    """And not a Python that is missing."""
    bed.own('name = "pear"\nversion = "1.0"\nrequires-python = ">=3.99"\n')
    stopped = Outcome(argv=("uv",), returncode=-15, ended="cancelled", seconds=0.1)
    plan = bed.plan(tests=False)
    with pytest.raises(Cancelled):
        wheels.build(plan, replace(bed.bench, start=lambda *_, **__: stopped))
