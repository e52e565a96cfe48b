"""What a line `test` means: which tests run, how they are spread, and what is told of their lines."""

from __future__ import annotations

import collections
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from autoexec_magic import api, config
from autoexec_magic.errors import CasesFailed, MissingTool, UsageError
from autoexec_magic.history import new_id
from autoexec_magic.orchestrator import Plan, Surroundings, Test, testing
from autoexec_magic.testrunner import Past, file_of_past, load_past, save_past
from autoexec_magic.testrunner.past import Remembered
from autoexec_magic.testrunner.project import Interpreter
from autoexec_magic.ui import tested
from autoexec_magic.ui.verbs import parse, parser_of

SECONDS = 30.0
LEAN = "-p no:cacheprovider"
OF_FILES = (
    *("--shard 1/2", "--timings r.xml", "--cov", "--parallel", "--flaky 2", "--watch", "--tool pytest"),
    *("--changed", "--cage open", "--net all", "--unix", "--read a", "--write a", "--python p", "--env NAME"),
    *("--memory 1G", "--cpu 2", "--processes 3", "--file-size 1M", "--open-files 9", "--output-limit 1M"),
)
PLAIN = "def test_a():\n    pass\n"


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """Return an empty project, made the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


def past_of(project: Path) -> Path:
    """Return where the tests of a project are remembered."""
    return file_of_past(config.load(project).data / "cache", project)


def run(line: str, emit=None):
    """Run a line, and return what it says."""
    return parse(f"test {LEAN} {line}").run(api.Caller(emit=emit))


def told(emit, kind):
    """Return the events of one kind."""
    return [event for event in emit if type(event).__name__ == kind]


def test_each_option_means_what_the_function_takes(project, monkeypatch):
    """The same words in four places; all else is pytest's."""
    seen = {}

    def takes(*arguments, **options):
        seen.update(options, arguments=arguments)
        return api.sh("true")

    monkeypatch.setattr(api, "test", takes)
    parse(
        "test a.py --changed=main --shard 2/3 --timings r.xml --parallel --cov src --cov --flaky 4"
        " --tool pytest --no-install -k 'x or y' -- --weird --cov=other"
    ).run(api.PYTHON)
    assert seen["arguments"] == ("a.py", "-k", "x or y", "--weird", "--cov=other")
    want = {"changed": "main", "shard": (2, 3), "timings": "r.xml", "parallel": True, "cover": ["src"]}
    want |= {"flaky": 4, "tool": "pytest", "heal": False, "keeps_ready": False}
    assert {name: seen[name] for name in want} == want
    parse("test --changed").run(api.PYTHON)
    assert (seen["changed"], seen["cover"], seen["shard"], seen["heal"]) == ("", None, None, True)
    parse("test --cov").run(api.PYTHON)
    assert seen["cover"] == []


@pytest.mark.parametrize(
    "words",
    ["--shard 0/2", "--shard 3/2", "--shard 1/0", "--shard 1", "--shard a/b", "--shard -1/2", "--flaky 0"],
)
def test_a_number_that_cannot_be_is_an_error(words):
    """A shard that nobody runs would be tests that nobody runs."""
    with pytest.raises(UsageError):
        parse(f"test {words}")


def test_a_cell_needs_a_kernel_and_takes_no_options_of_files(project):
    """Each of them names itself."""
    with pytest.raises(UsageError, match="need a notebook"):
        parse("test", PLAIN).run(api.PYTHON)
    for words in OF_FILES:
        with pytest.raises(UsageError, match=f"{words.split()[0]} is for tests in files"):
            tested.in_cell(None, parse(f"test {words}", PLAIN), api.PYTHON)
    for words in ("--history", "--quarantine cell::test_a", "--reason x"):
        with pytest.raises(UsageError, match=f"{words.split()[0]} takes no cell") as caught:
            tested.in_cell(None, parse(f"test {words}", PLAIN), api.PYTHON)
        assert words.split()[0] in caught.value.fix


def test_each_option_is_had_in_a_cell_or_refused():
    """Of one that is new somebody has to decide it: none is ignored without a word."""
    refused = {words.split()[0] for words in OF_FILES} | {"--history", "--quarantine", "--reason"}
    had = {"--help", "--json", "--timeout", "--doctest", "--yes", "--no-install"}
    assert {action.option_strings[-1] for action in parser_of("test")._actions} == refused | had


@pytest.mark.parametrize("cell", [None, "", "\n"])
def test_doctests_of_an_object_are_of_the_kernel(cell):
    """On a line, too: there only with its name; without a kernel the line says what files have."""
    assert tested.is_of_kernel(parse("test --doctest half", cell))
    with pytest.raises(UsageError, match="--doctest names no object") as caught:
        tested.in_cell(None, parse("test --doctest", cell), api.PYTHON)
    assert caught.value.fix == "%autoexec test --doctest NAME"
    assert not tested.is_of_kernel(parse("test", None))
    for words in ("--doctest", "--doctest half"):
        with pytest.raises(UsageError, match="--doctest needs a notebook") as caught:
            parse(f"test {words}", cell).run(api.PYTHON)
        assert caught.value.fix == "%autoexec test --doctest-modules"


