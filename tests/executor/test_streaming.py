"""What a child writes arrives: all of it, in order, at once, and harmless."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autoexec_magic import executor
from autoexec_magic.events import Event, Output, Truncated
from autoexec_magic.screen import collapsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from autoexec_magic.values import Outcome

HANG_SECONDS = 10.0
SHORT_GRACE = 0.2
WRITE = str(Path(__file__).with_name("programs") / "write.py")
LEAN = ("-I", "-S")
APART_SECONDS = 0.003  # between two writes that are to be two reads
PAUSE_SECONDS = 0.03  # longer than any window in which lines are gathered
LONG_PAUSE_SECONDS = 0.7
TAIL_CHARS = 65_536
PIPE_BYTES = 65_536  # pipe(7)
MEGABYTE = 1_000_000
LATENCY_NS = 10_000_000
SECRET_NAME = re.compile("TOKEN|SECRET|PASSWORD|KEY", re.IGNORECASE)
SECRET = "tr0ub4dor&3-x"
ESC = "\x1b"


@contextlib.contextmanager
def at_most(seconds: float = HANG_SECONDS) -> Iterator[None]:
    """Fail a block of the main thread that takes longer than `seconds`, instead of hanging."""

    def late(*_: object) -> None:
        raise AssertionError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def run(*arguments: str, emit: Callable[[Event], None], **options: object) -> Outcome:
    """Run Python with `arguments`."""
    options.setdefault("policy", executor.policy.exactly(sys.executable))
    options.setdefault("grace", SHORT_GRACE)
    with at_most():
        return executor.run([sys.executable, *LEAN, *arguments], emit=emit, **options)


def code(text: str, **options: object) -> tuple[Outcome, list[Event]]:
    """Run a line of Python; return the outcome and the events."""
    events: list[Event] = []
    return run("-c", text, emit=events.append, **options), events


def follow(*steps: str, **options: object) -> tuple[Outcome, list[Event]]:
    """Run the steps of `write.py`; return the outcome and the events."""
    events: list[Event] = []
    return run(WRITE, *steps, emit=events.append, **options), events


def out(text: str | bytes) -> str:
    """Return the step that writes `text` to stdout in one call."""
    return "o:" + (text if isinstance(text, bytes) else text.encode()).hex()


def err(text: str | bytes) -> str:
    """Return the step that writes `text` to stderr in one call."""
    return "e:" + (text if isinstance(text, bytes) else text.encode()).hex()


def pause(seconds: float = PAUSE_SECONDS) -> str:
    """Return the step that does nothing for a while."""
    return f"p:{seconds}"


def text_of(events: list[Event], stream: str = "stdout") -> str:
    """Return all text of one stream."""
    return "".join(event.text for event in events if isinstance(event, Output) and event.stream == stream)


def split_everywhere(
    data: bytes, before: str = "", after: str = "\n", gap: float = PAUSE_SECONDS
) -> list[str]:
    """Return steps that write `data` in two halves, once for each place where it can be cut."""
    steps = []
    for cut in range(1, len(data)):
        steps += [out(before.encode() + data[:cut]), pause(gap), out(data[cut:] + after.encode())]
    return steps


def answer(place: Path, cue: str) -> Callable[[Event], None]:
    """Return a sink that makes the file `place` once it has seen `cue`."""
    seen = []

    def emit(event: Event) -> None:
        if isinstance(event, Output):
            seen.append(event.text)
            if cue in "".join(seen):
                place.touch()

    return emit


@pytest.fixture(autouse=True)
def _no_secrets(monkeypatch):
    """Take the secrets of the machine out of the environment, so that each test has its own only."""
    for name in list(os.environ):
        if SECRET_NAME.search(name):
            monkeypatch.delenv(name)


# -- characters


@settings(max_examples=12, deadline=None, database=None)
@given(text=st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=10))
@example(text="aü€𝄞é")
@example(text="👩‍👩‍👧 \ufeff\u2028")
def test_text_cut_between_any_two_bytes_arrives_unchanged(text):
    """A read that ends inside a character is not the end of it, wherever the cut is."""
    data = text.encode()
    outcome, events = follow(out(text + "\n"), *split_everywhere(data, gap=APART_SECONDS))
    assert text_of(events) == outcome.stdout == f"{text}\n" * len(data)


def test_no_event_ends_inside_a_character():
    """Bytes that come one by one are not shown before they are a character."""
    text = "ü€𝄞" * 3
    steps = [step for byte in text.encode() for step in (out(bytes([byte])), pause(APART_SECONDS))]
    _, events = follow(*steps)
    assert text_of(events) == text
    assert all(event.text in text for event in events)


def test_a_character_is_put_together_across_the_other_stream():
    """What stderr says between two halves of a character on stdout does not mix with them."""
    first, second = "€".encode()[:1], "€".encode()[1:]
    _, events = follow(out(first), pause(), err("ü\n"), pause(), out(second))
    assert (text_of(events), text_of(events, "stderr")) == ("€", "ü\n")


def test_half_a_character_at_the_end_is_replaced():
    """A child that ends inside a character gives a replacement, not an error."""
    data = b"end: \xe2\x82"
    outcome, events = follow(out(data))
    assert text_of(events) == outcome.stdout == data.decode("utf-8", "replace")


def test_what_is_no_utf_8_is_replaced():
    """Bytes in another encoding are replaced one for one with what a decoder would give."""
    data = b"caf\xe9 \xff\xfe \xc0\xaf \xed\xa0\x80 " + bytes(range(0xA0, 0x100)) + b" end\n"
    outcome, events = follow(out(data))
    assert text_of(events) == outcome.stdout == data.decode("utf-8", "replace")


def test_garbage_does_not_raise():
    """Random bytes on both streams give text that can be written, and the run ends well."""
    data = random.Random(0).randbytes(100_000)
    text = f"import os, random; d = random.Random(0).randbytes({len(data)})\nos.write(1, d); os.write(2, d)"
    text += "\nos.write(1, bytes(range(256)) * 50)"
    outcome, events = code(text)
    assert outcome.returncode == 0, outcome.stderr
    assert text_of(events).encode()
    assert text_of(events, "stderr").encode()


# -- order and completeness


def test_the_order_within_a_stream_is_kept():
    """Twenty thousand numbered lines arrive in their order."""
    lines = 20_000
    outcome, events = code(f"for n in range({lines}): print(n)")
    assert text_of(events) == "".join(f"{n}\n" for n in range(lines))
    assert outcome.stdout == text_of(events)[-TAIL_CHARS:]


def test_two_writers_at_the_same_time_lose_nothing():
    """Ten thousand lines from a parent and as many from its child, on two streams, all arrive."""
    lines = 10_000
    text = f"""
