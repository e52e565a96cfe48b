"""The three questions the package answers, and what holds for any text."""

from __future__ import annotations

import builtins
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic import diagnosis
from autoexec_magic.diagnosis import diagnose_exception, diagnose_outcome, diagnose_text, python
from autoexec_magic.values import Outcome

FAILURES = Path(__file__).parents[1] / "data" / "failures"
HEADER = "Traceback (most recent call last):\n"
GROUP = "  + Exception Group " + HEADER
CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
MEGABYTE = 1_000_000
# Pieces a traceback is made of, so that random texts come near one.
PIECES = st.sampled_from(
    [
        HEADER,
        GROUP,
        CAUSE,
        "  | ",
        "    | ",
        '  File "a.py", line 3, in f\n',
        "File ~/a.py:3, in f\n",
        "Cell In[1], line 2\n",
        "----> 1 x\n",
        "    x = 1\n",
        "KeyError: 'a'\n",
        "ExceptionGroup: two (2 sub-exceptions)\n",
        "ModuleNotFoundError: No module named '",
        "NameError: name 'x' is not defined. Did you mean: '",
        "SyntaxError: bad\n",
        "a.sh: line 3: b: command not found\n",
        "a.sh: line 3: 12 Killed\n",
        "\x1b[31m",
        "\x1b]",
        ": ",
        "\r",
        "\n",
        "\ud800",
        "é",
        "\u202e",
        "\x00",
    ]
)
ANY_TEXT = st.one_of(st.text(), st.lists(PIECES | st.text(max_size=4), max_size=14).map("".join))
LANGUAGES = st.sampled_from(["python", "bash", "sh", "shell", "node", ""])


def outcome(returncode=1, stderr="", stdout="", ended="exited"):
    return Outcome(
        argv=("tool",), returncode=returncode, ended=ended, seconds=12.34, stdout=stdout, stderr=stderr
    )


def is_shown_on_one_line(seen):
    assert seen.code
    assert seen.code == seen.code.lower()
    assert seen.code.replace("-", "").isalpha()
    assert seen.why
    assert seen.fix
    for field in (seen.why, seen.fix, seen.where):
        assert len(field) <= 200
        assert field.isprintable()
    assert str(seen).isprintable()


def test_the_public_names_are_the_three_questions():
    """What is not listed may change."""
    assert diagnosis.__all__ == ["diagnose_exception", "diagnose_outcome", "diagnose_text"]


@given(ANY_TEXT, LANGUAGES)
def test_any_text_is_answered_on_one_line(text, language):
    """No text makes it raise, or reaches the cell with more than one printable line."""
    seen = diagnose_text(text, language=language)
    is_shown_on_one_line(seen)
    if seen.bytes is not None:
        start, end = seen.bytes
        assert 0 <= start < end <= len(text.encode("utf-8", "surrogatepass"))


@given(ANY_TEXT, ANY_TEXT, st.integers(-70, 255), LANGUAGES)
def test_any_outcome_is_answered_on_one_line(stderr, stdout, returncode, language):
    """The same for what a process left behind."""
    seen = diagnose_outcome(outcome(returncode, stderr, stdout), language=language)
    assert (seen is None) == (returncode == 0)
    if seen is not None:
        is_shown_on_one_line(seen)
        assert seen.bytes is None


@given(
    ANY_TEXT, st.sampled_from([KeyError, ValueError, ModuleNotFoundError, OSError, SyntaxError, Exception])
)
def test_any_message_of_an_exception_is_answered_on_one_line(message, cls):
    """The same for an exception of the kernel."""
    is_shown_on_one_line(diagnose_exception(cls(message), is_user_frame=lambda name: True))


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


def test_what_passed_has_no_diagnosis():
    """A traceback that was only logged is no failure."""
    assert diagnose_outcome(outcome(0, stderr=HEADER + "KeyError: 1")) is None


@pytest.mark.parametrize(
    ("ended", "code", "why"),
    [
        ("timed-out", "timeout", "it still ran after 12.3 s; last line: waiting for the lock"),
        ("cancelled", "cancelled", "a person stopped it after 12.3 s"),
    ],
)
def test_who_ended_it_comes_before_what_it_wrote(ended, code, why):
    """A process that was ended from outside did not fail by what it said before."""
    seen = diagnose_outcome(outcome(-15, HEADER + "KeyError: 1\nwaiting for the lock\n", ended=ended))
    assert (seen.code, seen.why, seen.confidence) == (code, why, "certain")


def test_standard_error_is_read_before_standard_output():
    """Standard output counts where standard error says nothing that is known."""
    key, name = "KeyError: 1", "NameError: name 'a' is not defined"
    assert diagnose_outcome(outcome(1, HEADER + key, HEADER + name)).code == "key-not-found"
    assert diagnose_outcome(outcome(1, "bye", HEADER + name)).code == "name-not-defined"
    assert diagnose_outcome(outcome(1, "", "half done")).why == "exit code 1; last line: half done"
    assert diagnose_outcome(outcome(1, "bye", "half done")).why == "exit code 1; last line: bye"


def test_an_interrupt_keeps_the_place_that_python_wrote():
    """Python writes a traceback when it is interrupted, and nothing when it is killed."""
    text = (FAILURES / "python" / "interrupted.txt").read_text(encoding="utf-8")
    seen = diagnose_outcome(outcome(-2, text))
    assert (seen.code, seen.where, seen.confidence) == ("interrupted", "/tmp/x/script.py:5", "certain")
    assert diagnose_outcome(outcome(-9, text)).code == "killed"


def test_an_exception_of_the_kernel_is_explained():
    """Its root cause, at the user's own last line."""

    def setting():
        try:
            return {}["port"]
        except KeyError as error:
            raise RuntimeError("no setting") from error

    with pytest.raises(RuntimeError) as caught:
        setting()
    seen = diagnose_exception(caught.value, is_user_frame=lambda name: name == __file__)
    assert (seen.code, seen.confidence) == ("key-not-found", "certain")
    assert seen.why == "the key 'port' is not there"
    assert seen.where.startswith(f"{__file__}:")
    assert seen.bytes is None
