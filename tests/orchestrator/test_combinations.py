"""A sweep is a list of combinations, each with its name and its values."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.errors import UsageError
from autoexec_magic.orchestrator import axes, combinations
from autoexec_magic.orchestrator.combinations import MOST

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
VALUES = st.one_of(
    TEXTS, st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.none()
)


def labels(matrix: dict[str, list[object]], repeat: int = 1) -> list[str]:
    """Return the names of all combinations."""
    return [one.label for one in combinations(matrix, repeat)]


def test_the_last_axis_turns_fastest():
    """In the order in which they stand on the line."""
    assert labels({"a": [1, 2], "b": ["x", "y"]}) == ["a=1 b=x", "a=1 b=y", "a=2 b=x", "a=2 b=y"]


def test_a_repeat_has_a_number():
    """Behind the values, where there are any."""
    assert labels({}, 3) == ["#1", "#2", "#3"]
    assert labels({"a": [1, 2]}, 2) == ["a=1 #1", "a=1 #2", "a=2 #1", "a=2 #2"]
    assert [one.repeat for one in combinations({"a": [1]}, 1)] == [0]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,2,3", (1, 2, 3)),
        ("0.5,1e-3,-2", (0.5, 1e-3, -2)),
        ("01,0x1,1_000,.5,+1,1.", ("01", "0x1", "1_000", ".5", "+1", "1.")),
        ("NaN,Infinity,-Infinity,1e400", ("NaN", "Infinity", "-Infinity", "1e400")),
        ("true,false,null,True,None", (True, False, None, "True", "None")),
        ("x, y ,z z", ("x", "y", "z z")),
        ('"1","true","a,b","say \\"hi\\"",""', ("1", "true", "a,b", 'say "hi"', "")),
        ('"a"b,c"d', ('"a"b', 'c"d')),
        ("x,", ("x", "")),
        ("{},[1]", ("{}", "[1]")),
        ("a=b", ("a=b",)),
        ("9" * 500, ("9" * 500,)),
    ],
)
def test_values_are_read_by_the_rules_of_json(text, values):
    """What is a number there is one; what is none stays the text that was typed."""
    read = axes([f"a={text}"])["a"]
    assert read == values
    assert [type(value) for value in read] == [type(value) for value in values]


@pytest.mark.parametrize("word", ["a", "a=", "=", "a= "])
def test_an_axis_without_values_is_refused(word):
    """A word that means nothing must not be left out in silence."""
    with pytest.raises(UsageError, match="cannot be"):
        combinations(axes([word]))


def test_an_axis_is_given_once():
    """Two of a name are a slip, not one long axis."""
    with pytest.raises(UsageError, match="a is given twice"):
        axes(["a=1", "a=2"])


@pytest.mark.parametrize("name", ["", "1a", "a-b", "a b", "class", "None", "__name__", "ä", "a.b", "a\n"])
def test_a_name_is_one_that_a_variable_may_have(name):
    """It becomes a global of the script, and a part of a variable's name in the environment."""
    with pytest.raises(UsageError, match="cannot be"):
        combinations({name: [1]})


def test_names_that_are_one_in_the_environment_are_refused():
    """Variables there are written in capitals."""
    with pytest.raises(UsageError, match="a and A cannot both be"):
        combinations({"a": [1], "A": [2]})


def test_repeat_is_a_name_of_its_own():
    """It stands in arguments as `{repeat}`; without --repeat an axis may have it."""
    with pytest.raises(UsageError, match="repeat"):
        combinations({"repeat": [1]}, 2)
    assert labels({"repeat": [1]}) == ["repeat=1"]


@pytest.mark.parametrize(
    ("matrix", "repeat"),
    [
        ({"a": []}, 1),
        ({"a": [1, 1]}, 1),
        ({"a": "xy"}, 1),
        ({"a": [[1]]}, 1),
        ({"a": [float("nan")]}, 1),
        ({"a": ["\0"]}, 1),
        ({}, 0),
        ({}, -1),
    ],
)
def test_what_cannot_be_run_is_refused(matrix, repeat):
    """Before anything has started."""
    with pytest.raises(UsageError):
        combinations(matrix, repeat)


def test_one_and_the_text_1_are_two_values():
    """And have two names."""
    assert labels({"a": [1, "1", True, "true", None, "null", "", "x y", "a=b"]}) == [
        "a=1",
        'a="1"',
        "a=true",
        'a="true"',
        "a=null",
        'a="null"',
        'a=""',
        'a="x y"',
        'a="a=b"',
    ]


def test_too_many_are_refused_with_their_number_and_at_once():
    """They are counted, not made."""
    assert len(combinations({"a": range(100), "b": range(100)})) == MOST
    with pytest.raises(UsageError, match="1,000,000,000,000 combinations"):
        combinations({name: range(1000) for name in "abcd"})
    with pytest.raises(UsageError, match="10,001 combinations"):
        combinations({}, MOST + 1)


def test_its_values_are_in_the_environment():
    """As texts; a text as it is, everything else as JSON has it."""
    one = combinations({"rate": [0.5], "name": ["x y"], "deep": [True]}, 2)[1]
    assert one.variables() == {
        "AUTOEXEC_MATRIX_RATE": "0.5",
        "AUTOEXEC_MATRIX_NAME": "x y",
        "AUTOEXEC_MATRIX_DEEP": "true",
        "AUTOEXEC_REPEAT": "2",
    }


def test_arguments_have_its_values_in_their_places():
    """Other braces are the program's own, and a value is not looked into again."""
    one = combinations({"a": ["{b}"], "b": [2]}, 2)[0]
    words = ["{a}-{b}", "{c}", "{}", "${b}", "{{b}}", "{repeat}"]
    assert one.filled(words) == ("{b}-2", "{c}", "{}", "$2", "{2}", "1")
    assert combinations({"a": [1]})[0].filled(["{repeat}"]) == ("{repeat}",)


@given(
    st.dictionaries(st.sampled_from(["a", "b", "c"]), st.lists(VALUES, min_size=1, max_size=4), max_size=3)
)
def test_each_has_a_name_of_its_own(matrix):
    """By which it is known in events, in the table and to the panel."""
    try:
        found = combinations(matrix, 2)
    except UsageError:  # a value twice
        return
    names = [one.label for one in found]
    assert len(set(names)) == len(names)
    assert all(name.isprintable() for name in names)
    assert combinations(matrix, 2) == found
    assert pickle.loads(pickle.dumps(found)) == found


@given(st.lists(VALUES, min_size=1, max_size=5))
def test_the_values_of_a_label_are_read_as_the_same(values):
    """What stands in the table can be typed: `--matrix` with that text is that value."""
    try:
        found = combinations({"a": values})
    except UsageError:
        return
    for one in found:
        value = one.values[0][1]
        if isinstance(value, int) and not isinstance(value, bool) and len(str(value)) > 400:
            continue
        assert axes([one.label])["a"] == (value,) or "," in str(value)
