"""Where crates come from: cargo's own settings."""

from __future__ import annotations

import pytest

from autoexec_magic.errors import UsageError
from autoexec_magic.installer.rust.source import source


@pytest.fixture
def read(tmp_path):
    """Return a function that reads settings: the project's file, the person's, variables."""
    for name in ("project/.cargo", "home", "vendor", "project/vendor"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)

    def found(project="", person="", **variables):
        (tmp_path / "project" / ".cargo" / "config.toml").write_text(project)
        (tmp_path / "home" / "config.toml").write_text(person)
        return source(tmp_path / "project", {"CARGO_HOME": str(tmp_path / "home"), **variables})

    return found


REPLACED = '[source.crates-io]\nreplace-with = "v"\n[source.v]\ndirectory = "vendor"\n'


def test_nothing_said_is_crates_io(read):
    """As cargo has it."""
    found = read()
    assert (found.kind, found.folder, found.is_offline, found.flags) == ("registry", None, False, [])


def test_a_vendored_directory_is_relative_to_the_folder_of_the_settings(read, tmp_path):
    """As `cargo vendor` writes it; only the project says so."""
    found = read(project=REPLACED)
    assert (found.kind, found.folder, found.is_own) == ("directory", tmp_path / "project" / "vendor", False)
    assert f'source.autoexec.directory="{tmp_path}/project/vendor"' in found.flags


def test_the_person_s_own_directory(read, tmp_path):
    """Of `CARGO_HOME`; the paths there are relative to the folder above it."""
    found = read(person=REPLACED)
    assert (found.folder, found.is_own) == (tmp_path / "vendor", True)


def test_a_replacement_is_followed_to_its_end(read):
    """One source stands for another, which stands for a third."""
    text = '[source.crates-io]\nreplace-with = "a"\n[source.a]\nreplace-with = "b"\n'
    text += '[source.b]\nlocal-registry = "vendor"\n'
    assert read(project=text).kind == "local-registry"


def test_a_circle_is_an_error(read):
    """And no endless wait."""
    with pytest.raises(UsageError, match="circle"):
        read(project='[source.crates-io]\nreplace-with = "a"\n[source.a]\nreplace-with = "crates-io"\n')


def test_a_directory_that_is_not_there_is_an_error(read):
    """crates.io is not asked in its place."""
    with pytest.raises(UsageError, match="is not there"):
        read(project=REPLACED.replace('"vendor"', '"gone"'))


def test_offline_by_a_variable_or_a_file(read):
    """Both of cargo's ways."""
    assert read(CARGO_NET_OFFLINE="true").is_offline
    assert read(project="[net]\noffline = true\n").is_offline
