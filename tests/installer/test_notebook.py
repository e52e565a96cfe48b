"""One value in a notebook's file is replaced, and every other byte stays as its owner has it."""

from __future__ import annotations

import json
import random

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.errors import UsageError
from autoexec_magic.installer import notebook
from autoexec_magic.installer.notebook import parsed, spliced, with_first_cell

PATH = ("metadata", "autoexec", "lock")
VALUE = {"direct": ["a"], "packages": [{"hashes": ["00"], "name": "a"}], "version": 1}
TEXTS = st.text(max_size=8) | st.sampled_from(["é", "\u2028", "😀", "\x7f", '"\\/', "# ///\n", "{", "]"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)
OUTPUT = st.fixed_dictionaries(
    {
        "output_type": st.just("display_data"),
        "metadata": st.just({}),
        "data": st.dictionaries(TEXTS, JSON, max_size=2),
    }
)
CELL = st.fixed_dictionaries(
    {
        "cell_type": st.just("code"),
        "id": st.from_regex(r"[a-z]{8}", fullmatch=True),
        "metadata": st.dictionaries(TEXTS, JSON, max_size=2),
        "source": st.lists(TEXTS, max_size=3) | TEXTS,
        "outputs": st.lists(OUTPUT, max_size=2),
        "execution_count": st.none(),
    }
)
BOOKS = st.fixed_dictionaries(
    {
        "cells": st.lists(CELL, max_size=3),
        "metadata": st.dictionaries(TEXTS | st.sampled_from(["aa", "kernelspec", "zz"]), JSON, max_size=4),
        "nbformat": st.just(4),
        "nbformat_minor": st.just(5),
    }
)


def odd(value, dice, blank):
    """Write JSON as nobody would, with the blanks and the escapes that the dice say."""

    def gap():
        return dice.choice(blank)

    if isinstance(value, dict):
        members = [
            f"{gap()}{odd(key, dice, [''])}{gap()}:{gap()}{odd(each, dice, blank)}{gap()}"
            for key, each in value.items()
        ]
        return "{" + (",".join(members) or gap()) + "}"
    if isinstance(value, list):
        return "[" + (",".join(f"{gap()}{odd(each, dice, blank)}{gap()}" for each in value) or gap()) + "]"
    return json.dumps(value, ensure_ascii=dice.random() < 0.5)


@st.composite
def layouts(draw):
    """Draw a notebook and its file in one of many layouts."""
    book, dice = draw(BOOKS), random.Random(draw(st.integers()))
    kind = draw(st.sampled_from(["jupyter", "indented", "compact", "odd"]))
    if kind == "jupyter":
        text = json.dumps(book, indent=1, sort_keys=True, ensure_ascii=False, separators=(",", ": ")) + "\n"
    elif kind == "indented":
        text = json.dumps(
            book, indent=draw(st.sampled_from([0, 2, 4, "\t"])), ensure_ascii=draw(st.booleans())
        )
    elif kind == "compact":
        text = json.dumps(book, separators=draw(st.sampled_from([(",", ":"), (", ", ": ")])))
    else:
        text = dice.choice(["", "\n", " "]) + odd(
            book, dice, draw(st.sampled_from([["", " ", "\n"], ["\t", "\r\n", ""]]))
        )
    if draw(st.booleans()):
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    mark = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    try:
        return book, mark + text.encode() + draw(st.sampled_from([b"", b"\n", b"\r\n\r\n"]))
    except UnicodeEncodeError:  # a lone surrogate is in no file
        return book, mark + json.dumps(book).encode()


def content(data):
    """Return what a file holds."""
    return json.loads(data.decode("utf-8-sig"))


def is_insertion(old, new):
    """Whether `new` is `old` with something put in at one place."""
    more = len(new) - len(old)
    same = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(old))
    return more > 0 and old[same:] == new[same + more :]


@given(layouts())
def test_what_is_added_is_all_that_changes(tmp_path_factory, layout):
    """Whatever a notebook holds and however it is laid out, its bytes stay, and it is a notebook still."""
    book, old = layout
    new = spliced(parsed(tmp_path_factory.getbasetemp() / "x.ipynb", old), PATH, VALUE)
    assert is_insertion(old, new)
    want = {**book, "metadata": {**book["metadata"], "autoexec": {"lock": VALUE}}}
    assert content(new) == want


@given(layouts(), JSON, JSON)
def test_what_is_replaced_is_that_value_alone(tmp_path_factory, layout, first, second):
    """A second lock takes the place of the first, to the byte; and the first comes back as it was."""
    where = tmp_path_factory.getbasetemp() / "x.ipynb"
    once = spliced(parsed(where, layout[1]), PATH, first)
    twice = spliced(parsed(where, once), PATH, second)
    assert content(twice)["metadata"]["autoexec"]["lock"] == second
    assert spliced(parsed(where, twice), PATH, second) == twice
    if json.dumps(first) != json.dumps(second):
        assert content(spliced(parsed(where, twice), PATH, first)) == content(once)
    if first != second:
        assert spliced(parsed(where, twice), PATH, first) == once


def test_other_things_of_ours_stay(tmp_path):
    """What else stands below the same key is left, wherever it stands."""
    new = spliced(parsed(tmp_path / "x.ipynb", book(autoexec={"zz": 1, "aa": [2]}).encode()), PATH, VALUE)
    assert content(new)["metadata"]["autoexec"] == {"zz": 1, "aa": [2], "lock": VALUE}
    nbformat.validate(nbformat.reads(new.decode(), as_version=4))


