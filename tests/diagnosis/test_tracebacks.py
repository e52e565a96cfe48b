"""Where in a text the failure is that explains its end."""

from __future__ import annotations

from pathlib import Path

import pytest
from anytext import ANY_TEXT, PIECES
from hypothesis import example, given
from hypothesis import strategies as st

from autoexec_magic.diagnosis import python
from autoexec_magic.diagnosis.frames import is_library
from autoexec_magic.diagnosis.tracebacks import find_last, find_traceback, glance, members_of_group

FAILURES = Path(__file__).parents[1] / "data" / "failures" / "python"
HEADER = "Traceback (most recent call last):\n"
CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
OTHER = "\nDuring handling of the above exception, another exception occurred:\n\n"


def captured(name):
    return (FAILURES / f"{name}.txt").read_text(encoding="utf-8")


def block(error, line=1):
    return f'{HEADER}  File "a.py", line {line}, in <module>\n    code()\n{error}\n'


@pytest.mark.parametrize(
    ("text", "type_name"),
    [
        pytest.param(block("KeyError: 1") + block("ValueError: 2"), "ValueError", id="two-in-a-log"),
        pytest.param(block("KeyError: 1") + CAUSE + block("ValueError: 2"), "KeyError", id="direct-cause"),
        pytest.param(
            block("KeyError: 1") + OTHER + block("ValueError: 2"), "ValueError", id="while-handling"
        ),
        pytest.param(
            block("KeyError: 1") + OTHER + block("ValueError: 2") + CAUSE + block("TypeError: 3"),
            "ValueError",
            id="cause-of-what-was-met-while-handling",
        ),
        pytest.param(
            block("KeyError: 1") + CAUSE + block("ValueError: 2") + OTHER + block("TypeError: 3"),
            "TypeError",
            id="while-handling-what-had-a-cause",
        ),
        pytest.param(
            block("KeyError: 1") + CAUSE + block("ValueError: 2") + CAUSE + block("TypeError: 3"),
            "KeyError",
            id="a-chain-of-causes",
        ),
        pytest.param(
            block("KeyError: 1") + OTHER + "ValueError: 2\n" + CAUSE + block("TypeError: 3"),
            "TypeError",
            id="a-cause-that-was-never-raised",
        ),
        pytest.param(
            block("asyncio.exceptions.CancelledError") + CAUSE + block("TimeoutError"),
            "TimeoutError",
            id="a-cancellation-is-no-cause",
        ),
        pytest.param(
            "ValueError: 2\n" + CAUSE + block("TypeError: 3"), "TypeError", id="a-cause-without-header"
        ),
        pytest.param(block("KeyError: 1") + HEADER + "  File", "KeyError", id="the-last-is-cut"),
        pytest.param(block("KeyError: 1") + HEADER.rstrip(), "KeyError", id="the-last-is-only-a-header"),
        pytest.param(block("KeyError: 1") + "ValueError: 2\nbye\n", "KeyError", id="words-after-it"),
        pytest.param(block("shop.cart.Odd.<locals>.Error: 1"), "shop.cart.Odd.<locals>.Error", id="dotted"),
        pytest.param("a\nValueError: 2\nbye\n", "ValueError", id="only-its-last-line-is-left"),
        pytest.param("KeyboardInterrupt\n", "KeyboardInterrupt", id="only-an-interrupt-is-left"),
        pytest.param("SystemExit: 2\n", "SystemExit", id="only-an-exit-is-left"),
        pytest.param("shop.OddException: 2\n", "shop.OddException", id="only-an-exception-is-left"),
        pytest.param(
            "subprocess.TimeoutExpired: 2\n", "subprocess.TimeoutExpired", id="only-a-limit-is-left"
        ),
    ],
)
def test_which_failure_counts(text, type_name):
    """The last one does, but for its direct causes, whose root does."""
    assert find_traceback(text).type_name == type_name


@pytest.mark.parametrize("text", ["", "\n", "all is well\n", "Warning: hot\n", "File: a\n", HEADER])
def test_a_text_without_a_failure_has_none(text):
    """Words alone are no traceback."""
    assert find_traceback(text) is None


def test_the_range_is_the_failures_own():
    """From the header to the end of the exception's line, whatever stands around it."""
    text = "before\n" + block("KeyError: 1") + "after\n"
    found = find_traceback(text)
    assert text[found.start : found.end] == block("KeyError: 1").rstrip()


def test_the_range_of_a_syntax_error_begins_with_its_frame():
    """It has no header: the script never ran."""
    text = "before\n" + captured("syntax") + "after\n"
    found = find_traceback(text)
    assert text[found.start : found.end] == captured("syntax").rstrip()
    assert found.whole


def test_only_the_lines_right_above_belong_to_a_syntax_error():
    """A frame further up is another failure's."""
    old = '  File "old.py", line 1\n'
    assert find_traceback(f"{old}retry\nSyntaxError: bad\n").where == ""
    assert find_traceback(f"{old}\tx = (\nSyntaxError: bad\n").where == "old.py:1"