import os
child = os.fork()
fd = 1 if child else 2
for n in range({lines}): os.write(fd, b"%d\\n" % n)
if child: os.waitpid(child, 0)
os._exit(0)
"""
    _, events = code(text)
    wanted = "".join(f"{n}\n" for n in range(lines))
    assert text_of(events) == wanted
    assert text_of(events, "stderr") == wanted


def test_large_stderr_before_anything_on_stdout():
    """A child that fills the second pipe first still ends, and both streams are whole."""
    size = 200_000
    text = f"import os; os.write(2, b'e' * {size}); os.write(1, b'o' * {size})"
    outcome, events = code(text)
    assert outcome.passed
    assert text_of(events, "stderr") == "e" * size
    assert text_of(events) == "o" * size


def test_large_output_on_both_streams_arrives():
    """Megabytes on both streams in turns arrive whole."""
    size = 4 * MEGABYTE
    piece = 100_000
    turn = f"os.write(1, b'o' * {piece}); os.write(2, b'e' * {piece})"
    _, events = code(f"import os\nfor n in range({size // piece}): {turn}")
    assert text_of(events) == "o" * size
    assert text_of(events, "stderr") == "e" * size


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_what_was_written_just_before_the_exit_is_there(stream):
    """A pipe that is full when the child leaves is read to its end, every time."""
    fd = 1 if stream == "stdout" else 2
    for _ in range(15):
        _, events = code(f"import os; os._exit(os.write({fd}, b'x' * {PIPE_BYTES}) != {PIPE_BYTES})")
        assert len(text_of(events, stream)) == PIPE_BYTES


def test_last_words_before_a_kill_are_there():
    """What was written before a signal ended the child is not lost."""
    outcome, events = code("import os, signal; os.write(1, b'last words'); os.kill(os.getpid(), 9)")
    assert outcome.returncode == -signal.SIGKILL
    assert text_of(events) == outcome.stdout == "last words"


def test_a_line_without_an_end_may_be_long():
    """A text of megabytes without a newline arrives."""
    size = 3 * MEGABYTE
    _, events = code(f"import sys; sys.stdout.write('x' * {size})")
    assert text_of(events) == "x" * size


def test_line_ends_and_controls_of_a_terminal_stay():
    """Tabs, carriage returns and backspaces are text in events; the outcome has what a terminal shows."""
    text = "a\tb\r\nc\rd\x08e\n\n\r"
    outcome, events = follow(out(text), err(text))
    assert text_of(events) == text_of(events, "stderr") == text
    assert outcome.stdout == outcome.stderr == "a\tb\ne\n\n"


def test_a_slow_sink_loses_nothing():
    """A sink that takes its time gets everything, while the child waits or not."""
    lines = 20_000
    events: list[Event] = []

    def emit(event: Event) -> None:
        events.append(event)
        if len(events) < 20:
            time.sleep(0.02)

    run("-c", f"for n in range({lines}): print(n)", emit=emit)
    assert text_of(events) == "".join(f"{n}\n" for n in range(lines))


# -- at once, and not too often


def test_a_lone_line_comes_at_once():
    """A line that is written alone is not kept back to be gathered with others."""
    lines = 12
    delays = []

    def emit(event: Event) -> None:
        delays.append(time.monotonic_ns() - int(event.text))

    text = f"""
