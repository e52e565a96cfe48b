"""A global name that is not there: which cell should have bound it, and how sure that is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playbook import Play

from autoexec_magic.diagnosis import Around, Cell, Notebook, diagnose_exception

IMPORT, DATA, TOTAL, SHOW = "import json as js", "xs = js.loads('[1, 2]')", "totl = sum(xs)", "print(totl)"
NOT_OURS = "name-not-defined"  # the exception's own row


def case(name: str, cells: list[str], order: list, want: str) -> object:
    """Return a row: cells, the order they run in, and `code confidence action values…`."""
    return pytest.param(cells, order, want.split(), id=name)


@pytest.mark.parametrize(
    ("cells", "order", "want"),
    [
        case("not-run", [TOTAL.replace("xs", "[1]"), SHOW], [2], "cell-not-run certain c1"),
        case("not-run-and-what-it-needs", [IMPORT, DATA, TOTAL, SHOW], [4], "cell-not-run certain c1 c2 c3"),
        case("only-what-is-missing", [IMPORT, DATA, TOTAL, SHOW], [1, 4], "cell-not-run certain c2 c3"),
        case("not-what-nobody-needs", ["unused = 1", "totl = 1", SHOW], [3], "cell-not-run certain c2"),
        case("later", [SHOW, "totl = 1"], [1], "defined-later certain c2"),
        case("later-in-this-cell", ["print(totl)\ntotl = 1"], [1], "defined-later certain"),
        case("failed-before", ["1 / 0\ntotl = 1", SHOW], [1, 2], "cell-failed certain"),
        case("failed-on-it", ["totl = 1 / 0", SHOW], [1, 2], "cell-failed certain"),
        case("failed-for-a-name", [IMPORT, DATA, "len(xs)"], [2, 3], "cell-failed certain c1 c2"),
        case("did-not-parse", ["totl = (1", SHOW], [1, 2], "cell-failed likely"),
        case("deleted", ["totl = 1", "del totl", SHOW], [1, 2, 3], "name-deleted certain c1"),
        case("deleted-here", ["totl = 1", "del totl\nprint(totl)"], [1, 2], "name-deleted certain c1"),
        case("reset", ["totl = 1", "%reset -f", SHOW], [1, 2, 3], "name-deleted certain c1"),
        case("gone", ["totl = 1", "globals().pop('totl')", SHOW], [1, 2, 3], "name-deleted likely c1"),
        case(
            "made-again", ["totl = 1", "del totl", "totl = 1 / 0", SHOW], [1, 2, 3, 4], "cell-failed likely"
        ),
        case("two-cells", ["totl = 1", "totl = 2", SHOW], [3], "cell-not-run likely c2"),
        case("above-before-below", ["totl = 1", SHOW, "totl = 2"], [2], "cell-not-run likely c1"),
        case("if", ["import os\nif os.sep:\n    totl = 1", SHOW], [2], "cell-not-run likely c1"),
        case(
            "both-branches",
            ["if len('a'):\n  totl = 1\nelse:\n  totl = 2", SHOW],
            [2],
            "cell-not-run certain c1",
        ),
        case(
            "try-import",
            ["try:\n  import a1 as totl\nexcept ImportError:\n  totl = 0", SHOW],
            [2],
            "cell-not-run certain c1",
        ),
        case(
            "try-alone", ["try:\n  totl = 1\nexcept ValueError:\n  pass", SHOW], [2], "cell-not-run likely c1"
        ),
        case("main", ["if __name__ == '__main__':\n    totl = 1", SHOW], [2], "cell-not-run certain c1"),
        case("if-not-held", ["if 1 > 2:\n    totl = 1", SHOW], [1, 2], "definition-not-reached likely"),
        case("no-turn", ["for totl in []:\n    pass", SHOW], [1, 2], "definition-not-reached likely"),
        case(
            "not-called",
            ["def load():\n    global totl\n    totl = 1", SHOW],
            [1, 2],
            "definition-not-reached likely",
        ),
        case(
            "except-as",
            ["try:\n    1 / 0\nexcept ZeroDivisionError as totl:\n    pass", SHOW],
            [1, 2],
            "name-deleted certain",
        ),
        case(
            "with-as",
            ["import io\nwith io.StringIO() as totl:\n    pass", SHOW],
            [2],
            "cell-not-run certain c1",
        ),
        case("walrus", ["if (totl := 1) > 0:\n    pass", SHOW], [2], "cell-not-run likely c1"),
        case(
            "walrus-in-comprehension", ["[totl := i for i in range(3)]", SHOW], [2], "cell-not-run likely c1"
        ),
        case("unpacking", ["(first, *totl), last = [1, 2], 3", SHOW], [2], "cell-not-run certain c1"),
        case("from-import-as", ["from json import loads as totl", SHOW], [2], "cell-not-run certain c1"),
        case("import-dotted", ["import os.path", "os.sep"], [2], "cell-not-run certain c1"),
        case("class", ["class totl:\n    x = 1", SHOW], [2], "cell-not-run certain c1"),
        case("async-def", ["async def totl():\n    return 1", SHOW], [2], "cell-not-run certain c1"),
        case("top-level-await", ["totl = await load()", SHOW], [2], "cell-not-run certain c1"),
        case("lambda", ["totl = lambda x: x", "totl(1)"], [2], "cell-not-run certain c1"),
        case("shell-output", ["totl = !ls", SHOW], [2], "cell-not-run certain c1"),
        case("magic-value", ["totl = %pwd", SHOW], [2], "cell-not-run certain c1"),
        case("timed-cell", ["%%time\nxs = [1]\ntotl = sum(xs)", SHOW], [2], "cell-not-run certain c1"),
        case("timed-line", ["%time totl = 1", SHOW], [2], "cell-not-run certain c1"),
        case("captured", ["%%capture totl\nprint(1)", SHOW], [2], "cell-not-run certain c1"),
        case("bash-out", ["%%bash --out totl\nls", SHOW], [2], "cell-not-run certain c1"),
        case(
            "below-a-magic", ["%matplotlib inline\n!pip list\ntotl = 1", SHOW], [2], "cell-not-run certain c1"
        ),
        case("marked", ["%%autoexec --timeout 5\ntotl = 1", SHOW], [2], "cell-not-run certain c1"),
        case("doctest-prompt", [">>> totl = 1\n>>> totl", SHOW], [2], "cell-not-run certain c1"),
        case("indented", ["    totl = 1", SHOW], [2], "cell-not-run certain c1"),
        case("in-a-timed-cell", ["totl = 1", "%%time\nprint(totl)"], [2], "cell-not-run certain c1"),
        case(
            "in-a-function-of-another",
            ["def f():\n    return totl", "totl = 1", "f()"],
            [1, 3],
            "cell-not-run certain c2",
        ),
        case(
            "what-a-call-needs",
            ["import json", "def totl():\n    return json.dumps(1)", "totl()"],
            [3],
            "cell-not-run certain c1 c2",
        ),
        case("in-a-class-body", ["totl = 1", "class A:\n    x = totl"], [2], "cell-not-run certain c1"),
        case("in-a-comprehension", ["totl = 1", "[totl for i in range(2)]"], [2], "cell-not-run certain c1"),
        case("star", ["from os.path import *", "print(basename('a'))"], [2], "cell-not-run likely c1"),
        case("run", ["%run other.py", SHOW], [2], "cell-not-run likely c1"),
        case("exec", ["exec('tot' + 'l = 1')", SHOW], [2], "cell-not-run likely c1"),
        case("named-globals", ["globals()['totl'] = 1", SHOW], [2], "cell-not-run likely c1"),
        case("unknown-magic", ["%%conjure\nx", SHOW], [2], "cell-not-run likely c1"),
        case(
            "restart",
            ["import json", "xs = [1]", "totl = json.dumps(xs)", SHOW],
            [4],
            "cell-not-run certain c1 c2 c3",
        ),
        case(
            "all-that-this-cell-needs",
            ["aa1 = 1", "bb1 = 2", "print(aa1, bb1)"],
            [3],
            "cell-not-run certain c1 c2",
        ),
        case("remade-in-between", ["totl = 1", "totl = totl + 1", SHOW], [3], "cell-not-run certain c1 c2"),
        case("augmented-only", ["totl += 1", SHOW], [2], NOT_OURS),
        case("annotation-only", ["totl: int", SHOW], [1, 2], NOT_OURS),
        case("comprehension-variable", ["[totl for totl in range(3)]", SHOW], [2], NOT_OURS),
        case("function-local", ["def f():\n    totl = 1\n    return totl", SHOW], [1, 2], NOT_OURS),
        case("lambda-argument", ["f = lambda totl: totl", SHOW], [1, 2], NOT_OURS),
        case("class-body", ["class A:\n    totl = 1", SHOW], [1, 2], NOT_OURS),
        case("bash-cell", ["%%bash\ntotl=1", SHOW], [2], NOT_OURS),
        case("html-cell", ["%%html\n<b>totl = 1</b>", SHOW], [2], NOT_OURS),
        case("writefile-cell", ["%%writefile a.py\ntotl = 1", SHOW], [2], NOT_OURS),
        case("timeit-cell", ["%%timeit\ntotl = 1", SHOW], [2], NOT_OURS),
        case("script-cell", ["%%autoexec script\ntotl = 1", SHOW], [2], NOT_OURS),
        case("comment-and-string", ["# totl = 1\n'totl = 1'", SHOW], [2], NOT_OURS),
        case("attribute", ["class A: pass\nA.totl = 1", SHOW], [2], NOT_OURS),
        case("keyword", ["dict(totl=1)", SHOW], [2], NOT_OURS),
        case("nowhere", ["total = 1", SHOW], [1, 2], NOT_OURS),
        case(
            "misspelt-below", ["total = 1", "print(totall)", "totall = 2"], [1, 2], "defined-later likely c3"
        ),
        case("short-below", ["dd = 1", "print(d)", "d = 2"], [1, 2], "defined-later likely c3"),
        case("misspelt-and-star", ["total = 1", "from os.path import *", "print(totall)"], [1, 3], NOT_OURS),
        case(
            "unbound-local",
            ["totl = 1", "def f():\n    print(totl)\n    totl = 2\nf()"],
            [2],
            "unbound-local",
        ),
        case(
            "free-variable",
            ["totl = 1", "def f():\n    def g():\n        return totl\n    g()\n    totl = 1\nf()"],
            [2],
            "unbound-local",
        ),
        case(
            "raised-by-hand", ["totl = 1", "raise NameError(\"name 'totl' is not defined\")"], [2], NOT_OURS
        ),
    ],
)
def test_why_a_name_is_not_there(cells, order, want):
    """The code, how sure it is, and the cells to run, as running the cells in that order shows them."""
    found = Play(*cells).run(*order).why()
    code, *rest = want
    assert found.code == code, str(found)
    if rest:
        assert found.confidence == rest[0], str(found)
        assert list(found.action.values if found.action else ()) == rest[1:], str(found)


def test_the_fix_is_in_the_words_of_a_notebook():
    """One cell is named with the line that defines the name; several are listed."""
    one = Play("totl = 1\nprint(totl)", SHOW).run(2).why()
    assert one.fix == "run the first code cell first: `totl = 1`"
    assert one.why == "totl is defined in the first code cell, which has not run"
    many = Play(IMPORT, DATA, TOTAL, SHOW).run(4).why()
    assert many.fix == "run code cells 1, 2 and 3 first, in this order"
    assert many.evidence[-1] == "nothing else has run in this kernel: it is new, or was restarted"


def test_a_cell_that_failed_is_corrected_first():
    """To run it again would fail again, so that there is no action; its error is in the evidence."""
    found = Play("data = {}\ndata['a']\ntotl = 1", SHOW).run(1, 2).why()
    assert found.why == "cell [1] failed on line 2, before it defines totl on line 3"
    assert found.fix == "correct cell [1], which failed with KeyError: 'a', and run it"
    assert (found.action, "cell [1]: KeyError: 'a'" in found.evidence) == (None, True)


def test_a_cell_that_was_interrupted_is_run_again():
    """It has no fault of its own."""
    found = Play("raise KeyboardInterrupt\ntotl = 1", SHOW).run(1, 2).why()
    assert (found.code, found.action.values) == ("cell-failed", ("c1",))


def test_a_failed_cell_that_was_corrected_is_run_again():
    """It is another cell by now."""
    found = Play("totl = 1 / 0", SHOW).run(1).edit(1, "totl = 1 / 2").run(2).why()
    assert (found.code, found.action.values) == ("cell-failed", ("c1",))


def test_a_cell_that_was_edited_since_it_ran():
    """The notebook says that the name is there, the kernel has what ran."""
    found = Play("total = 1", SHOW).run(1).edit(1, "totl = 1").run(2).why()
    assert (found.code, found.confidence, found.action.values) == ("cell-edited", "certain", ("c1",))
    assert found.fix == "run cell [1] first: `totl = 1`"


def test_a_definition_that_was_removed():
    """Nothing in the notebook makes the name any more."""
    play = Play("totl = 1", "del totl", SHOW).run(1, 2).remove(1).run(3)
    found = play.why()
    assert (found.code, found.confidence) == ("hidden-state", "certain")
    assert found.fix == "put `totl = 1` back into a cell and run it"


def test_without_a_document_only_what_ran_is_known():
    """Nothing is said of cells that nobody knows; what ran explains what it can."""
    assert Play("totl = 1", SHOW, has_document=False).run(2).why().code == NOT_OURS
    failed = Play("1 / 0\ntotl = 1", SHOW, has_document=False).run(1, 2).why()
    assert (failed.code, failed.confidence) == ("cell-failed", "certain")


def test_without_ids_cells_are_known_by_their_text():
    """A notebook of an older format, or a front end that sends no ids."""
    found = Play(IMPORT, DATA, TOTAL, SHOW, has_ids=False).run(1, 4).why()
    assert (found.code, found.confidence, found.action.values) == ("cell-not-run", "certain", ("#2", "#3"))


def test_a_document_that_is_not_saved_is_evidence_only():
    """The cell that failed is in no saved version, so that others may differ as well."""
    found = Play("totl = 1").run("print(totl, 'new')").why()
    assert (found.code, found.confidence) == ("cell-not-run", "likely")


def test_a_later_look_knows_what_happened_since():
    """What has been defined since need not run again; the failed cell does."""
    play = Play("totl = 1", SHOW).run(2)
    notebook = play.notebook()
    since = Notebook(
        **{name: getattr(notebook, name) for name in notebook.__slots__}
        | {"names_since": frozenset({"totl"})}
    )
    found = diagnose_exception(
        play.error, is_user_frame=play.files.__contains__, around=Around(notebook=since)
    )
    assert (found.code, found.fix, found.action) == ("cell-not-run", "run this cell again", None)


def test_cells_alone_are_enough():
    """Who has no log hands in the cells as they are."""
    play = Play(SHOW).run(1)
    cells = (
        Cell(source="totl = 1", position=1, cell_id="a"),
        Cell(source=SHOW, position=2, number=1, ran="failed"),
    )
    notebook = Notebook(cells=cells, current=1, is_document_known=True, files=play.files)
    found = diagnose_exception(
        play.error, is_user_frame=play.files.__contains__, around=Around(notebook=notebook)
    )
    assert (found.code, found.confidence, found.action.values) == ("cell-not-run", "certain", ("a",))


def test_without_a_log_the_place_of_the_failure_is_the_tracebacks():
    """What the failed cell did above that line has happened."""
    play = Play("totl = 1\ndel totl\nprint(totl)\ntotl = 2").run(1)
    cell = Cell(source=play.cells["c1"], position=1, number=1, ran="failed")
    notebook = Notebook(cells=(cell,), current=1, is_document_known=True, files=play.files)
    found = diagnose_exception(
        play.error, is_user_frame=play.files.__contains__, around=Around(notebook=notebook)
    )
    assert (found.code, found.why) == ("name-deleted", "this cell deleted totl: `del totl`")


def test_a_name_error_inside_a_library_is_not_the_notebooks():
    """Another module's names are not the notebook's, though a cell has one of that name."""
    play = Play("totl = 1", "helper()")
    names: dict[str, object] = {}
    exec(compile("def helper():\n    return totl", "/lib/python3.11/library.py", "exec"), names)
    play.names["helper"] = names["helper"]
    assert play.run(2).why().code == NOT_OURS


@pytest.mark.parametrize("undoing", ["%reset -f\nalpha1 = 1", "del delta4\nalpha1 = 1"])
def test_cells_that_undo_each_other_are_no_sure_cure(undoing):
    """What the second cell makes is gone when the third has run: to run both does not bring it back."""
    play = Play("delta4 = 1", undoing, "delta4 += 1\nalpha1 = alpha1 + 1")
    found = play.run(3).why()
    assert found.confidence != "certain"
    assert found.action is None


NAMES = ["alpha1", "beta22", "gamma3", "delta4"]
a_name = st.sampled_from(NAMES)
a_statement = st.one_of(
    st.builds("{0} = 1".format, a_name),
    st.builds("{0} = {1} + 1".format, a_name, a_name),
    st.builds("{0}, {1} = 1, 2".format, a_name, a_name),
    st.builds("{0} += 1".format, a_name),
    st.builds("del {0}".format, a_name),
    st.builds("if {0} > {2}:\n    {1} = 1".format, a_name, a_name, st.integers(0, 2)),
    st.builds("if 1 > {1}:\n    {0} = 1\nelse:\n    {0} = 2".format, a_name, st.integers(0, 2)),
    st.builds("for {0} in range({1}):\n    pass".format, a_name, st.integers(0, 1)),
    st.builds("try:\n    {0} = {1}\nexcept NameError as {2}:\n    pass".format, a_name, a_name, a_name),
    st.builds("def {0}():\n    return {1}".format, a_name, a_name),
    st.builds("def make():\n    global {0}\n    {0} = {1}\nmake()".format, a_name, a_name),
    st.builds("[{0} for {0} in range(2)]".format, a_name),
    st.builds("{0}: int".format, a_name),
    st.builds("%%time\n{0} = {1}".format, a_name, a_name),
    st.just("1 / 0"),
    st.just("%reset -f"),
)
a_cell = st.lists(a_statement, min_size=1, max_size=3).map(
    lambda parts: next((part for part in parts if part.startswith("%%")), "\n".join(parts))
)


@settings(max_examples=300, deadline=None)
@given(st.lists(a_cell, min_size=2, max_size=6), st.data())
def test_what_is_certain_is_true_whatever_ran(cells, data):
    """Of any cells in any order: a cell that is said not to have run has not, and running the cells helps."""
    play = Play(*cells)
    for place in data.draw(st.lists(st.integers(1, len(cells)), min_size=1, max_size=8)):
        play.run(place)
        if type(play.error) is not NameError or type(play.error) is UnboundLocalError:
            continue
        found = play.why()
        if found.confidence != "certain" or found.code == NOT_OURS:
            continue
        name = play.error.name
        ran = {run.cell_id for run in play.runs}
        if found.code in ("cell-not-run", "defined-later") and found.action:
            assert any(value not in ran for value in found.action.values)
        if found.action:
            numbers = [int(value[1:]) for value in found.action.values]
            for number in numbers:
                play.run(number)
                if play.error is not None:
                    break
            else:
                assert name in play.names, (cells, str(found))
        return


def test_a_cell_whose_except_clause_takes_the_name_away_again_is_no_sure_cure():
    """It has to run for another name, and the first one is gone then."""
    clause = "size = 1\ntry:\n    total = nothing\nexcept NameError as price:\n    pass"
    play = Play("price = 1", clause, "total = price + 1\nsize += 1")
    play.run(3)
    found = play.why()
    assert found.confidence != "certain"
    assert found.action is None