def test_a_line_alone_is_not_whole():
    """Anybody can write a line that looks like an error."""
    found = find_traceback("hello\nKeyError: 1\n")
    assert (found.whole, found.where, found.start) == (False, "", 6)


def test_a_message_that_begins_with_a_line_feed_is_found_below():
    """The exception's own line has nothing after the colon."""
    found = find_traceback(block("ValueError: ") + "\n  row 3\nrow 4\n")
    assert found.message == "row 3"
    assert find_traceback(block("ValueError:")).message == ""


@pytest.mark.parametrize(
    ("frames", "where", "source"),
    [
        pytest.param('  File "a.py", line 1, in f\n    g()\n    ^^^\n', "a.py:1", "g()", id="marks"),
        pytest.param('  File "a.py", line 1\n', "a.py:1", "", id="no-source"),
        pytest.param(
            '  File "a.py", line 1, in f\n  File "b.py", line 2, in g\n', "b.py:2", "", id="the-last"
        ),
        pytest.param(
            '  File "a.py", line 1, in f\n    g()\n  File "/lib/python3.11/b.py", line 2, in g\n    h()\n',
            "a.py:1",
            "g()",
            id="below-it-a-library",
        ),
        pytest.param('  File "a, b.py", line 1, in f\n    1 / 0\n', "a, b.py:1", "1 / 0", id="odd-name"),
        pytest.param('  File "a.py", line x\n', "", "", id="no-number"),
        pytest.param('  File "<frozen runpy>", line 1, in f\n', "", "", id="frozen"),
        pytest.param(
            '  File "a.py", line 1, in f\n    x = File [1]\n', "a.py:1", "x = File [1]", id="word-in-code"
        ),
        pytest.param("  say  File a.py:3\n", "", "", id="word-in-a-line"),
        pytest.param("  " + "x" * 20 + "File a.py:3\n", "", "", id="word-far-in-a-line"),
        pytest.param("File ~/a.py:3, in f(x)\n      2 y\n----> 3 1 / x\n", "~/a.py:3", "1 / x", id="ipython"),
        pytest.param("Cell In[2], line 1, in f(x)\n----> 1 1 / x\n", "In[2]:1", "1 / x", id="cell"),
        pytest.param('Cell In[2], line 1\n    "Cell In[3]"\n', "In[2]:1", '"Cell In[3]"', id="cell-in-code"),
        pytest.param('  File "a.py", line 1, in f\n    x > y / 0\n', "a.py:1", "x > y / 0", id="no-arrow"),
        pytest.param('  File "a.py", line 1, in f\n    --x / 0\n', "a.py:1", "--x / 0", id="no-arrow-either"),
        pytest.param("", "", "", id="no-frames"),
    ],
)
def test_the_users_last_frame_is_the_place(frames, where, source):
    """Its line of code goes with it."""
    found = find_traceback(f"{HEADER}{frames}ValueError: 1\n")
    assert (found.where, found.source) == (where, source)


def test_a_cause_inside_a_library_is_placed_at_the_users_call():
    """A root that was raised and caught in a library has no frame of the user's."""
    root = f'{HEADER}  File "/x/site-packages/b.py", line 7, in f\n    1 / 0\nZeroDivisionError: zero\n'
    found = find_traceback(root + CAUSE + block("ValueError: 2", line=3))
    assert (found.type_name, found.where, found.source) == ("ZeroDivisionError", "a.py:3", "code()")
    assert found.start == 0


def test_windows_line_ends_do_not_matter():
    """A log may have been written elsewhere."""
    found = find_traceback(captured("division-by-zero").replace("\n", "\r\n"))
    assert (found.type_name, found.message) == ("ZeroDivisionError", "division by zero")
    assert found.where == "/tmp/x/script.py:2"
    assert found.source == "return sum(values) / len(values)"


def test_a_prefix_before_every_line_is_not_the_tracebacks():
    """Container logs name the service on every line; a prefix of the header alone is just words."""
    text = captured("name-not-defined.prefixed")
    assert find_traceback(text).source == "return heigth"
    once = "12:00 ERROR " + captured("name-not-defined")
    assert find_traceback(once).source == "return width * heigth"


def test_a_group_is_taken_whole():
    """The traceback of a member is not the failure; the group is."""
    found = find_traceback(captured("division-by-zero.group"))
    assert (found.type_name, found.start) == ("ExceptionGroup", 0)


def test_an_older_group_is_not_the_failures():
    """A bar before a header can also be a log's."""
    text = captured("exception-group") + "retry\n" + captured("name-not-defined.prefixed")
    assert find_traceback(text).type_name == "NameError"


def test_a_group_without_members_shown_has_none():
    """The end of a log may be cut."""
    text = captured("exception-group")
    assert members_of_group(text, 0, 1) == ["ValueError: no size"]
    assert members_of_group("cut", 3, 1) == []