import os, time
for _ in range({lines}):
    time.sleep(0.08)
    os.write(1, b"%d\\n" % time.monotonic_ns())
"""
    run("-c", text, emit=emit)
    assert len(delays) == lines
    # A busy machine delays some lines, a timer delays all of them: look at the faster ones.
    assert sorted(delays)[lines // 4] < LATENCY_NS


@pytest.mark.parametrize("with_secret", [False, True], ids=["no-secret", "a-secret-to-look-for"])
@pytest.mark.parametrize(
    ("step", "cue"),
    [
        pytest.param(out("line\n"), "line\n", id="line"),
        pytest.param(err("line\n"), "line\n", id="line-on-stderr"),
        pytest.param(out("Go on? "), "Go on? ", id="prompt"),
        pytest.param(out("n\n" * 5000 + "last\n"), "last\n", id="last-line-of-many"),
        pytest.param(out("10 %\r"), "10 %\r", id="progress"),
        pytest.param(out(f"{ESC}[32mok{ESC}[0m"), "ok", id="colour"),
    ],
)
def test_the_sink_hears_it_while_the_child_waits(tmp_path, monkeypatch, with_secret, step, cue):
    """A child that waits for an answer to what it wrote gets one."""
    if with_secret:
        monkeypatch.setenv("API_TOKEN", "a-very-long-secret-" * 10)
    place = tmp_path / "answer"
    outcome = run(WRITE, step, f"w:{place}", emit=answer(place, cue))
    assert outcome.passed


def test_fast_lines_are_gathered():
    """A hundred thousand lines, each a write of its own, come in far fewer events."""
    lines = 100_000
    text = f"import os\nfor n in range({lines}): os.write(1, b'%d\\n' % n)"
    _, events = code(text)
    assert text_of(events) == "".join(f"{n}\n" for n in range(lines))
    assert len(events) < lines // 10


# -- limits of what is kept


def test_what_is_above_the_limit_is_counted():
    """Head and tail are emitted, together at most `keep_bytes`; what is between is a number that adds up."""
    size, keep = MEGABYTE, 100_000
    text = f"import os, sys; sys.stdout.write('0123456789' * {size // 10}); sys.stdout.write('the end')"
    outcome, events = code(text, keep_bytes=keep)
    assert outcome.passed
    kept = text_of(events)
    dropped = [event for event in events if isinstance(event, Truncated)]
    head = kept[: dropped[0].after_bytes]
    assert head == ("0123456789" * (keep // 10))[: len(head)]
    assert kept.endswith("6789the end")
    assert {event.stream for event in dropped} == {"stdout"}
    assert {event.phase for event in dropped} == {"run"}
    assert 0 < len(kept) <= keep
    assert sum(event.dropped_bytes for event in dropped) == outcome.dropped_bytes
    assert len(kept) + outcome.dropped_bytes == size + len("the end")
    assert outcome.stdout.endswith("the end")


def test_the_limit_counts_both_streams():
    """What both streams wrote is what was emitted and what was dropped."""
    size, keep = 300_000, 50_000
    text = (
        f"import os\nfor n in range(30): os.write(1, b'o' * {size // 30}); os.write(2, b'e' * {size // 30})"
    )
    outcome, events = code(text, keep_bytes=keep)
    for stream in ("stdout", "stderr"):
        dropped = sum(e.dropped_bytes for e in events if isinstance(e, Truncated) and e.stream == stream)
        assert len(text_of(events, stream)) + dropped == size
    assert len(text_of(events)) + len(text_of(events, "stderr")) + outcome.dropped_bytes == 2 * size


def test_the_limit_does_not_cut_a_character():
    """Where the limit is inside a character, the whole character is kept or dropped."""
    keep = 10
    text = "€" * 10
    outcome, events = follow(out(text), keep_bytes=keep)
    kept = text_of(events)
    assert set(kept) <= {"€"}
    assert len(kept.encode()) <= keep
    assert len(kept.encode()) + outcome.dropped_bytes == len(text.encode())


def test_output_within_the_limit_is_not_truncated():
    """Output of exactly the limit is whole."""
    size = 10_000
    outcome, events = code(f"print('x' * {size}, end='')", keep_bytes=size)
    assert text_of(events) == "x" * size
    assert outcome.dropped_bytes == 0
    assert all(isinstance(event, Output) for event in events)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_the_tails_are_the_last_characters(stream):
    """The outcome holds the last characters of each stream, counted in characters, not bytes."""
    outcome, _ = code(f"import sys; sys.{stream}.buffer.write(('begin' + 'ü' * 100_000 + 'end').encode())")
    tail = getattr(outcome, stream)
    assert tail == "ü" * (TAIL_CHARS - len("end")) + "end"


def test_the_tails_are_there_after_a_limit():
    """A run that was ended still tells what was said last."""
    outcome, _ = code(
        "import os, signal; os.write(1, b'so far'); os.write(2, b'so bad'); signal.pause()", timeout=0.4
    )
    assert (outcome.ended, outcome.stdout, outcome.stderr) == ("timed-out", "so far", "so bad")


# -- secrets


@pytest.mark.parametrize(
    "name", ["API_TOKEN", "CLIENT_SECRET", "DB_PASSWORD", "SIGNING_KEY", "TOKEN_2", "KEY"]
)
def test_a_secret_is_masked_in_events_and_tails(monkeypatch, name):
    """The value of a variable with a telling name is shown nowhere."""
    monkeypatch.setenv(name, SECRET)
    text = f"a {SECRET} b\n{SECRET}{SECRET}\n"
    outcome, events = follow(out(text), err(text))
    assert text_of(events) == text_of(events, "stderr") == "a *** b\n******\n"
    assert outcome.stdout == outcome.stderr == text_of(events)


@pytest.mark.parametrize(
    ("name", "value"),
    [("API_TOKEN", "7-chars"), ("GREETING", "hello, whole world")],
    ids=["short", "no-secret"],
)
def test_what_is_no_secret_is_not_masked(monkeypatch, name, value):
    """Short values and variables with other names are left as they are."""
    monkeypatch.setenv(name, value)
    outcome, events = follow(out(f"a {value} b\n"))
    assert text_of(events) == outcome.stdout == f"a {value} b\n"


def test_eight_characters_are_a_secret(monkeypatch):
    """The shortest value that is masked has eight characters."""
    monkeypatch.setenv("API_TOKEN", "8-chars!")
    _, events = follow(out("a 8-chars! b\n"))
    assert text_of(events) == "a *** b\n"


def test_a_secret_is_masked_wherever_it_is_cut(monkeypatch):
    """A secret in two writes with a pause between is masked, wherever the cut is."""
    monkeypatch.setenv("API_TOKEN", SECRET)
    outcome, events = follow(*split_everywhere(SECRET.encode(), "<", ">\n"))
    assert text_of(events) == outcome.stdout == "<***>\n" * (len(SECRET) - 1)


def test_a_secret_of_several_bytes_a_character_is_masked_wherever_it_is_cut(monkeypatch):
    """A cut inside a character of a secret is not a way out either."""
    secret = "pä€𝄞word"
    monkeypatch.setenv("DB_PASSWORD", secret)
    _, events = follow(*split_everywhere(secret.encode(), "<", ">\n"))
    assert text_of(events) == "<***>\n" * (len(secret.encode()) - 1)


def test_a_secret_with_a_long_pause_inside_is_masked(monkeypatch):
    """No waiting makes us show the first half of a secret, whatever the other stream says meanwhile."""
    monkeypatch.setenv("API_TOKEN", SECRET)
    half = len(SECRET) // 2
    steps = [
        out(f"<{SECRET[:half]}"),
        err("busy\n"),
        pause(LONG_PAUSE_SECONDS),
        err("busy\n"),
        out(f"{SECRET[half:]}>"),
    ]
    outcome, events = follow(*steps)
    assert text_of(events) == outcome.stdout == "<***>"
    assert text_of(events, "stderr") == "busy\nbusy\n"


def test_a_secret_that_comes_byte_by_byte_is_masked(monkeypatch):
    """A secret in as many writes as it has bytes is masked."""
    monkeypatch.setenv("API_TOKEN", SECRET)
    steps = [step for char in f"<{SECRET}>" for step in (out(char), pause(APART_SECONDS))]
    _, events = follow(*steps)
    assert text_of(events) == "<***>"


def test_a_secret_of_several_lines_is_masked(monkeypatch):
    """A key in PEM form is masked as a whole, also when its lines come one by one."""
    secret = "-----BEGIN KEY-----\nMIIB0123456789\nabcdefghij\n-----END KEY-----"
    monkeypatch.setenv("SIGNING_KEY", secret)
    by_line = [step for line in secret.splitlines(keepends=True) for step in (out(line), pause())]
    _, events = follow(out(f"<{secret}>"), out("<"), *by_line, out(">"))
    assert text_of(events) == "<***><***>"


@pytest.mark.parametrize("gap", [0, PAUSE_SECONDS], ids=["at-once", "with-a-pause"])
def test_the_longest_secret_is_masked_first(monkeypatch, gap):
    """Of two secrets that begin alike, nothing of the longer one is left over."""
    monkeypatch.setenv("A_TOKEN", "abcdefgh")
    monkeypatch.setenv("B_TOKEN", "abcdefgh-12345")
    _, events = follow(out("<abcdefgh"), pause(gap), out("-12345> <abcdefgh>\n"))
    assert text_of(events) == "<***> <***>\n"


@pytest.mark.parametrize("secret", ["abab-middle-abab", "hunter2-hunter2", "aaaaaaaa", "s3cr3t-s3cr3ts"])
@pytest.mark.parametrize("rest", [(), (pause(), out(">"))], ids=["at-the-end", "before-a-pause"])
def test_a_secret_that_ends_as_it_begins_is_masked(monkeypatch, secret, rest):
    """The end of a secret may be the beginning of another one; the whole of it is still masked."""
    monkeypatch.setenv("API_TOKEN", secret)
    outcome, events = follow(out(f"<{secret}"), *rest)
    assert text_of(events) == outcome.stdout == ("<***>" if rest else "<***")


def test_what_only_begins_like_a_secret_is_shown(monkeypatch):
    """A text that turns out to be none, or ends before it is one, is not lost."""
    monkeypatch.setenv("API_TOKEN", SECRET)
    begin = SECRET[:6]
    outcome, events = follow(out(begin), pause(), out(f"! {begin}{begin}"), pause(), out(f" {begin}"))
    assert text_of(events) == outcome.stdout == f"{begin}! {begin}{begin} {begin}"


def test_a_secret_that_begins_inside_its_own_beginning_is_masked(monkeypatch):
    """After a false start the secret is still seen."""
    monkeypatch.setenv("API_TOKEN", "aabaabaac")
    _, events = follow(out("aabaab"), pause(), out("aabaabaac"), pause(), out("!"))
    assert text_of(events) == "aabaab***!"


def test_a_removed_escape_does_not_hide_a_secret(monkeypatch):
    """A secret with an escape sequence inside is masked, since the sequence is taken out."""
    monkeypatch.setenv("API_TOKEN", SECRET)
    half = len(SECRET) // 2
    outcome, events = follow(out(f"<{SECRET[:half]}{ESC}]0;title\x07{SECRET[half:]}>"))
    assert text_of(events) == outcome.stdout == "<***>"


def test_the_tail_does_not_show_the_rest_of_a_secret(monkeypatch):
    """The outcome's text is cut after masking, so that no end of a secret is at its beginning."""
    monkeypatch.setenv("API_TOKEN", SECRET)
    rest = TAIL_CHARS - 5
    outcome, _ = code(
        f"import sys; print(bytes.fromhex('{SECRET.encode().hex()}').decode() + 'x' * {rest}, end='')"
    )
    assert outcome.stdout == "***" + "x" * rest


