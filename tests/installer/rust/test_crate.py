"""What the crates of a directory are, and what runs when they are built."""

from __future__ import annotations

from autoexec_magic.installer.rust.crate import checked, crate_named, crates_for


def test_the_newest_release_of_each(crates):
    """A pre-release only where there is nothing else."""
    for version in ("1.9.0", "1.10.0", "2.0.0-rc.1"):
        crates.add("itoa", version)
    [found] = crates_for("itoa", crates.folder)
    assert found.version == "1.10.0"
    assert crate_named("itoa", crates.folder, "1.9.0").version == "1.9.0"
    assert crate_named("itoa", crates.folder, "3.0.0") is None
    assert crate_named("ito", crates.folder) is None


def test_a_dash_is_an_underscore_in_the_source(crates):
    """`serde-json` would be named `serde_json`."""
    crates.add("two-words")
    assert [each.name for each in crates_for("two_words", crates.folder)] == ["two-words"]


def test_what_runs_at_a_build(crates):
    """A build script by its default name or another, one that is switched off, a macro."""
    crates.add("a", files={"build.rs": ""})
    crates.add("b", package='build = "make.rs"', files={"make.rs": ""})
    crates.add("c", package="build = false", files={"build.rs": ""})
    crates.add("d", manifest="[lib]\nproc-macro = true\n")
    found = {name: crates_for(name, crates.folder)[0].runs for name in "abcd"}
    assert found == {"a": ("build.rs",), "b": ("make.rs",), "c": (), "d": ("a procedural macro",)}


def test_a_sound_crate_has_its_digest(crates):
    """The benign twin of those that are refused."""
    digest = crates.add("sound")
    found = checked(crates_for("sound", crates.folder)[0])
    assert (found.faults, found.digest, found.names_files) == ((), digest, True)


def test_a_link_in_a_crate_is_a_fault(crates):
    """What it leads to was not published."""
    crates.add("linked")
    (crates.folder / "linked-1.0.0" / "src" / "more.rs").symlink_to("/etc/passwd")
    assert any("which is a link" in fault for fault in checked(crates_for("linked", crates.folder)[0]).faults)


def test_a_checksum_file_that_is_none_is_a_fault(crates):
    """Half of it, or a list."""
    for text in ("{", "[]"):
        crates.add("half")
        (crates.folder / "half-1.0.0" / ".cargo-checksum.json").write_text(text)
        assert checked(crates_for("half", crates.folder)[0]).faults
