"""A `%%autoexec` cell is an ordinary cell, in every way that a user can see, and it is on record."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from autoexec_magic.events import Diagnosed
from autoexec_magic.values import Verdict

if TYPE_CHECKING:
    from harness import Kernel

MARKS = ["", "%%autoexec\n", "%%autoexec --timeout 60\n"]
IDS = ["plain", "marked", "with a limit"]
marks = pytest.mark.parametrize("mark", MARKS, ids=IDS)
BROKEN = """
def divide(a, b):
    return a / b

print("before")
divide(1, 0)
""".lstrip()


# -- what a cell shows


@marks
def test_the_last_expression_is_the_result(kernel: Kernel, mark):
    """It is shown as the cell's result, and is `_` in the next one."""
    cell = kernel.execute(f"{mark}six = 6\nsix * 7").must_pass()
    assert cell.result == "42"
    assert kernel.value("_ + 1") == "43"


@marks
def test_display_shows_rich_output(kernel: Kernel, mark):
    """`display` sends its data to the front end, once."""
    cell = kernel.execute(f"{mark}display({{'text/html': '<b>bold</b>'}}, raw=True)").must_pass()
    assert [shown["data"] for shown in cell.all("display_data")] == [{"text/html": "<b>bold</b>"}]


@marks
def test_a_semicolon_hides_the_result(kernel: Kernel, mark):
    """A trailing semicolon silences the last expression."""
    assert kernel.execute(f"{mark}6 * 7;").must_pass().result == ""


@marks
def test_await_works_at_the_top_level(kernel: Kernel, mark):
    """A cell may wait for a coroutine, and goes on after it."""
    cell = kernel.execute(f"{mark}import asyncio\nawait asyncio.sleep(0.001)\nawait asyncio.sleep(0, 'woke')")
    assert cell.must_pass().result == "'woke'"


@marks
def test_a_coroutine_of_the_cell_keeps_the_loop(kernel: Kernel, mark):
    """What one cell starts in the event loop, the next one can wait for."""
    kernel.execute(f"{mark}task = asyncio.ensure_future(asyncio.sleep(0.01, 'done'))\nawait asyncio.sleep(0)")
    assert kernel.execute(f"{mark}await task").must_pass().result == "'done'"


@marks
def test_input_and_output_are_in_the_history(kernel: Kernel, mark):
    """`Out` has the result and the raw history has the cell as it was typed."""
    code = f"{mark}'remember ' + 'me'"
    number = kernel.execute(code).must_pass().all("execute_result")[0]["execution_count"]
    assert kernel.value(f"Out[{number}]") == "'remember me'"
    typed = kernel.value(f"get_ipython().history_manager.input_hist_raw[{number}]")
    assert ast.literal_eval(typed) == code


def test_a_marked_cell_counts_as_one(kernel: Kernel):
    """The execution count goes up by one per marked cell."""
    first = kernel.execute("%%autoexec\n1").all("execute_result")[0]["execution_count"]
    second = kernel.execute("%%autoexec\n1").all("execute_result")[0]["execution_count"]
    assert second == first + 1


def test_time_below_the_mark_works(kernel: Kernel):
    """Another cell magic below the mark runs, and the cell is on record."""
    cell = kernel.execute("%%autoexec\n%%time\nseven = 7\nprint(seven)").must_pass()
    assert cell.stdout.startswith("7\n")
    assert "Wall time" in cell.stdout
    assert kernel.value("seven") == "7"
    assert (kernel.last().title, kernel.last().verdict) == ("%%time", Verdict.PASSED)


def test_line_magics_and_bangs_work_in_a_marked_cell(kernel: Kernel):
    """IPython's own syntax below the mark is understood."""
    cell = kernel.execute("%%autoexec\nwhere = %pwd\nlines = !echo one\nwhere, lines").must_pass()
    assert cell.result == str((str(kernel.cwd), ["one"]))


def test_our_own_line_magic_works_in_a_marked_cell(kernel: Kernel):
    """A verb inside a marked cell is a run of its own."""
    kernel.execute("%%autoexec\nprint('outside')\n%autoexec sh echo inside").must_pass()
    assert kernel.last("sh").verdict == Verdict.PASSED
    assert kernel.last("cell").verdict == Verdict.PASSED
    assert kernel.recorded(run=kernel.last("cell")).startswith("outside\ninside\n")