def test_secrets_are_looked_for_among_much_output(monkeypatch):
    """A secret is masked anywhere in output that takes many reads."""
    monkeypatch.setenv("API_TOKEN", SECRET)
    times = 50_000
    text = f"s = bytes.fromhex('{SECRET.encode().hex()}').decode()\nfor n in range({times}): print(n, s)"
    outcome, events = code(text)
    assert text_of(events) == "".join(f"{n} ***\n" for n in range(times))
    assert outcome.stdout == text_of(events)[-TAIL_CHARS:]


# -- escape sequences


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param(f"{ESC}]52;c;ZWNobyBoaQ==\x07", "", id="clipboard"),
        pytest.param(f"{ESC}]52;c;ZWNobyBoaQ=={ESC}\\", "", id="clipboard-with-st"),
        pytest.param(f"{ESC}]0;title\x07", "", id="title"),
        pytest.param(f"{ESC}]2;title{ESC}\\", "", id="title-with-st"),
        pytest.param(
            f"{ESC}]8;;http://example.org{ESC}\\link{ESC}]8;;{ESC}\\", "link", id="link-keeps-its-text"
        ),
        pytest.param(f"{ESC}]1337;File=name=eA==:eA==\x07", "", id="file"),
        pytest.param(f"{ESC}P1;2|stuff{ESC}\\", "", id="device-control"),
        pytest.param(f"{ESC}P$qm{ESC}\\", "", id="setting-query"),
        pytest.param(f"{ESC}_command{ESC}\\", "", id="application-command"),
        pytest.param(f"{ESC}^private{ESC}\\", "", id="privacy-message"),
        pytest.param(f"{ESC}Xstring{ESC}\\", "", id="start-of-string"),
        pytest.param(f"{ESC}[c", "", id="device-attributes"),
        pytest.param(f"{ESC}[0c", "", id="device-attributes-0"),
        pytest.param(f"{ESC}[>c", "", id="device-attributes-2"),
        pytest.param(f"{ESC}[=c", "", id="device-attributes-3"),
        pytest.param(f"{ESC}[5n", "", id="device-status"),
        pytest.param(f"{ESC}[6n", "", id="cursor-position-query"),
        pytest.param(f"{ESC}[?6n", "", id="private-position-query"),
        pytest.param(f"{ESC}[21t", "", id="title-report"),
        pytest.param(f"{ESC}[?1000h", "", id="mouse-reports"),
        pytest.param(f"{ESC}[?1049h", "", id="other-screen"),
        pytest.param(f"{ESC}[?$p", "", id="mode-query"),
        pytest.param(f"{ESC}c", "", id="reset"),
        pytest.param(f"{ESC}Z", "", id="identify"),
        pytest.param("\x9d52;c;ZWNobyBoaQ==\x9c", "", id="clipboard-in-one-character-form"),
    ],
)
def test_a_sequence_that_acts_is_removed(text, shown):
    """What would reach the clipboard, the title or the answers of a terminal is not passed on."""
    outcome, events = follow(out(f"a{text}b\n"), err(f"a{text}b\n"))
    assert text_of(events) == text_of(events, "stderr") == f"a{shown}b\n"
    assert outcome.stdout == outcome.stderr == f"a{shown}b\n"


