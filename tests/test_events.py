"""Events survive being written down, and nothing that is not one is taken for one."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import types
import typing
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autoexec_magic.events import KINDS, CaseStarted, Envelope, Output, RunFinished, from_line, to_line
from autoexec_magic.history import RUN_ID
from autoexec_magic.values import Verdict

ONE_OF_EACH = Path(__file__).parent / "data" / "events.jsonl"
RUN = "0199c5a2-7c1d-7e3a-9b4f-2d6c8e0f1a35"
EASY = settings(max_examples=25, deadline=None, database=None)
PROBING = settings(max_examples=100, deadline=None, database=None)


def paired(text: str) -> str:
    """Return `text` with each high surrogate and its low one as one character, as JSON spells it."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


TEXTS = st.text(st.characters(), max_size=20).map(paired)  # all of Unicode, lone surrogates as well


def values_of(hint: object) -> st.SearchStrategy[object]:
    """Return a strategy for the values that a field of type `hint` may have."""
    arguments = typing.get_args(hint)
    if isinstance(hint, types.UnionType):
        return st.one_of([st.none() if arm is type(None) else values_of(arm) for arm in arguments])
    if typing.get_origin(hint) is typing.Literal:
        return st.sampled_from(arguments)
    if typing.get_origin(hint) is tuple and arguments[-1] is Ellipsis:
        return st.lists(values_of(arguments[0]), max_size=3).map(tuple)
    if typing.get_origin(hint) is tuple:
        return st.tuples(*map(values_of, arguments))
    if typing.get_origin(hint) is dict:
        return st.dictionaries(*map(values_of, arguments), max_size=3)
    if dataclasses.is_dataclass(hint):
        return built(hint)
    plain = {
        str: TEXTS,
        int: st.integers(),
        float: st.floats(allow_nan=False, allow_infinity=False),
        bool: st.booleans(),
        Verdict: st.sampled_from(Verdict),
    }
    return plain[hint]


def built(kind: type) -> st.SearchStrategy[object]:
    """Return a strategy for the values of a dataclass."""
    return st.builds(kind, **{name: values_of(hint) for name, hint in typing.get_type_hints(kind).items()})


def wrapped(event: object, *, seq: int = 0) -> Envelope:
    """Return an envelope around `event`."""
    return Envelope(run_id=RUN, seq=seq, at=1_759_924_551_709, event=event)


def record(**fields: object) -> dict[str, object]:
    """Return an envelope as JSON gives it, with `fields` of its event."""
    return {"run_id": RUN, "seq": 0, "at": 1, "event": fields}


def line_of(value: object) -> bytes:
    """Return `value` as a line of JSON."""
    return json.dumps(value).encode() + b"\n"


def test_the_file_holds_one_of_each_kind():
    """Whoever adds an event adds it to the file that both test suites read."""
    kinds = [json.loads(line)["event"]["kind"] for line in ONE_OF_EACH.read_bytes().splitlines()]
    assert sorted(kinds) == sorted(KINDS)


def test_the_file_is_what_we_write():
    """Each line of the file is read and written back, byte by byte."""
    lines = ONE_OF_EACH.read_bytes().splitlines(keepends=True)
    envelopes = [from_line(line) for line in lines]
    assert [to_line(envelope) for envelope in envelopes] == lines
    assert [envelope.seq for envelope in envelopes] == list(range(len(lines)))
    assert all(RUN_ID.fullmatch(envelope.run_id) for envelope in envelopes)


def test_the_file_gives_every_field_a_value_of_its_own():
    """A field that the file leaves at its default would be read by nobody."""
    for line in ONE_OF_EACH.read_bytes().splitlines():
        fields = json.loads(line)["event"]
        kind = KINDS[fields.pop("kind")]
        assert fields.keys() == {field.name for field in dataclasses.fields(kind)}
        assert all(value not in ("", [], {}, None) for value in fields.values()), kind


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_survives(kind):
    """What is read is what was written, for whatever its fields may hold."""

    @EASY
    @given(event=built(kind), seq=st.integers(min_value=0), at=st.integers())
    def check(event: object, seq: int, at: int) -> None:
        envelope = Envelope(run_id=RUN, seq=seq, at=at, event=event)
        assert from_line(to_line(envelope)) == envelope

    check()


@EASY
@given(text=st.text(st.characters()))
@example(text="\udc80 \ud800 \x00 \x85 \u2028 \n\r\n \U0010ffff")
def test_a_line_is_one_line(text):
    """A line holds no newline but its last byte, and only ASCII: no reader splits or decodes it otherwise."""
    line = to_line(wrapped(Output(phase="run", stream="stdout", text=text)))
    assert line.isascii()
    assert line.splitlines(keepends=True) == [line]
    assert line.endswith(b"\n")


def test_a_lone_surrogate_survives():
    """Half a character from a file's name is not UTF-8, and is kept all the same."""
    envelope = wrapped(Output(phase="run", stream="stdout", text="name-\udcff.txt"))
    assert from_line(to_line(envelope)) == envelope


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_events_are_values(kind):
    """An event cannot be changed, given other fields, or built by position."""
    event = next(
        envelope.event
        for envelope in map(from_line, ONE_OF_EACH.read_bytes().splitlines())
        if type(envelope.event) is kind
    )
    name = dataclasses.fields(kind)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(event, name, "other")
    assert not hasattr(event, "__dict__")
    with pytest.raises(TypeError):
        kind("by position")
    assert event == dataclasses.replace(event)


