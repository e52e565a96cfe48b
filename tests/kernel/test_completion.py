"""Tab in a line of ours offers what may stand there, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autoexec_magic.ui.verbs import VERBS, cell_options, parser_of

if TYPE_CHECKING:
    from harness import Kernel

PUBLIC = sorted(name for name in VERBS if name != "help")
CELL = ["--no-install", "--timeout", "--yes"]


def options(verb: str) -> list[str]:
    """Return the long options that a verb's own help names."""
    words = parser_of(verb).format_help().replace(",", " ").split()
    return sorted({word for word in words if word.startswith("--") and len(word) > 2})


def offered(kernel: Kernel, code: str) -> list[str]:
    """Return what is offered at the end of `code`, having checked that it would stand there."""
    reply = kernel.complete(code)
    fragment = code[reply["cursor_start"] : reply["cursor_end"]]
    assert reply["cursor_end"] == len(code)
    # IPython takes `no` for the beginning of `%notebook`, too.
    assert all(fragment in match for match in reply["matches"]), (fragment, reply["matches"])
    return sorted(reply["matches"])


@pytest.mark.parametrize("line", ["%autoexec ", "  %autoexec ", "print(1)\n%autoexec "])
def test_a_line_begins_with_a_verb(kernel: Kernel, line):
    """Exactly the verbs are offered: no Python name, no file."""
    kernel.execute("shallow = script_name = 1")
    assert offered(kernel, line) == PUBLIC


def test_the_beginning_of_a_verb_is_completed(kernel: Kernel):
    """Only what begins so; a Python name that begins so, too, is not among it."""
    kernel.execute("shallow = script_name = 1")
    assert offered(kernel, "%autoexec s") == [name for name in PUBLIC if name.startswith("s")]


def test_a_cell_begins_with_a_verb_or_an_option(kernel: Kernel):
    """The options of a cell without a verb are offered beside the verbs, and are real."""
    assert offered(kernel, "%%autoexec ") == sorted([*CELL, *PUBLIC])
    assert offered(kernel, "%%autoexec --") == CELL
    assert offered(kernel, "%%autoexec --yes --t") == ["--timeout"]
    assert cell_options("--timeout 5 --no-install --yes") is not None


@pytest.mark.parametrize("verb", PUBLIC)
def test_after_a_verb_exactly_its_options(kernel: Kernel, verb):
    """What is offered after `--` is what the verb's own help names."""
    assert offered(kernel, f"%autoexec {verb} --") == options(verb)
    assert offered(kernel, f"%%autoexec {verb} --") == options(verb)


def test_an_option_is_completed_in_the_middle_of_others(kernel: Kernel):
    """Options may follow options."""
    assert offered(kernel, "%autoexec sh --timeout 5 --ca") == ["--cage"]
    assert offered(kernel, "%autoexec script --lang bash --fi") == ["--file", "--file-size", "--fix"]


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("%autoexec sh cat no", id="a file"),
        pytest.param("%autoexec sh --timeout 5 ec", id="a program"),
        pytest.param("%autoexec zzz", id="no verb"),
        pytest.param("%autoexec zzz --unknown", id="no verb's option"),
        pytest.param("%autoexec sh --zzz", id="no option"),
        pytest.param("%autoexec runs show 12", id="an id"),
        pytest.param("%autoexec sh git commit --am", id="somebody else's option"),
    ],
)
def test_what_was_typed_is_never_replaced_by_something_else(kernel: Kernel, code):
    """Where nothing begins so, nothing that begins otherwise is put in its place."""
    offered(kernel, code)


def test_an_assignment_from_a_magic_is_completed(kernel: Kernel):
    """`name = %autoexec ` is a line of ours as well."""
    assert offered(kernel, "result = %autoexec ") == PUBLIC


def test_python_is_completed_as_ever(kernel: Kernel):
    """Names, attributes and modules are offered outside our lines, in marked cells, too."""
    kernel.execute("import os\nvery_long_name = 1").must_pass()
    assert offered(kernel, "very_lo") == ["very_long_name"]
    assert "getcwd" in offered(kernel, "os.getc")
    assert "very_long_name" in offered(kernel, "%%autoexec\nvery_lo")
    assert "getcwd" in offered(kernel, "%%autoexec --timeout 5\nprint(1)\nos.getc")
    assert "json" in offered(kernel, "import jso")


def test_the_magic_itself_is_completed(kernel: Kernel):
    """The beginning of its name becomes the line and the cell magic."""
    assert "%autoexec" in kernel.complete("%autoex")["matches"]
    assert kernel.complete("%%autoex")["matches"] == ["%%autoexec"]


def test_the_middle_of_a_line_is_completed(kernel: Kernel):
    """The cursor counts, not the line's end."""
    reply = kernel.complete("%autoexec scr --lang bash", len("%autoexec scr"))
    assert reply["matches"] == ["script"]
    assert (reply["cursor_start"], reply["cursor_end"]) == (len("%autoexec "), len("%autoexec scr"))


def test_help_on_the_magic_lists_the_verbs(kernel: Kernel):
    """`%autoexec?` shows each verb with what it does."""
    text = kernel.inspect("%autoexec")["data"]["text/plain"]
    assert all(f"  {name} " in text for name in PUBLIC)