def test_what_says_it_already_is_left(tmp_path):
    """The same value in somebody's own layout is not laid out anew."""
    text = nbformat.writes(nbformat.v4.new_notebook()).replace(
        '"metadata": {}', '"metadata": {"autoexec": {"lock" : ' + json.dumps(VALUE, indent=7) + "}}"
    )
    read = parsed(tmp_path / "x.ipynb", text.encode())
    assert read.value("autoexec", "lock") == VALUE
    assert spliced(read, PATH, VALUE) == text.encode()


@given(layouts())
def test_a_first_cell_is_all_that_is_added(tmp_path_factory, layout):
    """The other cells stay where and as they are."""
    book, old = layout
    cell = {"cell_type": "code", "id": "first", "source": ["x\n", "y"]}
    new = with_first_cell(parsed(tmp_path_factory.getbasetemp() / "x.ipynb", old), cell)
    assert content(new) == {**book, "cells": [cell, *book["cells"]]}
    if book["cells"]:
        assert is_insertion(old, new)


@given(layouts(), TEXTS)
def test_a_cells_source_is_replaced_alone(tmp_path_factory, layout, source):
    """Outputs and ids of that cell, and all of the others, are left."""
    book, old = layout
    for number, _ in enumerate(book["cells"]):
        new = spliced(
            parsed(tmp_path_factory.getbasetemp() / "x.ipynb", old), ("cells", number, "source"), source
        )
        cells = [dict(cell) for cell in book["cells"]]
        cells[number]["source"] = source
        assert content(new) == {**book, "cells": cells}


def book(**metadata):
    """Return the file of a small notebook, as Jupyter writes it, and its text."""
    found = nbformat.v4.new_notebook(metadata=metadata, cells=[nbformat.v4.new_code_cell("import é")])
    return nbformat.writes(found) + "\n"


def test_what_is_written_is_what_jupyter_would_write(tmp_path):
    """A later save in Jupyter changes no line of it: the key is in its place, and laid out as all others."""
    text = book(kernelspec={"display_name": "P", "name": "python3"}, language_info={"name": "python"})
    new = spliced(parsed(tmp_path / "x.ipynb", text.encode()), PATH, VALUE).decode()
    assert nbformat.writes(nbformat.reads(new, as_version=4)) + "\n" == new
    nbformat.validate(nbformat.reads(new, as_version=4))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param(
            '{"metadata": {}, "metadata": {}, "cells": [], "nbformat": 4}', "comes twice", id="twice"
        ),
        pytest.param(
            '{"metadata": {}, "cells": [{"a": 1, "a": 2}], "nbformat": 4}', "comes twice", id="in-a-cell"
        ),
        pytest.param('{"metadata": {}, "cells": [], "nbformat": 4', "Expecting", id="cut"),
        pytest.param("", "Expecting", id="empty"),
        pytest.param("[]", "does not say", id="a-list"),
        pytest.param('{"metadata": {}, "worksheets": [], "nbformat": 3}', "format is 3", id="old"),
        pytest.param('{"metadata": {}, "cells": [], "nbformat": 5}', "format is 5", id="of-the-future"),
        pytest.param('{"metadata": {}, "cells": [], "nbformat": true}', "format is True", id="true"),
        pytest.param('{"metadata": [], "cells": [], "nbformat": 4}', "missing", id="metadata-a-list"),
        pytest.param('{"metadata": {}, "cells": {}, "nbformat": 4}', "missing", id="cells-a-table"),
        pytest.param('{"metadata": {}, "cells": [' + "[" * 200_000, "deep", id="deep"),
        pytest.param('{"a": "\x01", "metadata": {}, "cells": [], "nbformat": 4}', "control", id="control"),
    ],
)
def test_what_is_no_notebook_is_refused(tmp_path, text, why):
    """What two readers could read differently, or nobody could, is named and left alone."""
    with pytest.raises(UsageError, match=r"x\.ipynb") as raised:
        parsed(tmp_path / "x.ipynb", text.encode())
    assert why in raised.value.why


def test_what_is_not_utf8_is_refused(tmp_path):
    """Bytes that would change on the way are not touched."""
    with pytest.raises(UsageError):
        parsed(tmp_path / "x.ipynb", book().encode("utf-16"))
    with pytest.raises(UsageError):
        parsed(tmp_path / "x.ipynb", book().encode("latin-1"))


def test_a_file_that_is_not_there_or_too_large_is_said(tmp_path, monkeypatch):
    """It is named, with the reason."""
    with pytest.raises(UsageError, match="cannot read"):
        notebook.read(tmp_path / "none.ipynb")
    monkeypatch.setattr(notebook, "MOST_BYTES", 10)
    (tmp_path / "x.ipynb").write_text(book())
    with pytest.raises(UsageError, match="too large"):
        notebook.read(tmp_path / "x.ipynb")


def test_what_is_no_table_is_not_written_into(tmp_path):
    """Somebody else's value under our name is not replaced by a table."""
    read = parsed(tmp_path / "x.ipynb", book(autoexec="mine").encode())
    with pytest.raises(UsageError, match="cannot write into"):
        spliced(read, PATH, VALUE)


def test_code_cells_and_language_are_read(tmp_path):
    """Sources are whole, whether they stand as text or as lines; text cells are not code."""
    cells = [
        {"cell_type": "markdown", "source": "import a"},
        {"cell_type": "code", "source": ["import b\n", "x"]},
        "odd",
    ]
    text = json.dumps({"cells": cells, "metadata": {"kernelspec": {"language": "R"}}, "nbformat": 4})
    read = parsed(tmp_path / "x.ipynb", text.encode())
    assert read.cells == [(1, "import b\nx")]
    assert read.language == "r"
    assert read.value("kernelspec", "language") == "R"
    assert read.value("kernelspec", "language", "deeper") is None