@pytest.mark.parametrize(
    "code", ["%%autoexec", "%%autoexec\n", "%%autoexec\n\n  \n", "%%autoexec\n# nothing\n"]
)
def test_a_cell_with_nothing_in_it_is_fine(kernel: Kernel, code):
    """It passes, says nothing, and is on record as skipped."""
    before = len(kernel.store.ids())
    cell = kernel.execute(code).must_pass()
    assert (cell.text(), cell.result) == ("", "")
    assert len(kernel.store.ids()) == before + 1
    assert kernel.last().verdict == Verdict.SKIPPED


@pytest.mark.parametrize("blank", ["\n", "\n\n", "  \n\t\n"], ids=["one", "two", "with spaces"])
def test_blank_lines_before_the_mark_do_not_matter(kernel: Kernel, blank):
    """The mark is found below them, and the run is called by the first line of code."""
    cell = kernel.execute(f"{blank}%%autoexec\nprint('below')\n1 + 1").must_pass()
    assert (cell.stdout, cell.result) == ("below\n", "2")
    assert kernel.recorded("stdout") == "below\n"
    assert kernel.last().title == "print('below')"


@marks
def test_an_indented_cell_runs(kernel: Kernel, mark):
    """Code that was copied with its indentation runs with the mark as it does without."""
    code = "".join(f"    {line}\n" for line in f"{mark}six = 6\nsix * 7".splitlines())
    assert kernel.execute(code).must_pass().result == "42"


def test_asking_whether_a_cell_is_complete_runs_nothing(kernel: Kernel):
    """A terminal front end asks at every line: no run is recorded for it."""
    before = len(kernel.store.ids())
    assert kernel.is_complete("%%autoexec\nfor number in range(3):")["status"] == "incomplete"
    assert len(kernel.store.ids()) == before


# -- what a cell shows when it fails


@marks
def test_the_traceback_has_the_lines_of_the_cell(kernel: Kernel, mark):
    """The mark counts as line 1; the user's code is shown, and no frame of ours."""
    offset = mark.count("\n")
    cell = kernel.execute(mark + BROKEN)
    assert cell.stdout == "before\n"
    assert cell.status == "error"
    assert f"line {5 + offset}\n" in cell.error
    assert f"----> {5 + offset} divide(1, 0)" in cell.error
    assert f"----> {2 + offset}     return a / b" in cell.error
    assert cell.error.endswith("ZeroDivisionError: division by zero")
    assert "autoexec_magic" not in cell.error
    assert "interactiveshell" not in cell.error


@marks
def test_the_traceback_of_a_coroutine_has_no_frame_of_ours(kernel: Kernel, mark):
    """An error behind an `await` at the top level is shown as in any cell."""
    kernel.execute("async def fail():\n    raise LookupError('nothing there')")
    cell = kernel.execute(f"{mark}await fail()")
    assert cell.error.endswith("LookupError: nothing there")
    assert "autoexec_magic" not in cell.error + cell.stderr


@marks
def test_an_error_with_a_cause_shows_both(kernel: Kernel, mark):
    """`raise … from …` shows the cause and the error, and no frame of ours."""
    lines = (
        "try:\n    {}['missing']\nexcept KeyError as error:\n    raise RuntimeError('no entry') from error"
    )
    cell = kernel.execute(mark + lines)
    assert "KeyError: 'missing'" in cell.error
    assert cell.error.endswith("RuntimeError: no entry")
    assert "autoexec_magic" not in cell.error


@marks
def test_an_exception_group_is_shown(kernel: Kernel, mark):
    """All of its members are named, limit or not."""
    cell = kernel.execute(f"{mark}raise ExceptionGroup('several', [ValueError('first'), KeyError('second')])")
    shown = cell.error + cell.stderr
    assert "ExceptionGroup: several (2 sub-exceptions)" in shown
    assert "ValueError: first" in shown
    assert "KeyError: 'second'" in shown
    assert "/autoexec_magic/" not in shown


@marks
def test_a_wrong_write_shows_no_frame_of_ours(kernel: Kernel, mark):
    """What the stream itself raises comes through, without the recorder's frame."""
    cell = kernel.execute(f"{mark}import sys\nsys.stdout.write(3)")
    assert "TypeError" in cell.error
    assert "autoexec_magic" not in cell.error


