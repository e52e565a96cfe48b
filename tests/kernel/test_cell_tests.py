"""`%%autoexec test` in a real kernel: the tests in a cell, against the kernel's own objects."""

from __future__ import annotations

import itertools
import re
import time

import pytest
from harness import LOAD

from autoexec_magic.events import CaseFinished, CaseStarted, Output, RunFinished
from autoexec_magic.values import Verdict

# The cell magic, without the table of verbs: a line of options, and the cell.
MAGIC = """
import shlex
from autoexec_magic.ui import calling, tested_cell, text
def run_cell_tests(line, cell):
    words = shlex.split(line)
    doctests = None
    if "--doctest" in words:
        at = words.index("--doctest")
        doctests, words = words[at + 1:], words[:at]
    timeout = float(words.pop(0)) if words and words[0].isdigit() else None
    shell = get_ipython()
    caller = calling.caller_of(shell, emit=text.show(calling.write))
    tested_cell.run(shell, cell, words, caller, doctests=doctests, timeout=timeout)
get_ipython().register_magic_function(run_cell_tests, "cell", "tests")
"""
IS_LOADED = "'tests' in get_ipython().magics_manager.magics['cell']"


@pytest.fixture(autouse=True)
def loaded(kernel):
    """Have the magic in the kernel."""
    if kernel.value(IS_LOADED) != "True":
        kernel.execute(MAGIC).must_pass()


def verdicts(kernel):
    """Return how the tests of the newest run ended, by their ids."""
    return {event.nodeid: event.verdict for event in kernel.events() if isinstance(event, CaseFinished)}


def test_tests_see_the_kernels_objects_and_leave_its_names_alone(kernel):
    """Fixtures, parameters and classes; what the cell defines or rebinds is not the kernel's afterwards."""
    kernel.execute("rate = 3\nseen = []\ndef twice(x): return 2 * x\nbefore = set(dir())").must_pass()
    cell = kernel.execute(
        "%%tests\nimport pytest\nrate2 = rate + 1\n"
        "@pytest.fixture\ndef three(): return rate\n"
        "def test_three(three): assert twice(three) == 6\n"
        "def test_rebinds():\n    global rate\n    rate = 99\n    seen.append(rate)\n"
        "@pytest.mark.parametrize('name', ['a b', '[x]', 'p::q', 'é/ü'])\ndef test_name(name): assert name\n"
        "class TestOuter:\n    class TestInner:\n        def test_in(self): assert rate\n"
    )
    cell.must_pass()
    assert kernel.value(
        "rate, seen, sorted(set(dir()) - before - {'before'} - {n for n in dir() if n[0] == '_'})"
    ) == ("(3, [99], [])")
    assert verdicts(kernel) == {
        "cell::test_three": "passed",
        "cell::test_rebinds": "passed",
        "cell::test_name[a b]": "passed",
        "cell::test_name[[x]]": "passed",
        "cell::test_name[p::q]": "passed",
        "cell::test_name[\\xe9/\\xfc]": "passed",
        "cell::TestOuter::TestInner::test_in": "passed",
    }
    assert kernel.last().verdict == Verdict.PASSED
    assert kernel.kinds()[:3] == ["RunStarted", "PhaseStarted", "CasesCollected"]
    assert kernel.kinds()[-2:] == ["PhaseFinished", "RunFinished"]


def test_a_failure_says_what_was_compared_on_which_line_of_the_cell(kernel):
    """Lines count from the cell's first one, the magic's own; the cell fails with one error."""
    kernel.execute("goal = [1, 2]")
    cell = kernel.execute("%%tests\n\ndef test_ok(): pass\n\ndef test_list():\n    assert [1, 3] == goal\n")
    assert cell.status == "error"
    assert cell.error.splitlines()[0] == "cases-failed: 1 of 2 tests did not pass"
    assert "cell::test_list: assert [1, 3] == [1, 2]" in cell.error
    end = kernel.events()[-1]
    assert isinstance(end, RunFinished)
    assert end.verdict == Verdict.FAILED
    kernel.execute("failed = __import__('sys').last_value.report.cases[1]").must_pass()
    spot = (
        "(s := failed.said.problems[0].spot) and (s.phase, s.file, s.line, s.source, s.op, s.left, s.right)"
    )
    assert kernel.value(spot) == "('call', 'cell', 6, 'assert [1, 3] == goal', '==', '[1, 3]', '[1, 2]')"
    text = kernel.execute("print(failed.said.problems[0].text)").stdout
    assert ">       assert [1, 3] == goal" in text
    assert "cell:6: AssertionError" in text