@pytest.mark.parametrize(
    "text",
    [
        f"{ESC}[31mred{ESC}[0m",
        f"{ESC}[mplain",
        f"{ESC}[1;4;38;5;196mbold{ESC}[22;24;39m",
        f"{ESC}[38;2;1;2;3mtrue colour{ESC}[0m",
        f"{ESC}[2A{ESC}[3B{ESC}[4C{ESC}[5D",
        f"{ESC}[1G{ESC}[10;5H{ESC}[H",
        f"{ESC}[K{ESC}[1K{ESC}[2K{ESC}[J{ESC}[2J",
    ],
    ids=["colour", "plain", "attributes", "true-colour", "move", "place", "erase"],
)
def test_a_sequence_that_draws_stays(text):
    """Colours, cursor movements and erasing arrive as they are; the outcome has what they draw."""
    outcome, events = follow(out(text + "\n"))
    assert text_of(events) == text + "\n"
    assert outcome.stdout == collapsed(text + "\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"{ESC}]52;c;eA==\x07", ""),
        (f"{ESC}]0;t{ESC}\\", ""),
        (f"{ESC}P1|x{ESC}\\", ""),
        (f"{ESC}[6n", ""),
        (f"{ESC}[1;31m", f"{ESC}[1;31m"),
    ],
    ids=["clipboard", "title", "device-control", "query", "colour"],
)
def test_a_sequence_is_known_wherever_it_is_cut(text, shown):
    """A sequence in two writes is the same sequence."""
    outcome, events = follow(*split_everywhere(text.encode(), "a", "b\n"))
    assert text_of(events) == outcome.stdout == f"a{shown}b\n" * (len(text) - 1)


@pytest.mark.parametrize(
    "text",
    [
        f"{ESC}[{ESC}]0;t\x076n",
        f"{ESC}{ESC}]0;t\x07[6n",
        f"{ESC}{ESC}[6n[6n",
        f"{ESC}]0;t{ESC}[6n",
        f"{ESC}[6{ESC}[6nn",
    ],
)
def test_removing_a_sequence_does_not_make_another(text):
    """What is left after a sequence was taken out is looked at, too."""
    _, events = follow(out(f"a{text}b\n"))
    assert not re.search(r"\x1b\[[0-9]*n|\x1b\]", text_of(events))


@pytest.mark.parametrize(
    "text", [ESC, f"{ESC}[", f"{ESC}[3", f"{ESC}]0;no end", f"{ESC}P", f"{ESC}]52;c;{ESC}"]
)
def test_a_sequence_without_an_end_is_no_way_out(text):
    """Output that ends inside a sequence ends, and nothing of a string command is passed on."""
    outcome, events = follow(out(f"before {text}"))
    assert outcome.passed
    assert text_of(events).startswith("before ")
    assert f"{ESC}]" not in text_of(events)
    assert f"{ESC}P" not in text_of(events)