@pytest.mark.parametrize(
    ("filename", "library"),
    [
        ("/usr/lib/python3.11/json/decoder.py", True),
        ("/usr/lib64/python3.12/json/decoder.py", True),
        ("/home/u/.venv/lib/site-packages/pandas/io.py", True),
        ("/usr/lib/python3/dist-packages/yaml.py", True),
        ("<frozen importlib._bootstrap>", True),
        ("/home/u/library/a.py", False),
        ("<stdin>", False),
        ("script.py", False),
    ],
)
def test_what_is_a_library(filename, library):
    """The user can change only what is not."""
    assert is_library(filename) is library


FRAME = '  File "a.py", line 3, in f\n    x = 1\n'
LIBRARY = '  File "/usr/lib/python3.11/a.py", line 3, in f\n    x = 1\n'


@given(
    st.lists(
        st.sampled_from(
            [HEADER, FRAME, LIBRARY, "KeyError: 1\n", "ValueError: b\n", "log: a\n", "\n", CAUSE, OTHER]
        )
    )
)
@example([HEADER, FRAME, "KeyError: 1\n", LIBRARY, "ValueError: b\n"])
def test_a_glance_sees_what_a_look_finds(pieces):
    """The quick way answers for plain texts only, and then as the long one does."""
    plain = "".join(pieces)
    glanced = glance(plain)
    if glanced is not None:
        found = find_last(plain)
        assert (found.type_name, found.message) == glanced[:2]


@given(ANY_TEXT)
def test_any_text_can_be_glanced_at(text):
    """It never raises, and never says what the whole reading would not."""
    glance(text)
    assert isinstance(python.code_of_text(text), str)


@pytest.mark.parametrize("path", sorted(FAILURES.glob("*.txt")), ids=lambda path: path.stem)
def test_a_glance_at_what_was_captured(path):
    """Where it answers, it is right about real texts."""
    plain = path.read_text(encoding="utf-8")
    glanced = glance(plain)
    if glanced is not None:
        found = find_last(plain)
        assert (found.type_name, found.message) == glanced[:2]


class Counted(str):
    """A text that counts the characters that are looked at."""

    __slots__ = ()
    work = 0

    def find(self, what, start=0, stop=None):
        stop = len(self) if stop is None else stop
        found = str.find(self, what, start, stop)
        Counted.work += max(0, (stop if found < 0 else found) - start) + 1
        return found

    def rfind(self, what, start=0, stop=None):
        stop = len(self) if stop is None else stop
        found = str.rfind(self, what, start, stop)
        Counted.work += max(0, stop - max(start, found)) + 1
        return found

    def count(self, what, start=0, stop=None):
        Counted.work += max(0, (len(self) if stop is None else stop) - start) + 1
        return str.count(self, what, start, len(self) if stop is None else stop)

    def __getitem__(self, at):
        piece = str.__getitem__(self, at)
        Counted.work += len(piece)
        return piece


def work(text):
    Counted.work = 0
    python.read(Counted(text))
    python.code_of_text(Counted(text))
    return Counted.work


HOSTILE = [
    HEADER,
    FRAME,
    LIBRARY,
    "  + Exception Group " + HEADER,
    "    | " + HEADER,
    "| ",
    "    | KeyError: 1\n",
    block("KeyError: 1") + CAUSE,
    block("Odd: 1") + OTHER,
    block("shop.Odd: a") + OTHER + block("shop.Odd: a") + CAUSE,
    '  File "',
    "File ",
    "Cell In[",
    "----> 1 ",
    "KeyError: 1\n",
    "Odd: ",
    "usage: a\n",
    "a: error: b\n",
    "usage: a: error: ",
    "\n",
    " ",
    "a",
    "\r",
    "(most recent call ",
    "2026-01-01 12:00 " + HEADER,
]


@pytest.mark.parametrize("tail", ["", "KeyError: 1", HEADER + FRAME + "KeyError: 1"])
@pytest.mark.parametrize("head", ["", HEADER, HEADER + FRAME])
@pytest.mark.parametrize("piece", HOSTILE)
def test_twice_the_text_is_no_more_than_twice_the_work(piece, head, tail):
    """Characters are counted, not seconds: what grows faster would show at once."""
    count = 20_000 // len(piece)
    once, twice = (work(head + piece * n + tail) for n in (count, 2 * count))
    assert twice <= 2.2 * once + 5000
    assert once <= 60 * (len(head + piece * count + tail) + 100)


@given(st.lists(PIECES, min_size=1, max_size=6), st.lists(PIECES, max_size=3))
def test_no_mixture_is_more_than_linear_work(pieces, tail):
    """The same for what nobody thought of."""
    piece = "".join(pieces)
    count = 4_000 // len(piece) + 1
    once, twice = (work(piece * n + "".join(tail)) for n in (count, 2 * count))
    assert twice <= 2.3 * once + 10_000
