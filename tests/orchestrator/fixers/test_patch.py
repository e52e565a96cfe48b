"""A patch from anybody: read, applied to the one source or not at all."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.orchestrator.fixers.patch import BadPatch, apply, diff, has_unseen, read, replaced

SOURCE = "import json\n\nprices = {'pear': 1}\nprint(prices['plum'])\nprint('end')\n"
FIXED = SOURCE.replace("plum", "pear")
HUNK = "@@ -3,2 +3,2 @@\n prices = {'pear': 1}\n-print(prices['plum'])\n+print(prices['pear'])\n"
NAMED = f"--- a/script.py\n+++ b/script.py\n{HUNK}"

GOOD = {
    "alone": NAMED,
    "no-names": HUNK,
    "own-name": NAMED.replace("a/", "").replace("b/", ""),
    "dated": NAMED.replace("script.py\n", "script.py\t2024-01-02 03:04:05\n"),
    "git": f"diff --git a/script.py b/script.py\nindex 1..2 100644\n{NAMED}",
    "fenced": f"Of course!\n\n```diff\n{NAMED}```\nThis mends the key.\n- and it is\n+ short\n",
    "fenced-tildes": f"~~~\n{NAMED}~~~\n",
    "other-fence": f"The error was:\n```\nKeyError: 'plum'\n```\nso:\n```diff\n{NAMED}```\n",
    "prose-around": f"Here it is:\n\n{NAMED}\nThis mends it.\n- really\n",
    "wrong-numbers": NAMED.replace("-3,2 +3,2", "-40,2 +40,2"),
    "wrong-counts": "```\n" + NAMED.replace("-3,2 +3,2", "-3,1 +3,1") + "```",
    "no-numbers": HUNK.replace("@@ -3,2 +3,2 @@", "@@ ... @@"),
    "bare": HUNK.replace("@@ -3,2 +3,2 @@", "@@"),
    "windows": NAMED.replace("\n", "\r\n"),
    "no-newline-mark": NAMED + "\\ No newline at end of file\n",
    "trailing-space-lost": NAMED,
}
BAD = {
    "nothing": ("", "there is no patch in it"),
    "prose": ("I would rename the key.", "there is no patch in it"),
    "context-only": ("@@ -1 +1 @@\n import json\n", "there is no patch in it"),
    "elsewhere": (NAMED.replace("script.py", "other.py"), "it is about another file"),
    "above": (NAMED.replace("b/script.py", "b/../../script.py"), "it is about another file"),
    "absolute": (NAMED.replace("b/script.py", "/etc/passwd"), "it is about another file"),
    "below": (NAMED.replace("a/script.py", "a/lib/script.py"), "it is about another file"),
    "deletes-file": (NAMED.replace("b/script.py", "/dev/null"), "it is about another file"),
    "two-files": (NAMED + NAMED.replace("script.py", "x.py"), "it is about another file"),
    "twice": (NAMED + NAMED, "there is more than one patch in it"),
    "two-fences": (f"```\n{NAMED}```\nor\n```\n{NAMED}```\n", "there is more than one patch in it"),
    "rename": (f"rename from a\nrename to b\n{NAMED}", "it does more than change lines"),
    "mode": (f"new file mode 100755\n{NAMED}", "it does more than change lines"),
    "escape": (NAMED.replace("['pear']", "['\x1b]52;c;x\x07']"), "characters that cannot be seen"),
    "bidi": (NAMED.replace("+print", "+\u202eprint"), "characters that cannot be seen"),
    "zero-width": (NAMED.replace("+print", "+pri\u200bnt"), "characters that cannot be seen"),
    "huge": ("x" * 300_000, "it is longer than"),
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_a_patch_is_read_from_what_stands_around_it(text):
    """Fences, prose, numbers that are wrong: it is applied by its lines."""
    assert apply(read(text, "script.py"), SOURCE) == FIXED


@pytest.mark.parametrize(("text", "why"), BAD.values(), ids=BAD)
def test_what_is_no_patch_of_this_source_is_refused(text, why):
    """Another file, several patches, characters that nobody sees; and the reason quotes nothing of it."""
    with pytest.raises(BadPatch, match=why) as caught:
        read(text, "script.py")
    assert str(caught.value).isprintable()


def test_a_removed_line_that_looks_like_a_header_is_a_line():
    """`-- x` taken out reads `--- x`; the hunk's numbers say that it goes on."""
    source = "-- x\nselect 1\n"
    [hunk] = read("@@ -1,2 +1,2 @@\n--- x\n+++ y\n select 1\n", "script.sql")
    assert apply([hunk], source) == "++ y\nselect 1\n"


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        ("@@ -1 +1 @@\n-never there\n+x\n", "not there"),
        ("@@ -9 +9 @@\n-a = 1\n+a = 2\n", "more than one place"),
        ("@@ -1,2 +1,2 @@\n a = 1\n-b = 1\n+b = 2\n@@ -2,2 +2,2 @@\n-b = 1\n+b = 3\n a = 1\n", "same lines"),
        ("@@ -99,0 +99 @@\n+x = 1\n", "behind the end"),
        ("@@\n+x = 1\n", "where it belongs"),
    ],
)
def test_what_does_not_apply_applies_nowhere(patch, why):
    """A place that is not there, or not clear, is no place; half a patch is none."""
    with pytest.raises(BadPatch, match=why):
        apply(read(patch, "script.py"), "a = 1\nb = 1\na = 1\n")


