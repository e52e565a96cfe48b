"""`.dockerignore` as the engine reads it: the last line that matches wins."""

from __future__ import annotations

import pytest

from autoexec_magic.builder.image import ignored
from autoexec_magic.errors import UsageError


@pytest.mark.parametrize(
    ("text", "path", "is_out"),
    [
        ("*.log", "a.log", True),
        ("*.log", "sub/a.log", False),
        ("**/*.log", "a.log", True),
        ("**/*.log", "sub/deep/a.log", True),
        ("/build", "build/x/y", True),
        ("build/", "build/x", True),
        ("build/", "other/build/x", False),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c/z", True),
        ("a/**", "a/b", True),
        ("a/**", "a", False),
        ("file?", "file1", True),
        ("file?", "file12", False),
        ("[ab].txt", "a.txt", True),
        ("[^a].txt", "a.txt", False),
        (r"\!odd", "!odd", True),
        ("*\n!keep", "keep", False),
        ("*\n!keep", "keep/inside", False),
        ("*\n!keep\nkeep/secret", "keep/secret", True),
        ("!keep\n*", "keep", True),
        ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", True),
        ("*.md\n!README*.md\nREADME-secret.md", "README-x.md", False),
        ("# a comment\n a ", "a", True),
        (" # none", "# none", True),
        ("./a/../b", "b", True),
        ("\ufeffa", "a", True),
        ("a\r\nb\r\n", "b", True),
        ("", "a", False),
        ("a.c", "abc", False),
    ],
)
def test_a_path_is_left_out_or_not(text, path, is_out):
    """Each by the documentation's own words, or by what the engine does."""
    assert ignored.parse(text).leaves_out(path) is is_out


def test_a_folder_is_not_looked_into_where_nothing_of_it_can_come_back():
    """A `!` line may name something in it."""
    assert ignored.parse("data").prunes("data/")
    assert not ignored.parse("data\n!data/keep").prunes("data")


@pytest.mark.parametrize("text", ["[a", "!", "a\\"])
def test_what_is_no_pattern_is_said(text):
    """With its line."""
    with pytest.raises(UsageError, match="line 2"):
        ignored.parse(f"a\n{text}")


def test_settings_say_what_is_in_and_out():
    """All but what is included, then without what is excluded."""
    rules = ignored.of_patterns(["app/**", "*.toml"], ["app/tests"])
    paths = ("app/a.py", "app/tests/t.py", "x.toml", "notes.md")
    assert [rules.leaves_out(path) for path in paths] == [False, True, False, True]
    assert not ignored.of_patterns([], []).leaves_out("a")
    with pytest.raises(UsageError, match=r"exclude in \[tool\.autoexec\.build\]: '\[a' is no pattern"):
        ignored.of_patterns([], ["[a"])
