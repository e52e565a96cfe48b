"""The door of Rust's installer: what is missing, what each name is, what a message may and may not do."""

from __future__ import annotations

import pytest

from autoexec_magic.errors import NeedsPerson, UsageError
from autoexec_magic.installer import rust
from autoexec_magic.installer.rust.source import DISTRIBUTION

pytestmark = pytest.mark.limit(120)


def only(resolutions):
    """Return the one resolution."""
    [resolution] = resolutions
    return resolution


def test_missing_reads_the_project_s_own_files(project):
    """What comes with Rust, own modules and what the manifest has is not missing."""
    project.put("Cargo.toml", '[package]\nname = "mine"\nversion = "0.1.0"\n\n[dependencies]\nhere = "1"\n')
    project.put(
        "src/main.rs", "mod own;\nuse std::fs;\nuse here::A;\nuse own::B;\nuse left_one::C;\nfn main() {}\n"
    )
    project.put("src/own.rs", "pub fn f() { right_one::g(); }\n")
    project.put("target/debug/x.rs", "use built::X;\n")
    found = {use.module: use.place for use in rust.missing(project.folder)}
    assert found == {"left_one": "src/main.rs:5", "right_one": "src/own.rs:1"}


def test_a_folder_without_a_project_says_how_to_make_one(tmp_path):
    """No Cargo.toml anywhere above."""
    (tmp_path / ".git").mkdir()
    with pytest.raises(UsageError) as caught:
        rust.missing(tmp_path)
    assert caught.value.fix == "cargo init"


def test_a_stranger_is_a_question(project, crates):
    """A crate that nobody knows, though it is there and its files are right."""
    crates.add("stranger")
    found = only(project.resolve("stranger"))
    assert (found.cls, found.decision, found.proved) == ("third-party", "ask", True)
    assert found.evidence[0] == "stranger is only the same name, which is no evidence"


def test_a_typo_is_a_question_that_names_the_known_one(project, crates):
    """`itao` is there, and is spelt nearly like one that is known."""
    crates.add("itao")
    assert "itoa is spelt nearly so, and is known" in only(project.resolve("itao")).evidence


def test_a_crate_that_is_not_there_is_invented(project):
    """The directory is all there is: no other registry is asked."""
    found = only(project.resolve("no_such_crate"))
    assert (found.cls, found.decision) == ("invented", "nothing")


def test_a_newer_release_than_the_known_one_is_a_question(project, crates):
    """A directory tells no times: what is newer than the table knows may be fresh."""
    crates.add("itoa", "9.0.0")
    found = only(project.resolve("itoa"))
    assert found.decision == "ask"
    assert "does not say when itoa 9.0.0 was published" in found.evidence[0]


def test_the_library_s_name_counts_and_not_the_package_s(project, crates):
    """`md-5` has the library `md5`; a package with the right name and another library is not it."""
    crates.add("md-5", manifest='[lib]\nname = "md5"\n')
    crates.add("md5x", manifest='[lib]\nname = "other"\n')
    found = only(project.resolve("md5"))
    assert found.distribution == "md-5"
    assert only(project.resolve("md5x")).cls == "invented"


def test_two_crates_with_one_library_are_both_on_the_card(project, crates):
    """Which of them is meant is for a person to say."""
    crates.add("md-5", manifest='[lib]\nname = "md5"\n')
    crates.add("md5")
    found = only(project.resolve("md5"))
    assert [each.distribution for each in found.candidates] == ["md5", "md-5"]
    assert found.decision == "ask"
    assert "the library of md-5 is called md5, too" in found.evidence


def test_a_program_is_no_library(project, crates):
    """A crate that only has a program cannot be named in a path."""
    crates.add("tool", files={"src/main.rs": "fn main() {}\n"})
    (crates.folder / "tool-1.0.0" / "src" / "lib.rs").unlink()
    assert only(project.resolve("tool")).cls == "invented"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"digests": {"src/lib.rs": "0" * 64}}, "another src/lib.rs than was published"),
        ({"digests": {"src/gone.rs": "0" * 64}}, "lacks src/gone.rs"),
        ({"digests": {"../outside.rs": "0" * 64}}, "lacks ../outside.rs"),
        ({"unlisted": {"build.rs": "fn main() {}"}}, "has build.rs, which was not published"),
    ],
)
def test_a_crate_whose_files_were_changed_is_refused(project, crates, fields, said):
    """What cargo would compile must be what was published, whoever says yes."""
    crates.add("itoa", "1.0.1", **fields)
    project.answer = True
    resolutions, installed = project.heal("itoa")
    assert (only(resolutions).decision, installed, project.questions) == ("refuse", [], [])
    assert said in " ".join(only(resolutions).evidence)


