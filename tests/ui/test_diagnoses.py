"""The verb `diagnose`: files, standard input, a cell; bounded, and what it left out said."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tracemalloc

import pytest

from autoexec_magic.api import Caller
from autoexec_magic.errors import UsageError
from autoexec_magic.ui import diagnoses, verbs

LINE = "curl: (6) Could not resolve host: a.example\n"


def run(*words, data=b"", **more):
    argv = [sys.executable, "-m", "autoexec_magic", "diagnose", *words]
    return subprocess.run(argv, input=data, capture_output=True, **more)


def test_standard_input_is_read_without_a_file():
    """`jupyter autoexec diagnose < log`, as CI uses it."""
    done = run(data=f"ok\n{LINE}{LINE}".encode())
    assert done.returncode == 0
    assert done.stdout.decode().splitlines() == [
        "host-not-found · bytes 3–46: curl 6: Could not resolve host: a.example",
        "  because: seen 2 times",
        "  fix: check the host's name, and whether this machine has a network",
    ]


def test_records_are_printed_for_machines(tmp_path):
    """The log, its failures, the result; a file's name is told."""
    (tmp_path / "a.log").write_text(LINE)
    done = run("--json", "a.log", cwd=tmp_path)
    log, found, result = map(json.loads, done.stdout.splitlines())
    assert log == {"kind": "Log", "path": "a.log", "bytes": len(LINE), "left_out": 0}
    assert (found["kind"], found["code"], found["bytes"]) == ("Diagnosis", "host-not-found", [0, 43])
    assert (result["verdict"], result["code"], result["failures"], result["left_out"]) == ("passed", 0, 1, 0)


def test_a_log_with_nothing_wrong_is_skipped():
    """There was nothing to explain, and that is no failure."""
    done = run("--json", data=b"all tests passed\n")
    result = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, result["verdict"], result["failures"]) == (0, "skipped", 0)
    assert "looks like a failure" in run(data=b"ok\n").stdout.decode()
    assert "empty" in run(data=b"").stdout.decode()


def test_several_files_are_told_apart(tmp_path):
    """Each under its name."""
    (tmp_path / "a.log").write_text(LINE)
    (tmp_path / "b.log").write_text("fine\n")
    text = run("a.log", "b.log", cwd=tmp_path).stdout.decode()
    assert text.startswith("── a.log\nhost-not-found")
    assert "── b.log\nnothing in it" in text


@pytest.mark.parametrize("name", ["nosuch.log", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_a_usage_error(name, tmp_path):
    """With the reason, and exit 2 on the command line."""
    with pytest.raises(UsageError, match="cannot read"):
        verbs.parse(["diagnose", name]).run(Caller(cwd=tmp_path))
    if "\0" not in name:
        assert run(name, cwd=tmp_path).returncode == 2


def test_a_device_without_an_end_is_refused(tmp_path):
    """Also by a link of any name, as a repository may hold one."""
    (tmp_path / "build.log").symlink_to("/dev/zero")
    with pytest.raises(UsageError, match="cannot read") as caught:
        verbs.parse(["diagnose", "build.log"]).run(Caller(cwd=tmp_path))
    assert "no end" in caught.value.why


def test_a_cell_is_the_log():
    """`%%autoexec diagnose`, and what is pasted below it."""
    spoken = verbs.parse("diagnose", LINE).run(Caller(kernel="k"))
    assert [each.code for each in spoken.value] == ["host-not-found"]
    with pytest.raises(UsageError, match="a cell and a file"):
        verbs.parse("diagnose a.log", LINE).run(Caller())


def test_in_a_kernel_there_is_no_standard_input():
    """A line without a file would wait for ever."""
    with pytest.raises(UsageError, match="which log"):
        verbs.parse("diagnose").run(Caller(kernel="k"))


def test_the_language_may_be_told():
    """Then only its own readers are asked."""
    text = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    x\nKeyError: 'a'\n"
    assert json.loads(run("--json", data=text.encode()).stdout.splitlines()[1])["code"] == "key-not-found"
    assert (
        json.loads(run("--json", "--lang", "node", data=text.encode()).stdout.splitlines()[-1])["failures"]
        == 0
    )


def test_secrets_are_masked_in_text_and_records():
    """Also the values of the environment's secrets, also cut ones."""
    token = "ghp_" + "a1B2" * 9
    data = f"fatal: unable to access 'https://u:s3cret-s3cret@a/': {token}: Could not resolve host\n".encode()
    for words in ([], ["--json"]):
        done = run(*words, data=data, env={**os.environ, "MY_TOKEN": "s3cret-s3cret"})
        assert b"host-not-found" in done.stdout
        assert token.encode() not in done.stdout
        assert b"s3cret" not in done.stdout


def test_bytes_are_those_of_the_file_whatever_it_holds():
    """Bytes that are no UTF-8, and letters of several bytes, keep their places."""
    data = b"\xff\xfe\x00\x80 gr\xc3\xb6\xc3\x9fe \xf0\x9f\x99\x82\n" + LINE.encode() + b"\xff\n"
    found = json.loads(run("--json", data=data).stdout.splitlines()[1])
    assert data[slice(*found["bytes"])] == LINE.encode().strip()


def test_garbage_is_read_without_raising():
    """Random bytes are a log like any other."""
    done = run("--json", data=os.urandom(300_000))
    assert done.returncode == 0
    assert json.loads(done.stdout.splitlines()[-1])["left_out"] == 0


class Endless(io.RawIOBase):
    """A stream of `size` bytes that are made when they are read."""

    def __init__(self, size, line):
        self.left, self.line, self.most = size, line, 0

    def readable(self):
        return True

    def read(self, count=-1):
        assert count > 0
        count = min(count, self.left)
        self.left -= count
        return (self.line * (count // len(self.line) + 1))[:count]


def test_both_ends_of_a_long_log_are_kept_in_bounded_memory():
    """Fifty megabytes are never held at once, and what was left out is counted."""
    size = 50_000_000
    tracemalloc.start()
    log = diagnoses.read_ends(Endless(size, b"x" * 99 + b"\n"), "big.log")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * (diagnoses.HEAD_BYTES + diagnoses.TAIL_BYTES)
    kept = sum(len(part) for _, part in log.parts)
    assert log.size == size
    assert kept <= diagnoses.HEAD_BYTES + diagnoses.TAIL_BYTES
    assert log.left_out == size - kept
    (first, head), (second, tail) = log.parts
    assert (first, second + len(tail)) == (0, size)
    assert head.endswith(b"\n")
    assert tail.startswith(b"x")


def test_a_long_log_tells_the_failures_of_both_ends_at_their_bytes(tmp_path):
    """The first failure and the last are found; the middle is said to be left out."""
    path = tmp_path / "big.log"
    middle = b"ok\n" * 4_000_000
    path.write_bytes(LINE.encode() + middle + LINE.replace("a.example", "b.example").encode())
    spoken = verbs.parse(["diagnose", str(path)]).run(Caller())
    assert [each.bytes[0] for each in spoken.value] == [0, len(LINE) + len(middle)]
    assert "left out: bytes" in spoken.text
    assert spoken.result.added["left_out"] > 0
