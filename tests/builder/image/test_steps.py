"""What an engine's stream says, as steps: which, how long, and whether a cache had it."""

from __future__ import annotations

from autoexec_magic.builder.image.steps import Steps
from autoexec_magic.events import Output, Stepped

CLASSIC = (
    {"stream": "Step 1/3 : FROM python:3.11-slim"},
    {"stream": "\n"},
    {"stream": " ---> 0123456789ab\n"},
    {"stream": "Step 2/3 : COPY project/ /app/"},
    {"stream": " ---> Using cache\n"},
    {"stream": " ---> 1123456789ab\n"},
    {"stream": "Step 3/3 : RUN make"},
    {"stream": " ---> Running in 2123456789ab\n"},
    {"stream": "made\n"},
    {"stream": "\x1b[91mwarned\n\x1b[0m"},
    {"stream": "Removing intermediate container 2123456789ab\n"},
    {"stream": " ---> 3123456789ab\n"},
    {"aux": {"ID": "sha256:" + "3" * 64}},
    {"stream": "Successfully built 3123456789ab\n"},
)


def folded(stream, clock=lambda: 0.0):
    """Return the fold and its events."""
    steps = Steps(clock=clock)
    events = [event for said in stream for event in steps.take(said)]
    return steps, [*events, *steps.finish()]


def test_steps_are_told_with_their_time_and_cache():
    """And what is written on the way, each by its stream."""
    times = iter((0.0, 1.0, 1.0, 1.5, 1.5, 4.0))
    steps, events = folded(CLASSIC, lambda: next(times))
    assert [(each.label, each.seconds, each.is_cached) for each in events if isinstance(each, Stepped)] == [
        ("1/3 FROM python:3.11-slim", 1.0, False),
        ("2/3 COPY project/ /app/", 0.5, True),
        ("3/3 RUN make", 2.5, False),
    ]
    written = [(each.stream, each.text) for each in events if isinstance(each, Output)]
    assert written == [("stdout", "made\n"), ("stderr", "warned\n")]
    assert steps.image == "sha256:" + "3" * 64


def test_what_was_made_is_known_and_what_a_base_or_a_cache_had_is_not_ours():
    """Only that may be taken away."""
    steps, _ = folded(CLASSIC)
    assert (steps.containers, steps.layers) == (["2123456789ab"], ["3123456789ab"])


def test_an_error_ends_it_without_a_step():
    """A step that failed did not pass."""
    steps, events = folded((*CLASSIC[6:9], {"errorDetail": {"code": 1, "message": "no"}, "error": "no"}))
    assert steps.error == "no"
    assert steps.last == ["made"]
    assert not [each for each in events if isinstance(each, Stepped)]


def test_a_token_in_a_step_is_masked():
    """A label is seen by everybody, and so is what is written."""
    token = "ghp_" + "a1B2" * 9
    _, events = folded(({"stream": f"Step 1/1 : RUN x {token}"}, {"stream": f"{token}\n"}))
    assert token not in repr(events)