def test_a_crate_without_checksums_is_refused(project, crates):
    """cargo would not take it either."""
    crates.add("itoa", "1.0.1")
    (crates.folder / "itoa-1.0.1" / ".cargo-checksum.json").unlink()
    assert only(project.resolve("itoa")).decision == "refuse"


@pytest.mark.parametrize(
    "text",
    [
        "error[E0432]: unresolved import `itoa`\n --> src/main.rs:1:5\n",
        "error[E0433]: failed to resolve: use of undeclared crate or module `itoa`\n --> src/main.rs:1:5\n",
    ],
)
def test_a_name_that_only_a_message_says_is_refused(project, crates, text):
    """A build script can print such a line: what no file of the user's names is not looked up."""
    crates.add("itoa", "1.0.1")
    resolutions, installed = rust.heal(text, project.folder, project.context)
    assert (only(resolutions).decision, installed) == ("refuse", [])
    assert only(resolutions).evidence == ("none of your own files asks for itoa",)


def test_a_directory_that_only_the_project_names_is_a_question(project, crates, tmp_path):
    """The project's own `.cargo/config.toml`: honoured, and asked about."""
    (tmp_path / "cargo" / "config.toml").unlink()
    crates.add("itoa", "1.0.1")
    project.put(
        ".cargo/config.toml",
        f'[source.crates-io]\nreplace-with = "v"\n[source.v]\ndirectory = "{crates.folder}"\n',
    )
    found = only(project.resolve("itoa"))
    assert found.decision == "ask"
    assert "only the project's own .cargo/config.toml says" in found.evidence[0]


def test_what_the_lock_has_of_a_vendored_directory_is_taken(project, crates, tmp_path):
    """Vendored and locked with the very digest: the project compiles it already."""
    (tmp_path / "cargo" / "config.toml").unlink()
    digest = crates.add("locked-one", "1.0.0")
    project.put(
        ".cargo/config.toml",
        f'[source.crates-io]\nreplace-with = "v"\n[source.v]\ndirectory = "{crates.folder}"\n',
    )
    entry = f'version = 4\n[[package]]\nname = "locked-one"\nversion = "1.0.0"\nchecksum = "{digest}"\n'
    project.put("Cargo.lock", entry)
    assert only(project.resolve("locked_one")).decision == "install"
    project.put("Cargo.lock", entry.replace(digest, "0" * 64))
    assert only(project.resolve("locked_one")).decision == "ask"


def test_without_a_directory_nothing_is_proved(project, tmp_path):
    """crates.io itself is not looked into: the command, and what would make it possible."""
    (tmp_path / "cargo" / "config.toml").unlink()
    project.answer = True
    resolutions, installed = project.heal("itoa")
    assert (only(resolutions).decision, only(resolutions).proved, installed) == ("ask", None, [])
    assert only(resolutions).fix.startswith("cargo add itoa")


def test_nobody_there_is_the_command_that_says_yes(project, crates):
    """Headless: the exact line."""
    crates.add("stranger")
    with pytest.raises(NeedsPerson) as caught:
        project.heal("stranger")
    assert caught.value.fix == "cargo add stranger@1.0.0"


@pytest.mark.usefixtures("cargo")
def test_a_crate_of_the_distribution_is_added(project, tmp_path):
    """Debian's own packages are a directory source: curated, aged, and taken without a question."""
    from skips import requires

    there = list(DISTRIBUTION.glob("fnv-*")) if DISTRIBUTION.is_dir() else []
    requires(there, "librust-fnv-dev is not installed", "apt-get install librust-fnv-dev")
    (tmp_path / "cargo" / "config.toml").write_text(
        f'[source.crates-io]\nreplace-with = "d"\n[source.d]\ndirectory = "{DISTRIBUTION}"\n', "utf-8"
    )
    project.put(
        "src/main.rs",
        "use fnv::FnvHashMap;\nfn main() { let _: FnvHashMap<u8, u8> = FnvHashMap::default(); }\n",
    )
    resolutions, installed = rust.heal(project.check().stderr, project.folder, project.context)
    assert only(resolutions).decision == "install"
    assert [each.distribution for each in installed] == ["fnv"]
    assert project.check().returncode == 0