def test_the_last_line_counts_what_never_began(kernel):
    """As the error does."""
    cell = kernel.execute(
        "%%tests\nimport pytest\ndef test_1(): pass\ndef test_2(): pytest.exit('stop', returncode=0)\n"
        "def test_3(): pass\ndef test_4(): pass\n"
    )
    assert "1 passed, 3 not run in " in cell.text()
    (in_all,) = (event for event in kernel.events() if type(event).__name__ == "CasesCounted")
    assert in_all.counts == {"passed": 1, "not-run": 3}


def test_results_come_while_the_tests_run(kernel):
    """The first case is on record while the second one still runs."""
    cell = kernel.start(
        "%%tests -s\nimport time\ndef test_a(): pass\ndef test_b():\n    print('now')\n    time.sleep(60)"
    )
    cell.until_text("now")
    until = time.monotonic() + 10
    while "cell::test_a" not in verdicts(kernel) and time.monotonic() < until:
        time.sleep(0.05)
    assert verdicts(kernel) == {"cell::test_a": "passed"}
    kernel.interrupt()
    cell.finish()
    assert cell.error.startswith("cancelled: the tests were stopped")


def test_an_interrupt_does_the_teardown_and_keeps_the_kernel(kernel):
    """The run is cancelled, what was finished is kept, and nothing lingers."""
    kernel.execute("log = []")
    cell = kernel.start(
        "%%tests -s\nimport pytest, time\n@pytest.fixture\ndef held():\n    yield\n    log.append('down')\n"
        "def test_a(): pass\ndef test_b(held):\n    print('in')\n    time.sleep(60)\ndef test_c(): pass"
    ).until_text("in")
    kernel.interrupt()
    cell.finish(within=10)
    assert kernel.value("log") == "['down']"
    assert kernel.last("test").verdict == Verdict.CANCELLED
    ends = verdicts(kernel)
    assert (ends["cell::test_a"], ends["cell::test_b"]) == ("passed", "not-run")
    kernel.execute("import signal, time; time.sleep(0.2)").must_pass()


def test_the_time_limit_ends_them_and_names_the_one_that_ran(kernel):
    """As in any cell, with the same words; what never began has not run."""
    cell = kernel.execute(
        "%%tests 1\nimport time\ndef test_a(): pass\ndef test_b(): time.sleep(60)\ndef test_c(): pass"
    )
    assert cell.error.startswith("timeout: the tests were ended after ")
    assert "while cell::test_b ran" in cell.error
    assert "1 of 3 tests had ended" in cell.error
    assert kernel.last("test").verdict == Verdict.TIMED_OUT
    ends = verdicts(kernel)
    assert (ends["cell::test_a"], ends["cell::test_b"]) == ("passed", "error")
    kernel.execute("cases = __import__('sys').last_value.report.cases").must_pass()
    assert kernel.value("[case.verdict for case in cases]") == "['passed', 'error', 'not-run']"


def test_a_top_level_await_is_run_and_ends_with_the_limit(kernel):
    """Beside the kernel's loop, which waits for the cell."""
    kernel.execute("import asyncio\nmine = asyncio.get_running_loop()").must_pass()
    kernel.execute("%%tests\nx = await asyncio.sleep(0, 5)\ndef test_x(): assert x == 5").must_pass()
    cell = kernel.execute("%%tests 1\nawait asyncio.sleep(60)\ndef test_a(): pass")
    assert cell.error.startswith("timeout: the tests were ended after ")
    assert kernel.value("await asyncio.sleep(0, asyncio.get_running_loop() is mine)") == "True"


def test_the_doctests_of_an_object_need_no_cell(kernel):
    """On a line, and above a cell in which there is nothing; each is run, and told."""
    kernel.execute(LOAD).must_pass()
    kernel.execute("def half(x):\n    '''\n    >>> half(4)\n    2.0\n    '''\n    return x / 2").must_pass()
    runs = set()
    for line in ("%autoexec test --doctest half", "%%autoexec test --doctest half\n"):
        kernel.execute(line).must_pass()
        runs.add(kernel.last("test").run_id)
        assert list(verdicts(kernel).values()) == ["passed"]
    assert len(runs) == 2
    assert "--doctest names no object" in kernel.execute("%autoexec test --doctest").error
    cell = kernel.execute("%%autoexec test --memory 1G\ndef test_a(): pass")
    assert "--memory is for tests in files" in cell.error
    assert kernel.last("test").run_id in runs