@marks
def test_a_call_of_exit_in_the_cell_leaves_the_kernel_alive(kernel: Kernel, mark):
    """`sys.exit` ends the cell, not the kernel."""
    cell = kernel.execute(f"{mark}import sys\nsys.exit(3)")
    assert cell.status == "error"
    assert "SystemExit: 3" in cell.error
    assert kernel.value("1 + 1") == "2"


def test_a_failed_cell_is_diagnosed(kernel: Kernel):
    """The run is recorded as failed with a diagnosis, and our lines below the traceback say it."""
    cell = kernel.execute("%%autoexec\ntotal = 1\nprint(totl)")
    found = [event.diagnosis for event in kernel.events() if isinstance(event, Diagnosed)]
    assert [item.code for item in found] == ["name-not-defined"]
    assert found[0].where.endswith(":3")
    assert kernel.last().verdict == Verdict.FAILED
    assert "totl" in kernel.last().why
    ours = cell.stderr.splitlines()
    assert ours[0].startswith("autoexec: name-not-defined at ")
    assert all(line.startswith(("  because: ", "  fix: ")) for line in ours[1:])
    kinds = [message.kind for message in cell.messages]
    assert kinds.index("error") < kinds.index("stream")


def test_a_cell_that_passed_says_nothing_of_its_own(kernel: Kernel):
    """What passes is shown as it is: no line of ours, on neither stream."""
    cell = kernel.execute("%%autoexec\nprint('mine')").must_pass()
    assert (cell.stdout, cell.stderr) == ("mine\n", "")
    assert kernel.last().verdict == Verdict.PASSED


def test_the_lines_below_a_traceback_are_few(kernel: Kernel):
    """However long the message of the exception is: why, because, fix, a line each."""
    cell = kernel.execute("%%autoexec\nraise ValueError('one\\ntwo\\nthree\\n' * 50)")
    first, *others = cell.stderr.splitlines()
    assert first.startswith("autoexec: ")
    assert all(line.startswith(("  because: ", "  fix: ")) for line in others)


def test_the_diagnosis_names_no_file_that_a_user_never_made(kernel: Kernel):
    """The place is the cell's, as in the traceback, not a temporary file of the kernel."""
    cell = kernel.execute("%%autoexec\n1 / 0")
    assert "/ipykernel_" not in cell.stderr


def test_a_syntax_error_shows_pythons_own_message(kernel: Kernel):
    """It is shown as for a plain cell, a line lower; nothing was looked for, installed or started."""
    wrong = "import no_such_module_anywhere\nprint('never'))\n"
    plain, marked = kernel.execute(wrong), kernel.execute(f"%%autoexec\n{wrong}")
    assert marked.status == "error"
    assert "SyntaxError: unmatched ')'" in marked.error
    assert marked.error.splitlines()[1:] == plain.error.splitlines()[1:]
    assert "line 2" in plain.error.splitlines()[0]
    assert "line 3" in marked.error.splitlines()[0]
    assert marked.stdout == ""
    assert re.match(r"autoexec: syntax\S* at In \[\d+\]:3", marked.stderr)
    assert marked.error.splitlines()[-1] not in marked.stderr
    assert kernel.last().verdict == Verdict.FAILED
    assert kernel.kinds() == ["RunStarted", "Diagnosed", "RunFinished"]


# -- cells that run in odd ways


def test_user_variables_are_never_expanded(kernel: Kernel):
    """Braces and dollars of a magic's line arrive as they are: text never becomes Python code."""
    kernel.execute("word = 'expanded'")
    cell = kernel.execute("%autoexec sh echo '{word}' '$word' \"{word}\"").must_pass()
    assert cell.stdout.splitlines()[0] == "{word} $word {word}"
    for line in ("%autoexec sh echo {word}", "%autoexec sh echo x$word", "%%autoexec sh\necho {word}"):
        cell = kernel.execute(line).must_pass()
        assert cell.stdout.splitlines()[0] in ("{word}", "x"), line  # `$word` is the line's own, and empty
        assert "expanded" not in cell.text()


def test_a_script_keeps_its_braces(kernel: Kernel):
    """Neither the line nor the body of a cell magic is expanded by the kernel."""
    kernel.execute("word = 'expanded'")
    cell = kernel.execute("%%autoexec script\nword = 'mine'\nprint(f'{word}', '{word}', '$word')").must_pass()
    assert cell.stdout.splitlines()[0] == "mine {word} $word"


