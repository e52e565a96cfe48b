"""What a Rust project's own files say of it."""

from __future__ import annotations

from autoexec_magic.installer.rust.project import path_folders, read_project


def put(root, name, text):
    """Write a file."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def test_a_workspace_and_its_members(tmp_path):
    """Below a member the root is the one with the lock; what is shared is known."""
    put(
        tmp_path,
        "Cargo.toml",
        '[workspace]\nmembers = ["crates/*"]\nexclude = ["crates/x"]\n'
        '[workspace.dependencies]\nserde = "1"\n',
    )
    put(tmp_path, "crates/a/Cargo.toml", '[package]\nname = "a-b"\n[dependencies]\nserde-json = "1"\n')
    put(tmp_path, "crates/x/Cargo.toml", '[package]\nname = "x"\n')
    found = read_project(tmp_path / "crates" / "a")
    assert found is not None
    assert (found.root, [each.name for each in found.packages]) == (tmp_path, ["a-b"])
    assert found.packages[0].library == "a_b"
    assert found.packages[0].wants == {"serde_json": {"version": "1"}}
    assert found.shared == {"serde": "1"}


def test_dependencies_of_every_kind(tmp_path):
    """For tests, for building, for one platform, and by a path."""
    put(
        tmp_path,
        "Cargo.toml",
        '[package]\nname = "a"\n[dev-dependencies]\nb = "1"\n[build-dependencies]\nc = "1"\n'
        '[target."cfg(unix)".dependencies]\nd = { path = "../d", package = "other" }\n'
        '[lib]\nname = "lib_a"\n',
    )
    found = read_project(tmp_path)
    assert set(found.packages[0].wants) == {"b", "c", "d"}
    assert found.packages[0].library == "lib_a"
    assert list(path_folders(found)) == [tmp_path.parent / "d"]


def test_what_the_lock_has(tmp_path):
    """Every version of a crate, with its digest."""
    put(tmp_path, "Cargo.toml", '[package]\nname = "a"\n')
    put(
        tmp_path,
        "Cargo.lock",
        'version = 4\n[[package]]\nname = "x"\nversion = "1.0.0"\nchecksum = "c"\nsource = "s"\n'
        '[[package]]\nname = "x"\nversion = "2.0.0"\n',
    )
    assert [(each.version, each.checksum) for each in read_project(tmp_path).locked["x"]] == [
        ("1.0.0", "c"),
        ("2.0.0", ""),
    ]


def test_what_cannot_be_read_says_nothing(tmp_path):
    """Half a Cargo.toml is a project without dependencies, and no error of ours."""
    put(tmp_path, "Cargo.toml", "[package")
    put(tmp_path, "Cargo.lock", "package = 3")
    found = read_project(tmp_path)
    assert (found.packages[0].wants, dict(found.locked)) == ({}, {})