def test_errors_in_setup_and_teardown_of_one_test_are_both_kept(kernel):
    """The later one does not hide the first."""
    kernel.execute(
        "%%tests\nimport pytest\n@pytest.fixture\ndef up():\n    yield\n    raise KeyError('down')\n"
        "@pytest.fixture\ndef bad(up):\n    raise ValueError('up')\ndef test_it(bad): pass"
    )
    kernel.execute("case = __import__('sys').last_value.report.cases[0]").must_pass()
    expression = "[(p.kind, p.type, p.spot.phase, p.spot.line) for p in case.said.problems]"
    assert (
        kernel.value(expression)
        == "[('error', 'ValueError', 'setup', 9), ('error', 'KeyError', 'teardown', 6)]"
    )
    assert verdicts(kernel) == {"cell::test_it": "error"}


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("def f(:\n    pass", "SyntaxError|invalid syntax"),
        ("import sys\nsys.exit(4)", "4"),
        ("exit()", "None|exit"),
        ("import no_such_module_at_all", "No module named"),
        ("1 / 0", "division by zero"),
        ("pytest_plugins = ['no_such_plugin_at_all']", "no_such_plugin_at_all"),
        ("return 1", "outside function"),
    ],
)
def test_a_cell_that_cannot_be_collected_says_so(kernel, body, what):
    """It is the cell's own line that is named, and the kernel goes on."""
    cell = kernel.execute(f"%%tests\n{body}\ndef test_a(): pass")
    assert cell.error.startswith("cases-failed: the cell could not be collected")
    assert re.search(what, cell.error)
    assert kernel.value("1 + 1") == "2"
    line = kernel.value("__import__('sys').last_value.report.cases[0].said.problems[0].spot.line")
    assert int(line) in (2, 3) or "plugin" in body


def test_hostile_tests_are_tests_that_fail_or_pass(kernel):
    """Exits, closed streams and descriptors, patched builtins, threads, forks, a pytest within."""
    kernel.execute(
        "%%tests\nimport builtins, os, sys, threading, time, pytest\n"
        "def test_exit(): sys.exit(3)\n"
        "def test_exit_of_ipython(): exit()\n"
        "def test_close(): sys.stdout.close(); sys.stderr.close(); print('on')\n"
        "def test_descriptors(): os.close(1); os.dup2(os.open(os.devnull, os.O_WRONLY), 2)\n"
        "def test_builtins(): builtins.print = None; builtins.fresh = 1; builtins._ = 5\n"
        "def test_thread(): threading.Thread(target=time.sleep, args=(2,), daemon=True).start()\n"
        "def test_fork():\n    child = os.fork()\n    if child: assert os.waitpid(child, 0)[1] == 0\n"
        "def test_pytest(): assert pytest.main(['-q', '/no/such/file']) == 4\n"
        "def test_recursion():\n    def f(): f()\n    sys.setrecursionlimit(200)\n    f()\n"
        "def test_none(): sys.stdout = None\n"
        "def test_chdir(tmp_path): os.chdir(tmp_path)\n"
        "def test_abort(): raise GeneratorExit\n"
        "def test_last(): assert 1 == 1"
    )
    ends = verdicts(kernel)
    failed = {name.partition("::")[2] for name, verdict in ends.items() if verdict != "passed"}
    assert failed == {"test_exit", "test_exit_of_ipython", "test_recursion", "test_abort"}
    assert len(ends) == 13
    alive = kernel.execute(
        "import os\nprint(len([1]), os.getcwd())\nos.system('echo from a child')"
    ).must_pass()
    assert alive.stdout == f"1 {kernel.cwd}\n"
    assert "from a child" in kernel.log()  # where descriptor 1 leads in these kernels


def test_descriptors_that_tests_close_are_the_kernels_again(kernel):
    """Also with `-s`, where pytest has not kept them."""
    spoils = "import os\ndef test_a(): os.dup2(os.open(os.devnull, os.O_RDWR), 1); os.close(2)"
    kernel.execute(f"%%tests -s\n{spoils}").must_pass()
    kernel.execute("import os\nos.system('echo to one; echo to two >&2')").must_pass()
    assert "to one\n" in kernel.log()
    assert "to two\n" in kernel.log()