def test_a_marked_cell_inside_a_marked_cell_keeps_both_records(kernel: Kernel):
    """Each run has its own verdict and output; the outer one goes on being recorded after the inner one."""
    cell = kernel.execute(
        "%%autoexec\n"
        "print('outer before')\n"
        "inner = get_ipython().run_cell('%%autoexec\\nprint(\"inner\")\\n1 + 1')\n"
        "print('outer after')\n"
        "display({'text/html': '<i>after</i>'}, raw=True)\n"
        "inner.result"
    ).must_pass()
    assert cell.stdout == "outer before\ninner\nouter after\n"
    outer, inner = kernel.titled("print('outer before')"), kernel.titled('print("inner")')
    assert (outer.verdict, inner.verdict) == (Verdict.PASSED, Verdict.PASSED)
    assert kernel.recorded(run=inner) == "inner\n"
    assert kernel.recorded(run=outer) == "outer before\ninner\nouter after\n"
    assert kernel.kinds(inner)[-1] == kernel.kinds(outer)[-1] == "RunFinished"


def test_rich_output_after_an_inner_marked_cell_is_on_record(kernel: Kernel):
    """The outer cell's displays are noted after the inner cell ended, too."""
    kernel.execute(
        "%%autoexec\n'the outer one'\n"
        "get_ipython().run_cell('%%autoexec\\nprint(\"deep\")')\n"
        "display({'text/html': '<i>later</i>'}, raw=True)"
    ).must_pass()
    assert {"text/html": len("<i>later</i>")} in kernel.displayed(kernel.titled("'the outer one'"))


def test_an_inner_cell_that_fails_does_not_fail_the_outer_one(kernel: Kernel):
    """The inner run is failed and the outer one passed."""
    kernel.execute("%%autoexec\nget_ipython().run_cell('%%autoexec\\n1 / 0')\nprint('went on')")
    assert kernel.titled("1 / 0").verdict == Verdict.FAILED
    outer = kernel.titled("get_ipython().run_cell('%%autoexec\\n1 / 0')")
    assert outer.verdict == Verdict.PASSED
    assert "went on\n" in kernel.recorded(run=outer)


def test_a_plain_cell_inside_a_marked_one_is_part_of_it(kernel: Kernel):
    """What an unmarked inner cell writes belongs to the marked one."""
    kernel.execute("%%autoexec\nget_ipython().run_cell('print(\"plain\")')\nprint('end')").must_pass()
    assert kernel.recorded() == "plain\nend\n"


def test_a_cell_that_is_not_kept_in_the_history_runs(kernel: Kernel):
    """`store_history=False`, as for what a front end runs by itself: it runs and is on record."""
    cell = kernel.execute("%%autoexec\nprint('unkept')\n1 / 0", store_history=False)
    assert cell.stdout == "unkept\n"
    assert cell.error.endswith("ZeroDivisionError: division by zero")
    assert (kernel.last().title, kernel.last().verdict) == ("print('unkept')", Verdict.FAILED)


def test_a_silent_cell_runs_silently(kernel: Kernel):
    """A silent request is the front end's own: it runs and leaves no record."""
    before = len(kernel.store.ids())
    cell = kernel.execute("%%autoexec\nquiet = 'yes'\nquiet", silent=True)
    assert (cell.status, cell.result) == ("ok", "")
    assert kernel.value("quiet") == "'yes'"
    assert len(kernel.store.ids()) == before


@pytest.mark.parametrize("body", ["1 + 1", "1 / 0", "1 +", "await asyncio.sleep(0)", "%%time\n1"])
def test_nothing_of_a_cell_is_left_behind(kernel: Kernel, body):
    """After the cell, passed or failed, streams, displays and tracebacks are the kernel's own again."""
    kernel.execute(f"%%autoexec --timeout 60\n{body}")
    kernel.execute("import sys, threading; shell = get_ipython()")
    found = kernel.value(
        "[f.__module__ for f in (sys.stdout.write, sys.stderr.write, shell.display_pub.publish,"
        " shell.displayhook.write_format_data, shell.showtraceback)]"
    )
    assert "autoexec_magic" not in found
    names = kernel.value("[t.name for t in threading.enumerate() if t.name.startswith('autoexec')]")
    assert names == "[]"