def test_of_two_equal_places_the_one_that_is_named_is_meant():
    """The line's number decides where the lines alone do not."""
    assert (
        apply(read("@@ -3 +3 @@\n-a = 1\n+a = 2\n", "s.py"), "a = 1\nb = 1\na = 1\n")
        == "a = 1\nb = 1\na = 2\n"
    )


def test_lines_are_put_in_behind_a_line():
    """GNU diff writes `-1,0` for what comes behind line 1."""
    assert (
        apply(read("@@ -1,0 +2 @@\n+import re\n", "s.py"), "import json\nx = 1\n")
        == "import json\nimport re\nx = 1\n"
    )


def test_what_was_masked_stays_as_it_is():
    """Whoever wrote the patch saw `***` in a line that is kept: the line is kept as it really is."""
    source = "key = 'hunter2'\npritn(key)\n"
    patch = "@@ -1,2 +1,2 @@\n key = '***'\n-pritn(key)\n+print(key)\n"
    assert (
        apply(read(patch, "s.py"), source, seen="key = '***'\npritn(key)\n")
        == "key = 'hunter2'\nprint(key)\n"
    )
    with pytest.raises(BadPatch, match="another length"):
        apply(read(patch, "s.py"), source, seen="key = '***'")


@given(
    st.lists(st.sampled_from(["a", "b", "", "  c", "--- d", "+++ e", "@@ f"])),
    st.lists(st.sampled_from(["a", "b", "", "x"])),
)
def test_what_diff_says_can_be_applied(before, after):
    """Whatever two sources are, the diff between them leads from one to the other."""
    old, new = "\n".join(before), "\n".join(after)
    made = diff(old, new, "s.py")
    if old == new:
        assert made == ""
    else:
        assert apply(read(made, "s.py"), old) == new


@given(st.text(alphabet="+-@ \n\\`~ab1,", max_size=200))
def test_no_text_breaks_the_reader(text):
    """It is a patch or it is not, and a patch applies or it does not."""
    with contextlib.suppress(BadPatch):
        apply(read(text, "s.py"), "a\nb\n")


def test_a_name_is_replaced_in_the_line_that_failed():
    """Only there, only as a whole word, wherever it stands in that line."""
    source = "lenght = 1\nx = lenght(lenghts, lenght)\n"
    assert replaced(source, 2, "lenght", "len") == "lenght = 1\nx = len(lenghts, len)\n"
    assert replaced(source, 0, "lenght", "len", failed="x = lenght(lenghts, lenght)").startswith(
        "lenght = 1\nx = len("
    )
    assert replaced("print(d['plum'])\n", 1, "'plum'", "'pear'") == "print(d['pear'])\n"
    assert replaced("a = b\\1\n", 1, "b\\1", r"\g<0>") == "a = \\g<0>\n"


@pytest.mark.parametrize(
    ("line", "old", "new", "failed"),
    [
        (1, "absent", "x", ""),
        (9, "a", "b", ""),
        (0, "a", "b", ""),
        (2, "a", "b", "elsewhere"),
        (1, "", "b", ""),
        (1, "a", "b\nimport os", ""),
        (1, "a", "b\u202e", ""),
        (1, "a", "b" * 20_000, ""),
    ],
)
def test_what_is_no_piece_of_that_line_is_refused(line, old, new, failed):
    """A replacement is a piece of one line: it cannot bring lines of its own."""
    with pytest.raises(BadPatch):
        replaced("a = 1\nb = 2\n", line, old, new, failed=failed)


def test_what_is_seen():
    """Letters of any script and tabs are; what turns the direction of writing is not."""
    assert not has_unseen("\tfür 価格 = 1  # ✓")
    assert has_unseen("a\u2066b")
    assert has_unseen("\x1b[31m")


def test_fences_that_never_close_are_looked_at_once():
    """Each would be followed to the end of the answer: forty thousand of them took minutes."""
    with pytest.raises(BadPatch):
        read("```a\n" * 39_000 + "@@ -1 +1 @@\n-a\n+b\n\n" + "--- a/y\n+++ b/y\n", "x.py")


@pytest.mark.parametrize("name", ["part/a.py", "/x/part/a.py", "a.py", "a/a.py"])
def test_a_file_in_a_folder_is_known_by_its_whole_name(name):
    """What is shown can be read again; another folder's file of that name is another file."""
    made = diff("pritn(1)\n", "print(1)\n", name)
    assert apply(read(made, name), "pritn(1)\n") == "print(1)\n"
    with pytest.raises(BadPatch, match="another file"):
        read(made, f"other/{name.rpartition('/')[2]}")