def test_a_test_that_breaks_pytest_itself_breaks_this_run_alone(kernel):
    """Without `len` pytest cannot go on: the run says so, and the next one is well."""
    cell = kernel.execute("%%tests\nimport builtins\ndef test_a(): builtins.len = None\ndef test_b(): pass")
    assert cell.error.startswith("cases-failed")
    assert kernel.value("len([1])") == "1"
    kernel.execute("%%tests\ndef test_b(): pass").must_pass()


def test_a_million_lines_are_no_trouble(kernel):
    """Only their last are kept, and they are not shown."""
    cell = kernel.execute(
        "%%tests\ndef test_a():\n    for n in range(1_000_000): print('line', n)\n    assert 0"
    )
    assert "line 5" not in cell.stdout
    kernel.execute("case = __import__('sys').last_value.report.cases[0]").must_pass()
    assert (
        kernel.value("case.said.stdout.endswith('line 999999\\n'), len(case.said.stdout) < 10_000")
        == "(True, True)"
    )


def test_what_runs_is_the_cell_as_it_is_now(kernel):
    """An edited cell runs anew, and a cell with the same names is another."""
    kernel.execute("%%tests\ndef test_a(): assert 1 == 2\ndef test_b(): pass")
    assert verdicts(kernel) == {"cell::test_a": "failed", "cell::test_b": "passed"}
    kernel.execute("%%tests\ndef test_a(): assert 2 == 2").must_pass()
    assert verdicts(kernel) == {"cell::test_a": "passed"}
    kernel.execute("def test_kernels_own(): assert 0\ndef setup_module(): raise ValueError")
    kernel.execute("%%tests\ndef test_a(): assert 2 == 2").must_pass()
    assert verdicts(kernel) == {"cell::test_a": "passed"}


def test_last_failed_is_of_the_same_cell(kernel):
    """`--lf` runs what failed the last time, of this cell and not of another."""
    cell = "%%tests{}\ndef test_a(): pass\ndef test_b(): assert {}\n"
    kernel.execute(cell.format("", 0), cell_id="one")
    kernel.execute(cell.format(" --lf", 1), cell_id="two").must_pass()
    assert len(verdicts(kernel)) == 2
    kernel.execute(cell.format(" --lf", 1), cell_id="one").must_pass()
    assert verdicts(kernel) == {"cell::test_b": "passed"}


@pytest.mark.parametrize(
    ("words", "ran"),
    [
        ("-k fast", ["test_fast"]),
        ("cell::TestA", ["TestA::test_in"]),
        ("cell::test_p", ["test_p[a]", "test_p[b]"]),
        ("'cell::test_p[b]'", ["test_p[b]"]),
        ("-m slow", ["test_slow"]),
    ],
)
def test_pytests_options_pass_through(kernel, words, ran):
    """Those that choose, and ids of the cell's tests."""
    kernel.execute(
        f"%%tests {words}\nimport pytest\ndef test_fast(): pass\n@pytest.mark.slow\ndef test_slow(): pass\n"
        "@pytest.mark.parametrize('x', 'ab')\ndef test_p(x): pass\nclass TestA:\n    def test_in(self): pass"
    ).must_pass()
    assert list(verdicts(kernel)) == [f"cell::{name}" for name in ran]


@pytest.mark.parametrize(
    ("words", "said"),
    [("-v", "cell::test_a PASSED"), ("--collect-only", "<Function test_a>"), ("--durations 1 -vv", "0.0")],
)
def test_pytests_own_words_are_shown_where_they_are_asked_for(kernel, words, said):
    """Else each case is told, and that is all."""
    cell = "\ndef test_a(): pass"
    assert said in kernel.execute(f"%%tests {words}{cell}").must_pass().stdout
    assert "session starts" not in kernel.execute(f"%%tests{cell}").must_pass().stdout


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("--no-such-option", "unrecognized arguments: --no-such-option"),
        ("tests/", "tests/: with a cell, only its own tests are run"),
        ("-n 2", "-n: the tests of a cell run in the kernel"),
        ("cell::test_z", "cell::test_z: there is no such test in the cell"),
    ],
)
def test_what_cannot_be_is_refused(kernel, words, what):
    """In one line, as a mistake in the line, and on record."""
    cell = kernel.execute(f"%%tests {words}\ndef test_a(): pass")
    assert cell.error.startswith(f"usage: {what}")
    assert verdicts(kernel) == {}