def test_a_test_is_put_into_quarantine_by_a_line(project):
    """With its reason; without one the line says which option is missing."""
    spoken = parse("test --quarantine test_a.py::test_a --reason 'see #12'").run(api.PYTHON)
    assert spoken.value.read_text().count("see #12") == 1
    assert "is in quarantine" in spoken.text
    with pytest.raises(UsageError) as caught:
        parse("test --quarantine test_a.py::test_a").run(api.PYTHON)
    assert "--reason" in caught.value.fix


def test_parts_by_the_times_of_a_report_are_each_test_once(project, emit):
    """Both parts, with times from the XML of an earlier run; the report itself is written by us."""
    body = "import pytest\n@pytest.mark.parametrize('x', ['a b', 'c::d', ']['])\ndef test_p(x):\n    pass\n"
    for name in ("a", "b", "c"):
        (project / f"test_{name}.py").write_text(body)
    run("--junitxml=all.xml")
    seen = collections.Counter()
    for part in ("1/2", "2/2"):
        spoken = run(f"--shard {part} --timings all.xml", emit)
        seen.update([case.key for case in spoken.value.cases])
        assert spoken.result.verdict == "passed"
    assert len(seen) == 9
    assert set(seen.values()) == {1}
    (project / "all.xml").write_text("<testsuite><testcase")
    with pytest.raises(UsageError, match=r"all\.xml"):
        run("--shard 1/2 --timings all.xml")


@pytest.mark.parametrize(
    ("past", "cores", "want"),
    [
        pytest.param(Past(), 8, 0, id="nothing-was-measured"),
        pytest.param(Past(alone=0.5), 8, 0, id="it-took-no-time"),
        pytest.param(Past(alone=60.0), 8, 8, id="it-took-long"),
        pytest.param(Past(alone=60.0), 1, 0, id="one-core"),
        pytest.param(Past(alone=60.0, spread=20.0), 8, 8, id="it-paid"),
        pytest.param(Past(alone=60.0, spread=70.0), 8, 0, id="it-did-not-pay"),
        pytest.param(Past(alone=1.0, spread=0.5), 8, 8, id="it-paid-all-the-same"),
        pytest.param(Past(spread=0.5), 8, 0, id="one-process-was-never-measured"),
    ],
)
def test_tests_are_spread_where_that_was_seen_to_pay(project, monkeypatch, emit, past, cores, want):
    """Both ways were measured, or one process took long."""
    save_past(past_of(project), past)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)))
    here = Surroundings(
        config=config.Config(),
        cwd=project,
        workspace=project,
        cache=config.load(project).data / "cache",
        ask=api.nobody,
        run_id=new_id(),
    )
    plan = Plan(verb="test", title="", phases=())
    found = testing.Testing(step=Test(parallel=True), plan=plan, emit=emit, here=here)
    assert found.processes(Interpreter(Path(sys.executable), is_own=True)) == want
    assert found.job().arguments == (("-n", str(want)) if want else ())
    assert testing.Testing(step=Test(), plan=plan, emit=emit, here=here).job().arguments == ()
    covered = testing.Testing(step=Test(parallel=True, cover=()), plan=plan, emit=emit, here=here)
    assert covered.job().arguments == ()  # lines that ran in workers are not seen


def test_only_a_run_of_all_tests_measures_how_long_they_take(project):
    """Not one of some of them, and not with every line looked at; both ways have their own time."""
    pytest.importorskip("xdist")
    for name in ("a", "b"):
        (project / f"test_{name}.py").write_text(PLAIN)
    caller = api.PYTHON
    for options in ({"shard": (1, 2)}, {"cover": ()}):
        api.test(caller=caller, **options)
    api.test("test_a.py", caller=caller)
    assert load_past(past_of(project)).alone == 0.0
    assert set(load_past(past_of(project)).tests) == {"test_a.py::test_a", "test_b.py::test_a"}
    api.test(caller=caller)
    known = load_past(past_of(project))
    assert known.alone > 0.0 == known.spread
    save_past(past_of(project), Past(known.tests, 99.0, 0.0))
    api.test(parallel=True, caller=caller)
    known = load_past(past_of(project))
    assert (known.alone, known.spread > 0.0) == (99.0, True)


def test_a_run_that_ends_while_another_runs_is_remembered_too(project):
    """Each adds to what the other has written."""
    (project / "test_slow.py").write_text(
        "import pathlib, time\n"
        "def test_slow():\n"
        "    pathlib.Path('begun').touch()\n"
        "    while not pathlib.Path('go').exists():\n"
        "        time.sleep(0.01)\n"
    )
    (project / "test_quick.py").write_text(PLAIN)
    slow = threading.Thread(target=lambda: run("test_slow.py"))
    slow.start()
    try:
        until = time.monotonic() + SECONDS
        while not (project / "begun").exists() and time.monotonic() < until:
            time.sleep(0.01)
        run("test_quick.py")
    finally:
        (project / "go").touch()
        slow.join()
    names = {"test_quick.py::test_a", "test_slow.py::test_slow"}
    assert set(load_past(past_of(project)).tests) == names


