"""What a name is, before anybody thinks of a registry."""

from __future__ import annotations

import pytest

from autoexec_magic.installer.own_files import Use
from autoexec_magic.installer.rust.classify import classify
from autoexec_magic.installer.rust.project import read_project

TREE = {
    "Cargo.toml": '[package]\nname = "my-tool"\n[dependencies]\nserde = "1"\nnick = { package = "real" }\n'
    '[workspace]\nmembers = ["other"]\n',
    "other/Cargo.toml": '[package]\nname = "other-one"\n',
    "src/main.rs": "",
    "src/undeclared.rs": "",
    "src/folder/mod.rs": "",
}


@pytest.fixture
def project(tmp_path):
    """Return a project with something of everything."""
    for name, text in TREE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return read_project(tmp_path)


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        *(
            ("std", "stdlib"),
            ("core", "stdlib"),
            ("alloc", "stdlib"),
            ("proc_macro", "stdlib"),
            ("test", "stdlib"),
        ),
        *(
            ("crate", "local"),
            ("self", "local"),
            ("super", "local"),
            ("my_tool", "local"),
            ("other_one", "local"),
        ),
        *(("undeclared", "local"), ("folder", "local"), ("serde", "installed"), ("nick", "installed")),
        *(("rustc_middle", "platform"), ("rustc_serialize", "removed")),
        *(("naïve", "invented"), ("a-b", "invented"), ("1a", "invented"), ("x" * 99, "invented")),
        *(("itoa", "third-party"), ("r#itoa", "third-party"), ("itoa::Buffer", "third-party")),
    ],
)
def test_what_a_name_is(project, name, cls):
    """Only what is nothing else is a crate to look for."""
    assert classify(Use(module=name, file="src/main.rs"), project)[0] == cls


def test_an_own_file_says_how_it_comes_in(project):
    """The declaration to write."""
    assert classify(Use(module="undeclared", file="src/main.rs"), project)[1].endswith("mod undeclared;")