def test_a_cell_without_tests_has_not_passed(kernel):
    """Nothing that ran is no success."""
    assert kernel.execute("%%tests\nx = 1").error.startswith("cases-failed: no test was found")


def test_doctests_of_the_cell_and_of_the_kernel(kernel):
    """With names those of the kernel's objects; `_` and Out stay what they were."""
    kernel.execute("def half(x):\n    '''\n    >>> half(4)\n    3\n    '''\n    return x // 2")
    kernel.execute("'the last one'")
    cell = kernel.execute(
        "%%tests --doctest\ndef one():\n    '''\n    >>> one()\n    1\n    '''\n    return 1"
    )
    cell.must_pass()
    assert verdicts(kernel) == {"cell::cell.one": "passed"}
    assert kernel.value("[n for n in vars(__import__('builtins')) if n == '_'], sorted(Out)[-1] in Out") == (
        "([], True)"
    )
    assert kernel.value("_") == "([], True)"
    kernel.execute("%%tests --doctest half\n'''nothing here'''")
    assert verdicts(kernel) == {"cell::half": "failed"}
    kernel.execute("p = __import__('sys').last_value.report.cases[0].said.problems[0]").must_pass()
    assert kernel.value("p.type, p.spot.line, p.spot.source, p.spot.left, p.spot.right") == (
        "('DocTestFailure', 3, 'half(4)', '2', '3')"
    )
    assert kernel.execute("%%tests --doctest no.such\n1").error.endswith(
        "because: cell: --doctest no.such: there is no object of this name\n  fix: mend the cell"
    )


def test_async_tests_run_beside_the_kernels_loop(kernel):
    """anyio's plugin starts a loop of its own, and so does `asyncio.run`; the kernel's own goes on."""
    kernel.execute(
        "%%tests\nimport asyncio, pytest\n@pytest.fixture\ndef anyio_backend(): return 'asyncio'\n"
        "@pytest.mark.anyio\nasync def test_a():\n    await asyncio.sleep(0)\n"
        "def test_b(): assert asyncio.run(asyncio.sleep(0, 5)) == 5\n"
        "def test_c(): asyncio.set_event_loop(None); asyncio.set_event_loop_policy(None)"
    ).must_pass()
    assert kernel.execute(
        "import asyncio\nawait asyncio.sleep(0.01)\nprint(asyncio.get_event_loop().is_running())"
    ).stdout == ("True\n")


def test_the_conftest_of_the_folder_counts_and_no_file_is_made(kernel):
    """Its fixtures and hooks; not those of `tests` below, nor what the project's settings say of reports."""
    conftest = kernel.write(
        "conftest.py",
        "import pytest\n@pytest.fixture\ndef seven(): return 7\n"
        "def pytest_runtest_setup(item): item.user_properties.append(1)\n",
    )
    ini = kernel.write("pytest.ini", "[pytest]\naddopts = --junitxml=report.xml -n 2\nmarkers = quick\n")
    below = kernel.cwd / "tests"
    below.mkdir()
    (below / "conftest.py").write_text("raise ValueError")
    try:
        before = sorted(kernel.cwd.rglob("*"))
        kernel.execute("import sys\nsys.dont_write_bytecode = False").must_pass()
        kernel.execute(
            "%%tests --strict-markers\nimport pytest\n@pytest.mark.quick\n"
            "def test_a(seven, request):\n    assert seven == 7\n"
            "    assert request.node.user_properties == [1]\n"
            "    assert request.path.parent == __import__('pathlib').Path.cwd()"
        ).must_pass()
        conftest.write_text(conftest.read_text().replace("return 7", "return 8"))
        assert "assert 8 == 7" in kernel.execute("%%tests\ndef test_a(seven): assert seven == 7").error
        assert sorted(kernel.cwd.rglob("*")) == before
        conftest.write_text("import no_such_module_here")
        refused = kernel.execute("%%tests\ndef test_a(): pass").error
        assert refused.startswith("usage: ImportError while loading conftest")
        assert "No module named 'no_such_module_here'" in refused
    finally:
        for path in (conftest, ini, below / "conftest.py"):
            path.unlink()
        below.rmdir()


