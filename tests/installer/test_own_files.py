"""What the user's own files are, and what is read of them."""

from __future__ import annotations

from autoexec_magic.installer import own_files
from autoexec_magic.installer.own_files import Use, text_of, uses
from autoexec_magic.installer.scan import Needed


def names(root, endings=frozenset({".js"})):
    """Return the files that are found, by name."""
    return [path.relative_to(root).as_posix() for path in own_files.own_files(root, endings)]


def test_what_tools_fill_is_not_the_user_s(tmp_path):
    """Nothing below node_modules, target, vendor or a hidden folder; links to folders are not followed."""
    for place in (
        "a.js",
        "src/b.js",
        "src/c.py",
        "node_modules/x/d.js",
        "target/e.js",
        ".git/f.js",
        "vendor/g.js",
    ):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    assert names(tmp_path) == ["a.js", "src/b.js"]


def test_there_is_an_end_to_it(tmp_path, monkeypatch):
    """A tree of any size is read up to a limit."""
    monkeypatch.setattr(own_files, "MOST_FILES", 3)
    for number in range(9):
        (tmp_path / f"{number}.js").touch()
    assert len(names(tmp_path)) == 3


def test_what_no_person_wrote_is_not_read(tmp_path, monkeypatch):
    """A file that is too large, a link and a pipe have no text."""
    monkeypatch.setattr(own_files, "MOST_BYTES", 10)
    (tmp_path / "large.js").write_text("x" * 11)
    (tmp_path / "small.js").write_text("x" * 10)
    (tmp_path / "link.js").symlink_to(tmp_path / "small.js")
    assert [text_of(tmp_path / name) for name in ("large.js", "link.js", "none.js")] == ["", "", ""]
    assert text_of(tmp_path / "small.js") == "x" * 10


def test_a_use_says_where(tmp_path):
    """File and line, relative to the project."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.js").write_text("anything")
    [use] = uses(tmp_path, {".js"}, lambda path, text: [Needed(7, "koa", (), False)])
    assert use == Use(module="koa", file="src/a.js", line=7, required=False)
    assert use.place == "src/a.js:7"
