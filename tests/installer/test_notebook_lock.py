"""A lock says what is needed, in a form that uv reads; from somebody else's nothing else is taken."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from index import wheel

from autoexec_magic.errors import UsageError
from autoexec_magic.installer import notebook_lock
from autoexec_magic.installer.notebook_lock import Locked, locked
from autoexec_magic.installer.tool import uv_path

DIGEST = "0" * 64
ROW = {"name": "six", "version": "1.17.0", "hashes": [DIGEST]}
VALUE = {"direct": ["six"], "indexes": [], "packages": [ROW], "python": "3.11", "script": "", "version": 1}


def test_a_lock_comes_back_as_it_was():
    """What is written is what is read."""
    rows = [Locked(name=name, version="1.0", hashes=(DIGEST, "f" * 64)) for name in ("b", "a", "c")]
    made = locked("3.11", rows, ["C", "a"], ["https://host/simple"])
    assert [row.name for row in made.packages] == ["a", "b", "c"]
    assert made.direct == ("a", "c")
    assert notebook_lock.of_value(notebook_lock.as_value(made), "x") == made
    assert list(notebook_lock.as_value(made)) == sorted(notebook_lock.as_value(made))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"version": 2}, "another format"),
        ({"version": True}, "another format"),
        ({"python": "3.11; import os"}, "no version such as"),
        ({"packages": {}}, "no list"),
        ({"packages": [ROW] * 2001}, "no list of at most"),
        ({"packages": [ROW, ROW | {"name": "SIX"}]}, "twice"),
        ({"packages": ["six"]}, "no table"),
        ({"packages": [ROW | {"name": "--index-url=http://evil"}]}, "no name"),
        ({"packages": [ROW | {"name": "six @ https://evil/x.whl"}]}, "no name"),
        ({"packages": [ROW | {"name": "../six"}]}, "no name"),
        ({"packages": [ROW | {"name": "six\n-r evil"}]}, "no name"),
        ({"packages": [ROW | {"name": "six[all]"}]}, "no name"),
        ({"packages": [ROW | {"name": None}]}, "no name"),
        ({"packages": [ROW | {"version": "1.0 --pre"}]}, "no version"),
        ({"packages": [ROW | {"version": "*"}]}, "no version"),
        ({"packages": [ROW | {"version": "https://evil"}]}, "no version"),
        ({"packages": [ROW | {"version": "1" * 200}]}, "no version"),
        ({"packages": [ROW | {"version": 1.0}]}, "no version"),
        ({"packages": [ROW | {"hashes": []}]}, "no hashes"),
        ({"packages": [ROW | {"hashes": ["md5"]}]}, "no SHA-256"),
        ({"packages": [ROW | {"hashes": [DIGEST + "\n"]}]}, "no SHA-256"),
        ({"packages": [{"name": "six", "version": "1"}]}, "no hashes"),
    ],
)
def test_a_hostile_lock_is_refused(change, why):
    """No option, address, path or line of somebody else gets any further; the message says what is wrong."""
    with pytest.raises(UsageError, match="the lock of x cannot be used") as raised:
        notebook_lock.of_value(VALUE | change, "x")
    assert why in raised.value.why
    assert raised.value.fix == "%autoexec fix x"


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda a: st.lists(a) | st.dictionaries(st.text(), a),
    )
)
def test_whatever_stands_there_is_a_lock_or_is_refused(value):
    """Nothing that JSON can say ends in anything but a clear sentence."""
    for content in (
        value,
        {**VALUE, "packages": value},
        {**VALUE, "packages": [value]},
        {**VALUE, "indexes": value},
    ):
        try:
            notebook_lock.of_value(content, "x")
        except UsageError:
            continue


def test_no_credentials_of_an_index_are_shown():
    """An address that somebody wrote with a password is shown without it; what is none is left out."""
    value = VALUE | {"indexes": ["https://me:secret@host/simple", "\x1b[2J", 3, "http://[", "x" * 600]}
    assert notebook_lock.of_value(value, "x").indexes == ("https://host/simple",)


def test_a_block_is_found_once_or_not_at_all():
    """Two blocks mean nothing certain (PEP 723), and a line that looks like one is none."""
    block = notebook_lock.script(notebook_lock.of_value(VALUE, "x"))
    start, end = notebook_lock.block_of(f"#!/bin/sh\n{block}import six\n")
    assert f"#!/bin/sh\n{block}import six\n"[start:end] == block.rstrip("\n")
    assert notebook_lock.block_of(block + block) is None
    assert notebook_lock.block_of("x = '# /// script'") is None


def test_uv_runs_what_the_block_says(tmp_path, index):
    """The real uv takes the versions of the lock: of what is imported, and of what that needs in turn."""
    old, top = wheel("inner-dep", "1.0"), wheel("frob-top", "1.0", requires=["inner-dep"])
    index.add("inner-dep", old, wheel("inner-dep", "2.0"))
    index.add("frob-top", top, wheel("frob-top", "2.0", requires=["inner-dep"]))
    rows = [
        Locked(name="frob-top", version="1.0", hashes=(top.sha256,)),
        Locked(name="inner-dep", version="1.0", hashes=(old.sha256,)),
    ]
    script = tmp_path / "script.py"
    block = notebook_lock.script(locked("3.11", rows, ["frob-top"], []))
    script.write_text(f"{block}import frob_top, inner_dep\nprint(frob_top.VERSION, inner_dep.VERSION)\n")
    variables = {
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "UV_CACHE_DIR": str(tmp_path / "cache"),
        "UV_DEFAULT_INDEX": index.url,
        "UV_NO_CONFIG": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "NO_PROXY": "*",
    }
    argv = [uv_path(), "run", "--quiet", "--python", sys.executable, "--script", script]
    done = subprocess.run(argv, env=variables, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.returncode) == ("1.0 1.0\n", 0), done.stderr


def test_uv_takes_the_lock_as_requirements(tmp_path, index):
    """With every hash, as `--require-hashes` wants it; other bytes are refused by the tool itself."""
    good, bad = wheel("frob-top", "1.0"), "f" * 64
    index.add("frob-top", good)
    argv = [
        uv_path(),
        "pip",
        "install",
        "--no-config",
        "--python",
        sys.executable,
        "--default-index",
        index.url,
    ]
    codes = []
    for digest in (good.sha256, bad):
        text = notebook_lock.requirements(
            locked("3.11", [Locked(name="frob-top", version="1.0", hashes=(digest,))], [], [])
        )
        (tmp_path / "r.txt").write_text(text)
        done = subprocess.run(
            [
                *argv,
                "--require-hashes",
                "--cache-dir",
                tmp_path / "cache",
                "--target",
                tmp_path / digest[:1],
                "-r",
                tmp_path / "r.txt",
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        codes.append(done.returncode)
    assert codes == [0, 1], done.stderr