def test_an_unknown_kind_is_left_out():
    """The writer may be newer: its kind is no error."""
    assert from_line(line_of(record(kind="Teleported", to="the moon"))) is None


def test_unknown_fields_are_left_out():
    """The writer may be newer: fields it added are ignored, in an event and in what it holds."""
    fields = {"kind": "Diagnosed", "colour": "red"}
    fields["diagnosis"] = {"code": "a", "why": "b", "shape": "round"}
    newer = record(**fields) | {"signature": "x"}
    event = from_line(line_of(newer)).event
    assert (event.diagnosis.code, event.diagnosis.why) == ("a", "b")


def test_a_cut_of_an_older_writer_is_read():
    """It did not say where; nobody knows now."""
    event = {"kind": "Truncated", "phase": "run", "stream": "stdout", "dropped_bytes": 7}
    record = {"run_id": "r", "seq": 1, "at": 2, "event": event}
    assert from_line(json.dumps(record).encode()).event.after_bytes == -1


def test_a_field_with_a_default_may_be_missing():
    """The writer may be older: a field that was added since has its default."""
    envelope = from_line(line_of(record(kind="RunFinished", verdict="failed", seconds=1)))
    assert envelope.event == RunFinished(verdict=Verdict.FAILED, seconds=1)
    assert type(envelope.event.verdict) is Verdict


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\n", id="newline"),
        pytest.param(b"\x00" * 100, id="zeroes-after-a-crash"),
        pytest.param(b"\xff\xfe\xfd", id="no-text"),
        pytest.param(b"{", id="torn"),
        pytest.param(b"{}{}", id="glued"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[1, 2]", id="list"),
        pytest.param(b'"text"', id="text"),
        pytest.param(b"{}", id="no-event"),
        pytest.param(b"[" * 200_000, id="deep"),
        pytest.param(b"9" * 10_000, id="long-number"),
        pytest.param(line_of({"event": None}), id="event-is-null"),
        pytest.param(line_of(record()), id="no-kind"),
        pytest.param(line_of(record(kind=["Output"])), id="kind-is-a-list"),
        pytest.param(line_of(record(kind="Output", phase="run")), id="a-field-is-missing"),
        pytest.param(line_of(record(kind="RunFinished", verdict="great", seconds=1)), id="unknown-verdict"),
        pytest.param(
            line_of(record(kind="CaseStarted", nodeid="a") | {"seq": "first"}), id="seq-is-no-number"
        ),
        pytest.param(line_of(record(kind="CaseStarted", nodeid="a") | {"at": None}), id="at-is-null"),
        pytest.param(
            line_of(record(kind="Diagnosed", diagnosis={"why": "no code"})), id="nested-is-not-whole"
        ),
    ],
)
def test_what_is_no_envelope_is_a_value_error(line):
    """Readers of a store expect one exception, whatever stands on a line."""
    with pytest.raises(ValueError, match=r"\S"):
        from_line(line)


@pytest.mark.parametrize("name", ["seq", "at"])
def test_a_number_past_all_bounds_is_no_envelope(name):
    """JSON's 1e999 is read as infinity, which is no count: a ValueError as for any other bad line."""
    line = line_of(record(kind="CaseStarted", nodeid="a") | {name: 4321}).replace(b"4321", b"1e999")
    with pytest.raises(ValueError, match=r"\S"):
        from_line(line)


@PROBING
@given(line=st.binary())
def test_arbitrary_bytes_are_an_envelope_or_a_value_error(line):
    """No line, however odd, raises anything else."""
    with contextlib.suppress(ValueError):
        from_line(line)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELD_NAMES = sorted({field.name for kind in KINDS.values() for field in dataclasses.fields(kind)})
ENVELOPES = st.fixed_dictionaries(
    {
        "run_id": JSON,
        "seq": st.integers() | JSON,
        "at": st.integers() | JSON,
        "event": JSON
        | st.builds(
            lambda kind, fields: {"kind": kind, **fields},
            st.sampled_from(sorted(KINDS)) | JSON,
            st.dictionaries(st.sampled_from(FIELD_NAMES), JSON, max_size=6),
        ),
    }
)


@PROBING
@given(value=ENVELOPES)
def test_arbitrary_json_is_an_envelope_or_a_value_error(value):
    """Nor does JSON that only looks like an envelope."""
    try:
        envelope = from_line(line_of(value))
    except ValueError:
        return
    assert envelope is None or type(envelope.seq) is int


@EASY
@given(cut=st.integers(min_value=0))
def test_a_torn_line_is_no_envelope(cut):
    """Every beginning of a line that ends before its last brace is a ValueError."""
    line = to_line(wrapped(CaseStarted(nodeid="tests/test_a.py::test_b")))
    with pytest.raises(ValueError, match=r"\S"):
        from_line(line[: cut % (len(line) - 1)])