STATE = """
def state():
    import asyncio, builtins, decimal, faulthandler, gc, linecache, locale, logging, os, random, signal
    import sys, threading, time, warnings
    import matplotlib, matplotlib.pyplot as plt, numpy
    shell = get_ipython()
    signal.set_wakeup_fd(wakeup := signal.set_wakeup_fd(-1))
    os.umask(umask := os.umask(0))
    loggers = [logging.root, logging.getLogger('mine')]
    ours = ('state', 'a', 'b')
    return {
        'names': {n: id(v) for n, v in shell.user_ns.items() if n[0] != '_' and n not in ours},
        'cwd': os.getcwd(),
        'environ': dict(os.environ),
        'zone': time.tzname,
        'path': (id(sys.path), list(sys.path)),
        'argv': list(sys.argv),
        'meta_path': list(map(repr, sys.meta_path)),
        'path_hooks': list(map(repr, sys.path_hooks)),
        'modules': {n: id(m) for n, m in sys.modules.items()},
        'filters': list(warnings.filters),
        'showwarning': warnings.showwarning,
        'backend': (matplotlib.get_backend(), id(plt._backend_mod)),
        'rc': dict(matplotlib.rcParams),
        'figures': plt.get_fignums(),
        'streams': (id(sys.stdin), id(sys.stdout), id(sys.stderr), sys.__stdout__, sys.__stderr__),
        'hooks': (sys.displayhook, sys.excepthook, sys.breakpointhook, sys.unraisablehook),
        'threads': (threading.excepthook, threading.gettrace()),
        'trace': (sys.gettrace(), sys.getprofile()),
        'bytecode': sys.dont_write_bytecode,
        'limits': (sys.getrecursionlimit(), sys.getswitchinterval()),
        'gc': (gc.isenabled(), gc.get_threshold()),
        'builtins': {n: id(v) for n, v in vars(builtins).items() if n != 'input'},  # new with each cell
        'logging': [(l.level, list(l.handlers), list(l.filters), l.disabled, l.propagate) for l in loggers],
        'disabled': logging.root.manager.disable,
        'signals': {s: signal.getsignal(s) for s in signal.valid_signals()},
        'alarm': signal.getitimer(signal.ITIMER_REAL)[0],
        'wakeup': wakeup,
        'loop': (asyncio.get_running_loop(), asyncio.get_event_loop_policy(), asyncio.get_event_loop()),
        'faulthandler': faulthandler.is_enabled(),
        'umask': umask,
        'locale': locale.setlocale(locale.LC_ALL),
        'decimal': repr(decimal.getcontext()),
        'random': random.getstate(),
        'numpy': repr(numpy.random.get_state()),
        'descriptors': [(os.fstat(n).st_dev, os.fstat(n).st_ino) for n in (0, 1, 2)],
        'callbacks': {n: list(map(repr, c)) for n, c in shell.events.callbacks.items()},
        'display': (id(shell.displayhook), id(shell.display_pub), sorted(shell.user_ns['Out'])),
        'lines': sorted(n for n in linecache.cache if n[0] != '/'),
    }
"""
SPOILS = """%%tests
import asyncio, builtins, decimal, email.mime, faulthandler, gc, linecache, locale, logging, os, random
import signal, sys, threading, time, types, warnings
import matplotlib, matplotlib.pyplot as plt, numpy, pytest
def test_process(tmp_path):
    os.chdir(tmp_path)
    os.environ['SPOILT'] = '1'
    os.environ['TZ'] = 'Asia/Tokyo'
    time.tzset()
    del os.environ['HOME']
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.alarm(100)
    faulthandler.disable()
    os.umask(0o77)
    locale.setlocale(locale.LC_ALL, 'C')
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    os.close(0)
def test_libraries():
    plt.figure()
    matplotlib.use('Agg')
    matplotlib.rcParams['lines.linewidth'] = 77
    decimal.getcontext().prec = 3
    random.seed(1)
    numpy.random.seed(1)
    asyncio.set_event_loop_policy(asyncio.DefaultEventLoopPolicy())
    asyncio.set_event_loop(None)
def test_interpreter():
    sys.path = ['/spoilt']
    sys.argv.append('x')
    sys.path_hooks.clear()
    sys.meta_path.append(types.SimpleNamespace(find_spec=lambda *a: None))
    sys.modules['json'] = types.ModuleType('json')
    del sys.modules['email']
    warnings.simplefilter('error')
    warnings.showwarning = print
    sys.displayhook = sys.excepthook = sys.breakpointhook = sys.unraisablehook = print
    threading.excepthook = print
    sys.stdin = None
    sys.settrace(lambda *a: None)
    threading.settrace(lambda *a: None)
    sys.dont_write_bytecode = False
    sys.setrecursionlimit(5000)
    sys.setswitchinterval(0.1)
    gc.disable()
    gc.set_threshold(1)
    builtins._ = 5
    builtins.spoilt = 1
    builtins.print = None
    logging.basicConfig(level=1, force=True)
    logging.getLogger('mine').disabled = True
    logging.disable(50)
    get_ipython().user_ns['spoilt'] = 1
    get_ipython().user_ns['kept'] = 2
def test_fails():
    assert kept == 'x'
"""


