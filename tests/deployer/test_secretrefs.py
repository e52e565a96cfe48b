"""A secret's value is found where its reference says; its version tells values apart and gives none away."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.deployer.secretrefs import KEY, resolved
from autoexec_magic.errors import UsageError
from autoexec_magic.releasefacts import Secret

VALUE = "hunter2-hunter2-hunter2"
CHILD = """
import sys
from pathlib import Path
from autoexec_magic.deployer.secretrefs import resolved
from autoexec_magic.releasefacts import Secret
sys.stdin.readline()
found, _ = resolved([Secret(name="A", reference="env:A")], Path(), Path(sys.argv[1]), {"A": "value"})
print(found[0].version)
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Return a folder that has a key once it was needed."""
    return tmp_path_factory.mktemp("data")


def version(value, data):
    """Return the version that a value has."""
    (found,), _ = resolved([Secret(name="A", reference="env:A")], data, data, {"A": value})
    return found.version


def fault(reference, tmp_path, variables=None):
    """Return the error of a reference, and all that a person or a log could see of it."""
    with pytest.raises(UsageError) as caught:
        resolved([Secret(name="DB", reference=reference)], tmp_path, tmp_path / "data", variables or {})
    error, seen = caught.value, [str(caught.value), *traceback.format_exception(caught.value)]
    while error is not None:
        seen += [repr(error), repr(vars(error)), repr(error.args)]
        error = error.__cause__ or error.__context__
    return caught.value, "\n".join(seen)


def test_values_come_from_variables_and_files(tmp_path):
    """A file's last newline is the editor's, and no part of it; a second one is."""
    (tmp_path / "password").write_text(f"{VALUE}\n\n")
    wanted = [Secret(name="A", reference="env:X"), Secret(name="B", reference="file:password")]
    found, values = resolved(wanted, tmp_path, tmp_path / "data", {"X": "\udcff"})
    assert values == {"A": "\udcff", "B": f"{VALUE}\n"}
    assert [each.name for each in found] == ["A", "B"]
    assert [each.reference for each in found] == ["env:X", "file:password"]
    assert all(each.version for each in found)


def test_a_file_may_lie_anywhere(tmp_path):
    """An absolute path is not taken from the project."""
    (tmp_path / "password").write_text(VALUE)
    wanted = [Secret(name="B", reference=f"file:{tmp_path / 'password'}")]
    assert resolved(wanted, tmp_path / "project", tmp_path / "data", {})[1] == {"B": VALUE}


@given(st.text(max_size=40).filter(lambda text: "\0" not in text))
def test_a_version_is_16_digits_and_has_no_value_in_it(data, value):
    """The same value has the same one, whatever it is."""
    found = version(value, data)
    assert len(found) == 16
    assert set(found) <= set("0123456789abcdef")
    assert len(value) < 4 or value not in found
    assert version(value, data) == found


@given(st.text(max_size=20), st.text(max_size=20))
def test_two_values_have_two_versions(data, one, other):
    """Also where they differ by a space at the end, or in case."""
    assert (version(one, data) == version(other, data)) is (one == other)


def test_with_another_key_the_same_value_has_another_version(tmp_path):
    """Who has a version and no key cannot try values against it."""
    assert version(VALUE, tmp_path / "one") != version(VALUE, tmp_path / "other")


def test_the_key_is_this_users_alone(tmp_path):
    """The file and its folder, whatever the mask is; no other file stays beside it."""
    before = os.umask(0)
    try:
        version(VALUE, tmp_path / "data")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "data" / KEY).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert [each.name for each in (tmp_path / "data").iterdir()] == [KEY]


def test_no_key_is_made_where_there_is_no_secret(tmp_path):
    """A deploy without secrets writes nothing here."""
    assert resolved([], tmp_path, tmp_path / "data") == ((), {})
    assert not (tmp_path / "data").exists()


def test_a_key_that_was_cut_is_made_anew(tmp_path):
    """A full disk may have cut it; without a whole one no version could be trusted."""
    (tmp_path / KEY).write_bytes(b"cut")
    one = version(VALUE, tmp_path)
    assert version(VALUE, tmp_path) == one
    assert len((tmp_path / KEY).read_bytes()) == 32


def test_two_processes_at_once_make_one_key(tmp_path):
    """Two kernels that deploy for the first time."""
    for number in range(2):
        place = tmp_path / str(number)
        children = [
            subprocess.Popen(
                [sys.executable, "-c", CHILD, str(place)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(3)
        ]
        for child in children:
            child.stdin.write("go\n")
            child.stdin.flush()
        said = [child.communicate(timeout=100)[0] for child in children]
        assert len(set(said)) == 1
        assert len(said[0].strip()) == 16
        assert [each.name for each in place.iterdir()] == [KEY]


def test_two_threads_at_once_make_one_key(tmp_path):
    """They share a process id: what they write must not have one name."""
    with ThreadPoolExecutor(8) as pool:
        for number in range(50):
            place = tmp_path / str(number)
            found = list(pool.map(lambda _, place=place: version(VALUE, place), range(8)))
            assert len(set(found)) == 1
            assert [each.name for each in place.iterdir()] == [KEY]


@pytest.mark.parametrize(
    "reference",
    [VALUE, "", ":", f"{VALUE}:", f"vault:{VALUE}", "env:", f"env:{VALUE}", "file:", f"ENV:{VALUE}"],
)
def test_what_is_no_reference_is_not_told(tmp_path, reference):
    """It may be the value itself, put where its place was meant to stand."""
    error, seen = fault(reference, tmp_path)
    assert "DB" in error.what
    assert "env:NAME" in error.fix
    assert VALUE not in seen


@pytest.mark.parametrize(
    "reference", ["file:missing", "file:.", "file:a\0b", "file:~nobody-of-that-name/x", "file:" + "x" * 5000]
)
def test_a_file_that_is_none_is_told_by_its_name(tmp_path, reference):
    """One clear error, whatever the path is."""
    error, _ = fault(reference, tmp_path)
    assert "DB cannot be read" in error.what


@pytest.mark.parametrize("end", [b"\xff", b"\0"])
def test_a_file_that_is_no_text_is_not_told(tmp_path, end):
    """Neither in the error nor in one behind it, which would have all that was read."""
    (tmp_path / "password").write_bytes(VALUE.encode() + end)
    error, seen = fault("file:password", tmp_path)
    assert "no text" in error.why
    assert VALUE not in seen


def test_a_variable_that_is_not_set_is_told_and_the_others_are_not(tmp_path):
    """What the environment has besides is nobody's."""
    error, seen = fault("env:MISSING", tmp_path, {"OTHER": VALUE})
    assert "MISSING is not set" in error.why
    assert VALUE not in seen


def test_a_key_that_cannot_be_made_is_told(tmp_path):
    """Where a file stands in the place of the data folder."""
    (tmp_path / "data").write_text("")
    error, seen = fault("env:A", tmp_path, {"A": VALUE})
    assert "AUTOEXEC_DATA_DIR" in error.fix
    assert VALUE not in seen
