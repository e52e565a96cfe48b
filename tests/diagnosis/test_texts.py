"""What a text says went wrong, and what holds for any text."""

from __future__ import annotations

import builtins

import pytest
from anytext import ANY_TEXT, CAUSE, FAILURES, GROUP, HEADER, LANGUAGES, MEGABYTE, is_shown_on_one_line
from hypothesis import given

from autoexec_magic.diagnosis import diagnose_exception, diagnose_text, python


@given(ANY_TEXT, LANGUAGES)
def test_any_text_is_answered_on_one_line(text, language):
    """No text makes it raise, or reaches the cell with more than one printable line."""
    seen = diagnose_text(text, language=language)
    is_shown_on_one_line(seen)
    if seen.bytes is not None:
        start, end = seen.bytes
        assert 0 <= start < end <= len(text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("message", ["", " ", "\n", "'", "[Errno 2] ", ": "])
@pytest.mark.parametrize("name", sorted(python.ROWS))
def test_a_row_has_an_answer_for_an_empty_message(name, message):
    """Anybody can raise any type with nothing to say."""
    is_shown_on_one_line(diagnose_text(f"{HEADER}{name}: {message}"))
    cls = getattr(builtins, name, None)
    if cls is not None and not issubclass(cls, BaseExceptionGroup | UnicodeError):
        is_shown_on_one_line(diagnose_exception(cls(message), is_user_frame=bool))


@pytest.mark.parametrize(
    "piece",
    [
        "\n",
        " ",
        "\r\n",
        "\x1b",
        "\x1b[",
        "\x1b]",
        "a",
        ": ",
        "File ",
        "Cell In[",
        "  File \n",
        HEADER,
        "  | " + HEADER,
        GROUP,
        CAUSE,
        HEADER + "KeyError: 1\n" + CAUSE,
        "| " + HEADER + "KeyError: 1\n" + CAUSE,
        HEADER + '  File "/lib/python3.11/a.py", line 1\n',
        "a.sh: line 3: 12 Kill\n",
        "é\n",
    ],
)
@pytest.mark.parametrize("language", ["python", "sh"])
def test_a_megabyte_of_anything_ends(piece, language):
    """Quadratic work on so much text would take hours; this is here to end at all."""
    text = piece * (MEGABYTE // len(piece))
    is_shown_on_one_line(diagnose_text(text, language=language))
    is_shown_on_one_line(diagnose_text(f"{HEADER}{text}\nKeyError: 1", language=language))


@pytest.mark.parametrize(
    "name",
    ["name-not-defined", "syntax", "exception-group", "module-not-found.option", "error", "nonzero-exit"],
)
def test_the_bytes_are_those_of_the_text_as_it_was_given(name):
    """Colours and letters of more than one byte before it move the range, and nothing else."""
    text = (FAILURES / "python" / f"{name}.txt").read_text(encoding="utf-8")
    alone = diagnose_text(text)
    before = "\x1b[32m√ début\x1b[0m\n"
    coloured = diagnose_text(before + text)
    shift = len(before.encode())
    assert coloured.bytes == (alone.bytes[0] + shift, alone.bytes[1] + shift)
    assert str(coloured) == str(alone)
    data = text.encode()
    assert data[alone.bytes[0] : alone.bytes[1]].decode().strip()


def test_colours_do_not_matter():
    """A coloured traceback says what the same one without colours says."""
    for name in ("name-not-defined.notebook",):
        plain, coloured = (
            diagnose_text((FAILURES / "python" / f"{name}{ending}.txt").read_text(encoding="utf-8"))
            for ending in ("", "-colour")
        )
        assert str(plain) == str(coloured)
        assert plain.bytes != coloured.bytes


def test_what_explains_nothing_is_said_to_be_unknown():
    """The last line is the best there is, and it is not sold as more."""
    seen = diagnose_text("step 1\nstep 2 went wrong\n\n")
    assert (seen.code, seen.why, seen.confidence, seen.bytes) == (
        "error",
        "step 2 went wrong",
        "unknown",
        (7, 24),
    )
    empty = diagnose_text(" \n")
    assert (empty.code, empty.why, empty.bytes) == ("error", "the text is empty", None)


def test_a_line_that_looks_like_an_error_is_only_likely():
    """Without a traceback around it, anybody may have written it."""
    seen = diagnose_text("NameError: name 'totl' is not defined")
    assert (seen.code, seen.confidence, seen.where) == ("name-not-defined", "likely", "")


def test_another_language_is_told_what_every_program_shares():
    """Signals, exit codes and the system's messages are nobody's own."""
    seen = diagnose_text("cat: a.txt: No such file or directory", language="node")
    assert seen.code == "file-not-found"
    traceback = (FAILURES / "python" / "key-not-found.txt").read_text(encoding="utf-8")
    assert diagnose_text(traceback, language="node").code == "error"
    for language in ("bash", "sh", "shell"):
        assert diagnose_text(traceback, language=language).code == "key-not-found"


CALLED = (
    "Traceback (most recent call last):\n"
    '  File "/tmp/x/main.py", line 3, in <module>\n'
    '    subprocess.run(["git", "rev-parse", "HEAD"], check=True)\n'
    '  File "/usr/lib/python3.11/subprocess.py", line 571, in run\n'
    "    raise CalledProcessError(retcode, process.args,\n"
    "subprocess.CalledProcessError: Command '['git', 'rev-parse', 'HEAD']' returned non-zero exit status 128.\n"  # noqa: E501
)


def test_what_a_command_said_is_why_its_call_failed():
    """The exception only says that it failed; the place is the user's call."""
    seen = diagnose_text("fatal: not a git repository (or any of the parent directories): .git\n" + CALLED)
    assert (seen.code, seen.confidence, seen.where) == ("not-a-repository", "certain", "/tmp/x/main.py:3")
    assert seen.evidence[-1].startswith("it ended as Command '['git'")


def test_what_stands_further_above_may_be_another_failure():
    """Something was written between; it is likely then."""
    seen = diagnose_text(
        "fatal: not a git repository (or any of the parent directories): .git\nnext\n" + CALLED
    )
    assert (seen.code, seen.confidence) == ("not-a-repository", "likely")


def test_a_command_that_said_nothing_has_just_failed():
    """Then its end is all there is."""
    assert diagnose_text(CALLED).code == "command-failed"