def test_a_run_leaves_no_trace(kernel):
    """All that a kernel holds is as it was, and what tests import stays imported."""
    kernel.execute(STATE).must_pass()
    kernel.execute("kept = [1]\nimport email, json, logging, pytest\nlogging.getLogger('mine')")
    kernel.execute("import matplotlib.pyplot as plt\nplt.figure(); plt.close()\nstate() and None").must_pass()
    kernel.execute("%%tests\ndef test_warm(): pass").must_pass()
    kernel.execute("a = state()").must_pass()
    cell = kernel.execute(SPOILS)
    assert cell.error.startswith("cases-failed: 1 of 4")
    assert cell.all("display_data") == []
    kernel.execute("b = state()").must_pass()
    for key in kernel.value("' '.join(a)").strip("'").split():
        if key == "modules":
            continue
        kernel.execute(f"left, right = (x[{key!r}] for x in (a, b))").must_pass()
        if kernel.value("left == right") != "True":
            pairs = "{n: (left.get(n), right.get(n)) for n in left | right if left.get(n) != right.get(n)}"
            told = kernel.value(f"{pairs} if isinstance(left, dict) else (left, right)")
            pytest.fail(f"{key}: {told[:2000]}")
    assert kernel.value("[n for n in a['modules'] if a['modules'][n] != b['modules'].get(n)]") == "[]"
    new = kernel.value("sorted(set(b['modules']) - set(a['modules']))")
    assert "email.mime" in new
    assert "__autoexec_cell__" not in new
    assert "conftest" not in new
    assert kernel.value("kept") == "[1]"


def test_matplotlib_draws_in_the_notebook_after_tests_that_loaded_it(new_kernel):
    """A backend that tests chose is theirs, also where it was they who imported matplotlib."""
    kernel = new_kernel()
    kernel.execute(f"%load_ext autoexec_magic\n{MAGIC}").must_pass()
    kernel.execute(
        "%%tests\nimport matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\n"
        "def test_a(): plt.plot([1]); plt.savefig('/dev/null', format='png')"
    ).must_pass()
    cell = kernel.execute("import matplotlib.pyplot as plt\nplt.plot([1, 2]);").must_pass()
    assert [list(item["data"]) for item in cell.all("display_data")] == [["text/plain", "image/png"]]


def test_loading_the_extension_does_not_load_pytest(new_kernel):
    """It is loaded with the first test."""
    kernel = new_kernel()
    kernel.execute("%load_ext autoexec_magic\nimport sys").must_pass()
    assert kernel.value("[n for n in sys.modules if n.partition('.')[0] in ('pytest', '_pytest')]") == "[]"


def test_events_are_in_order(kernel):
    """Each case begins before it ends, and what it writes with `-s` stands between."""
    cell = kernel.execute("%%tests -s\nprint('top')\ndef test_a(): print('said')").must_pass()
    assert "top\n" in cell.stdout
    assert "said\n" in cell.stdout
    shown = [event for event in kernel.events() if isinstance(event, CaseStarted | CaseFinished | Output)]
    kinds = [kind for kind, _ in itertools.groupby(type(event).__name__ for event in shown)]
    assert kinds == ["Output", "CaseStarted", "Output", "CaseFinished"]
    assert kernel.recorded("stdout") == "top\nsaid\n"