def test_a_past_that_is_damaged_stops_no_run(project, emit):
    """It is written anew."""
    path = past_of(project)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"format": 1, "alone": 1' + "9" * 400)
    (project / "test_a.py").write_text(PLAIN)
    assert run("", emit).result.verdict == "passed"
    assert set(load_past(path).tests) == {"test_a.py::test_a"}
    assert load_past(path).tests["test_a.py::test_a"] == Remembered(pytest.approx(0.0, abs=5.0), "p")


def test_lines_that_did_not_run_are_told(project, emit):
    """Of each file, by their numbers; of what is named alone, where something is; also where a test fails."""
    pytest.importorskip("coverage")
    (project / "src").mkdir()
    (project / "src" / "shop.py").write_text(
        "def price(own):\n    if own:\n        return 1\n    return 2\n\n\ndef unused():\n    return 3\n"
    )
    (project / "test_a.py").write_text(
        "import sys\nsys.path.insert(0, 'src')\nimport shop\ndef test_a():\n    assert shop.price(1) == 1\n"
    )
    run("--cov", emit)
    (covered,) = told(emit, "Covered")
    files = {each.file: (each.statements, each.missed) for each in covered.files}
    assert files == {"src/shop.py": (6, (4, 8)), "test_a.py": (5, ())}
    emit.clear()
    (project / "test_a.py").write_text((project / "test_a.py").read_text() + "    assert 0\n")
    with pytest.raises(CasesFailed):
        run("--cov src", emit)
    (covered,) = told(emit, "Covered")
    assert [(each.file, each.missed) for each in covered.files] == [("src/shop.py", (4, 8))]
    emit.clear()
    with pytest.raises(CasesFailed):
        run("", emit)
    assert not told(emit, "Covered")


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ("--cov src", ""),
        ("--cov shop", ""),
        ("--cov ./src/", ""),
        ("--cov .", ""),
        ("--cov nope", "nope"),
        ("--cov src --cov nope --cov not/there", "nope, not/there"),
    ],
)
def test_where_there_are_no_figures_it_is_said(project, emit, asked, left):
    """Of each that was asked for; a package that was imported is found by its name."""
    pytest.importorskip("coverage")
    (project / "src").mkdir()
    (project / "src" / "shop.py").write_text("PRICE = 1\n")
    (project / "test_a.py").write_text(
        "import sys\nsys.path.insert(0, 'src')\nimport shop\ndef test_a(): assert shop.PRICE\n"
    )
    run(asked, emit)
    words = [event.text for event in told(emit, "Progress") if "--cov" in event.text]
    assert [text.partition(" was run")[0] for text in words] == ([f"no file of {left}"] if left else [])
    assert bool(told(emit, "Covered")) == (asked != "--cov nope")


@pytest.mark.parametrize("where", ["typed", "settings", "variable"])
def test_lines_are_not_covered_over_several_processes(project, monkeypatch, where):
    """It is said before a test has run, and how to go on; with that, it goes on."""
    pytest.importorskip("coverage")
    pytest.importorskip("xdist")
    (project / "test_a.py").write_text("from pathlib import Path\ndef test_a(): Path('ran').touch()\n")
    if where == "settings":
        (project / "pytest.ini").write_text("[pytest]\naddopts = -n 2\n")
    if where == "variable":
        monkeypatch.setenv("PYTEST_ADDOPTS", "-n 2")
    with pytest.raises(UsageError, match="--cov does not go with -n") as caught:
        run("--cov -n 2" if where == "typed" else "--cov")
    assert "-n 0" in caught.value.fix
    assert not (project / "ran").exists()
    run("--cov -n 0")
    assert (project / "ran").exists()


def test_what_measures_lines_and_is_not_there_is_named(project):
    """With what installs it; not as a run of tests that failed."""
    (project / "coverage.py").write_text("raise ImportError('No module named coverage')\n")
    (project / "test_a.py").write_text(PLAIN)
    with pytest.raises(MissingTool, match="has no coverage") as caught:
        run("--cov")
    assert caught.value.fix == "%autoexec install coverage"


def test_a_module_that_is_missing_runs_again_with_the_same_options(project, emit, monkeypatch):
    """Values of options are not taken for paths, and `-k tests` does not become `-k test_a.py`."""
    (project / "test_a.py").write_text("def test_a():\n    import nosuch_module_4711\n")
    seen = []
    original = testing.Testing.once

    def once(self, job):
        seen.append(job.arguments)
        return original(self, job)

    monkeypatch.setattr(testing.Testing, "once", once)
    monkeypatch.setattr(
        "autoexec_magic.orchestrator.healing.Healing.heals", lambda self, module: len(seen) < 2
    )
    with pytest.raises(CasesFailed):
        run("-k 'a or b' --maxfail 3 .", emit)
    first, again = seen
    assert first == ("-p", "no:cacheprovider", "-k", "a or b", "--maxfail", "3", ".")
    assert again == ("-p", "no:cacheprovider", "-k", "a or b", "--maxfail", "3", "test_a.py::test_a")
