"""The notebook's own shell lines under the policy, in a real shell of this process."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import os
import sys
import threading

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.text import LSString, SList
from skips import requires
from traitlets.config import Config

import autoexec_magic
from autoexec_magic import api, onrecord
from autoexec_magic.errors import Cancelled, MissingTool, NeedsPerson, PhaseError, PolicyRefused, UsageError
from autoexec_magic.events import Output
from autoexec_magic.values import Verdict

ON = "%autoexec on --only guard"
CANARY = "canary"


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """Return a shell whose folder and records are this test's own; the extension is not loaded."""
    for name in [name for name in os.environ if name.startswith("AUTOEXEC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OF_THE_KERNEL", "kernel")
    folder = tmp_path / "cwd"
    folder.mkdir()
    (folder / "autoexec.toml").write_text("")  # the workspace ends here
    monkeypatch.chdir(folder)
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    config = Config()
    config.HistoryManager.enabled = False
    before = sys.excepthook, sys.displayhook
    shell = InteractiveShell(config=config)
    yield shell
    autoexec_magic.unload_ipython_extension(shell)
    atexit.unregister(shell.atexit_operations)
    shell.atexit_operations()
    sys.excepthook, sys.displayhook = before


@pytest.fixture
def shell(bare):
    """Return a shell that is guarded."""
    autoexec_magic.load_ipython_extension(bare)
    passed(bare, ON)
    return bare


def ran(shell, code):
    """Run a cell, and return what ended it or None."""
    result = shell.run_cell(code, store_history=True)
    return result.error_before_exec or result.error_in_exec


def passed(shell, code):
    """Run a cell that must pass."""
    error = ran(shell, code)
    assert error is None, error
    return shell.user_ns


def needs_magic_of(shell, code):
    """Skip where this IPython has no such magic."""
    word = code.split()[0]
    there = not word.startswith("%") or word.startswith("%%") or shell.find_line_magic(word[1:])
    requires(there, f"this IPython has no {word}", "pip install --upgrade ipython")


def last():
    """Return the newest run."""
    return api.runs(1)[0]


# ---------------------------------------------------------------- what is guarded


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("!echo hello", "echo hello"),
        ("x = !echo hello", "echo hello"),
        ("!!echo hello", "echo hello"),
        ("%sx echo hello", "echo hello"),
        ("%system echo hello", "echo hello"),
        ("%%sx\necho hello", "echo hello"),
        ("%%!\necho hello", "echo hello"),
        ("%%bash\necho hello\n", "echo hello"),
        ("%%sh\necho hello\n", "echo hello"),
        ("%%script bash\necho hello\n", "echo hello"),
        ("%%script cat\nhello\n", "cat: hello"),
        ("%%python\nprint('hello')\n", "python: print('hello')"),
        ("%%python3\nprint('hello')\n", "python3: print('hello')"),
        ("get_ipython().system('echo hello')", "echo hello"),
        ("get_ipython().system_raw('echo hello')", "echo hello"),
        ("get_ipython().system_piped('echo hello')", "echo hello"),
        ("%alias hey echo hello\n%hey", "echo hello"),
        ("%sc x = echo hello", "echo hello"),
    ],
)
@pytest.mark.filterwarnings("ignore:`%sc` is deprecated:DeprecationWarning")
def test_each_way_to_start_a_program_is_a_run_on_the_record(shell, capsys, code, title):
    """With its verdict, its title, and what was written."""
    passed(shell, code)
    run = last()
    assert (run.verb, run.title.strip(), run.verdict) == ("sh", title, Verdict.PASSED)
    events = [item.event for item in api.show(run.run_id)[1]]
    assert "".join(event.text for event in events if isinstance(event, Output)) == "hello\n"


WRITES = f"touch {CANARY}; touch /etc/autoexec-{CANARY}"


@pytest.mark.parametrize(
    "code",
    [
        f"!{WRITES}",
        f"x = !{WRITES}",
        f"!!{WRITES}",
        f"%sx {WRITES}",
        f"%system {WRITES}",
        f"%%sx\n{WRITES}",
        f"%%bash\n{WRITES}\n",
        f"%%sh\ntouch {CANARY}\ntouch /etc/autoexec-{CANARY}\n",
        f"%%script bash\n{WRITES}\n",
        "%%script sudo bash\n" + f"touch {CANARY}\n",
        f"%pip list > /etc/autoexec-{CANARY}",
        f"%uv pip list > /etc/autoexec-{CANARY}",
    ],
)
def test_a_refused_line_raises_and_nothing_of_it_runs(shell, code):
    """Not the part of it before what is refused, either."""
    needs_magic_of(shell, code)
    error = ran(shell, code)
    assert isinstance(error, PolicyRefused), error
    assert not os.path.exists(CANARY)
    assert not os.path.exists(f"/etc/autoexec-{CANARY}")
    assert last().verdict == Verdict.REFUSED
    assert "x" not in shell.user_ns


@pytest.mark.parametrize(
    "code",
    [
        f"!for i in 1; do touch {CANARY}; done",
        f"x = !echo $(touch {CANARY})",
        f"%%bash\nif true; then\n  touch {CANARY}\nfi\n",
        f"%%sh\nif true; then\n  touch {CANARY}\nfi\n",
        f"%%bash -e\nif true; then\n  touch {CANARY}\nfi\n",
        f"%%bash\ntouch {CANARY}\nno-such-program-yet\n",
        "%%script ./tool\nhello\n",
    ],
)
def test_a_question_that_nobody_can_answer_runs_nothing(shell, code):
    """Here nobody is: the verdict is asked, with the sentence that says yes."""
    with open("tool", "w") as file:
        file.write(f"#!/bin/sh\ntouch {CANARY}\n")
    os.chmod("tool", 0o755)
    error = ran(shell, code)
    assert isinstance(error, NeedsPerson), error
    assert not os.path.exists(CANARY)
    assert (last().verdict, last().code) == (Verdict.ASKED, 3)
    assert error.fix.startswith("%autoexec sh --yes " if code[0] in "!x" else "%autoexec on --yes")
    passed(shell, f"{ON} --yes")
    ran(shell, code)
    assert os.path.exists(CANARY)


def test_yes_answers_no_refusal(shell):
    """`--yes` is for questions."""
    passed(shell, f"{ON} --yes")
    assert isinstance(ran(shell, f"!{WRITES}"), PolicyRefused)
    assert not os.path.exists(CANARY)


def test_the_policy_sees_the_line_as_it_is_expanded(shell):
    """A name in Python is no way past it."""
    passed(shell, f"target = '/etc/autoexec-{CANARY}'\nmore = 'a; touch {CANARY}'")
    assert isinstance(ran(shell, "!touch $target"), PolicyRefused)
    assert isinstance(ran(shell, "!echo {more}; touch {target}"), PolicyRefused)
    assert not os.path.exists(CANARY)


# ---------------------------------------------------------------- what it means


def test_the_notebook_s_names_are_expanded(shell, capsys):
    """Braces and dollars are Python's, in a function its own; two dollars are the shell's."""
    passed(
        shell, "name = 'outer'\ndef f():\n    name = 'inner'\n    !echo $name {name.upper()} $$HOME\nf()\n"
    )
    assert capsys.readouterr().out.startswith(f"inner INNER {os.environ['HOME']}\n")
    passed(shell, "def g():\n    name = 'own'\n    x = !echo $name\n    return x\ny = g()")
    assert shell.user_ns["y"] == ["own"]


def test_what_is_kept_is_a_list_of_lines_as_ever(shell, capsys):
    """With its parts: `.l`, `.n`, `.s`, `.p`; nothing of it is shown."""
    found = passed(shell, "x = !echo a b; echo c")["x"]
    assert type(found) is SList
    assert (found, found.n, found.s, found.l) == (["a b", "c"], "a b\nc", "a b c", ["a b", "c"])
    assert (found.fields(0), found.grep("c")) == (["a", "c"], ["c"])
    assert capsys.readouterr().out == ""
    assert isinstance(shell.getoutput("echo a", split=False), LSString)


def test_what_is_kept_has_both_streams(shell):
    """As IPython has it."""
    with open("both.py", "w") as file:
        file.write("import sys\nprint('good')\nprint('bad', file=sys.stderr)\n")
    passed(shell, "x = !python both.py")
    assert sorted(shell.user_ns["x"]) == ["bad", "good"]


def test_what_is_kept_is_as_it_was_written_but_not_on_record(shell, capsys):
    """A token that a command prints is of use; the record masks it."""
    token = "ghp_" + "a1B2" * 9
    passed(shell, f"x = !echo {token}")
    passed(shell, f"%%bash --out y\necho {token}\n")
    assert (shell.user_ns["x"], shell.user_ns["y"]) == ([token], token + "\n")
    for run in api.runs():
        assert token not in str([item.event for item in api.show(run.run_id)[1]])
        assert token not in run.title
    passed(shell, f"!echo {token}")
    passed(shell, f"%%bash --err z\necho {token}\n")  # the stream beside the one that is kept
    assert token not in capsys.readouterr().out


def test_a_script_s_streams_go_where_they_are_sent(shell, capsys):
    """`--out` and `--err`, one or both; what is not kept is shown."""
    body = "echo good\necho bad >&2\n"
    passed(shell, f"%%bash --out x --err y\n{body}")
    assert (shell.user_ns["x"], shell.user_ns["y"]) == ("good\n", "bad\n")
    assert "good" not in capsys.readouterr().out
    passed(shell, f"%%bash --err y\n{body}")
    assert shell.user_ns["y"] == "bad\n"
    said = capsys.readouterr()
    assert said.out.startswith("good\n")
    assert said.err == ""


def test_what_a_script_wrote_is_kept_when_it_fails(shell):
    """As in IPython: the variable is set."""
    error = ran(shell, "%%bash --out x\necho good\nfalse\n")
    assert isinstance(error, PhaseError)
    assert shell.user_ns["x"] == "good\n"


def test_a_body_runs_as_in_bash(shell, capsys):
    """A folder and a variable hold, a line that fails does not end it, the last one's exit code counts."""
    os.mkdir("inner")
    passed(shell, "%%bash\ncd inner\nX=1\nfalse\necho $X\npwd\n")
    assert capsys.readouterr().out.splitlines()[:2] == ["1", os.path.join(os.getcwd(), "inner")]
    assert isinstance(ran(shell, "%%bash\necho a\nfalse\n"), PhaseError)


def test_a_program_reads_the_body(shell, capsys):
    """All of it, with an end of line; then it finds the end."""
    passed(shell, f"{ON} --yes")
    capsys.readouterr()
    passed(shell, "%%python\nimport sys\nprint(repr(sys.stdin.read()), sys.executable)\n")
    assert capsys.readouterr().out.startswith(f"'' {sys.executable}\n")
    passed(shell, "%%script wc -l\na\nb")
    assert capsys.readouterr().out.startswith("2\n")


def test_there_is_no_standard_input(shell, capsys):
    """A program that asks finds the end, and nothing waits."""
    passed(shell, "!cat; echo done")
    assert capsys.readouterr().out.startswith("done\n")


@pytest.mark.parametrize("code", ["!sleep 60 &", "x = !sleep 60 &", "%%bash --bg\nsleep 60\n"])
def test_nothing_goes_on_in_the_background(shell, code):
    """It is said, with the way out."""
    error = ran(shell, code)
    assert isinstance(error, UsageError)
    assert "background" in error.what
    assert error.fix


@pytest.mark.parametrize("code", ["!# nothing", "%%bash\n# nothing\n"])
def test_a_comment_is_no_command(shell, code):
    """As in a shell."""
    passed(shell, code)
    assert api.runs() == []


def test_cd_is_warned_of(shell):
    """It holds for that line only, as ever."""
    before = os.getcwd()
    with pytest.warns(UserWarning, match=r"%cd changes it for the notebook"):
        passed(shell, "!cd /")
    assert os.getcwd() == before
    passed(shell, "!cd / && true")  # here somebody knows what it is for


def test_variables_that_a_cell_sets_reach_its_commands(shell, monkeypatch, capsys):
    """And those a line names; a secret only by name."""
    monkeypatch.setenv("SET_IN_A_CELL", "to be put back")
    monkeypatch.setenv("MY_TOKEN", "a-value-nobody-may-see")
    passed(shell, "%env SET_IN_A_CELL=cell")
    capsys.readouterr()
    found = passed(shell, "x = !env")["x"]
    assert "SET_IN_A_CELL=cell" in found
    assert found.grep("MY_TOKEN|OF_THE_KERNEL") == []
    passed(shell, "!echo $$OF_THE_KERNEL")
    assert capsys.readouterr().out.startswith("kernel\n")
    assert isinstance(ran(shell, "!echo $MY_TOKEN"), UsageError)
    passed(shell, f"{ON} --env MY_TOKEN")
    assert passed(shell, "x = !echo $MY_TOKEN")["x"] == ["a-value-nobody-may-see"]


# ---------------------------------------------------------------- how it ends


@pytest.mark.parametrize(
    "code", ["!false", "x = !false", "!!false", "%%bash\nfalse\n", "%%script false\na\n"]
)
def test_a_command_that_fails_ends_the_cell(shell, code):
    """With the exit code in the error."""
    error = ran(shell, f"{code}\nafter = 1" if not code.startswith("%%") else code)
    assert type(error) is PhaseError
    assert "exit code 1" in str(error)
    assert "after" not in shell.user_ns
    assert "x" not in shell.user_ns


def test_with_no_raise_the_cell_goes_on(shell):
    """After a failure, and where the program is not there; not after a refusal."""
    passed(shell, f"{ON} --no-raise")
    assert passed(shell, "!false\nafter = 1")["_exit_code"] == 1
    assert passed(shell, "x = !echo a; false")["x"] == ["a"]
    passed(shell, "%%bash\nfalse\n")
    assert passed(shell, "!no-such-program\nagain = 1")["_exit_code"] == 127
    assert shell.user_ns["again"] == 1
    assert isinstance(ran(shell, f"!{WRITES}\nnever = 1"), PolicyRefused)
    assert "never" not in shell.user_ns


def test_no_raise_error_is_for_one_cell(shell):
    """IPython's own option holds."""
    passed(shell, "%%bash --no-raise-error\nfalse\n")
    assert isinstance(ran(shell, "%%bash\nfalse\n"), PhaseError)
    assert isinstance(ran(shell, "%%script --no-raise-error no-such-program\na\n"), MissingTool)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("true", 0),
        ("false", 1),
        ("python -c 'exit(3)'", 3),
        ("python -c 'exit(200)'", -72),
        ("python dies.py", -9),
        ("no-such-program", 127),
        ("sudo ls", 126),
    ],
)
def test_the_exit_code_is_set_as_ipython_sets_it(shell, line, code):
    """0, 1 to 128 as it is, more than that as a signal."""
    with open("dies.py", "w") as file:
        file.write("import os\nos.kill(os.getpid(), 9)\n")
    shell.user_ns["_exit_code"] = 99
    ran(shell, f"!{line}")
    assert shell.user_ns["_exit_code"] == code


def test_what_a_kept_command_said_is_shown_when_it_fails(shell, capsys):
    """No variable holds it."""
    ran(shell, "x = !echo why; false")
    assert "why\n" in capsys.readouterr().err


def test_what_is_kept_is_whole_or_an_error(shell, monkeypatch):
    """Half a value is worse than none."""
    monkeypatch.setenv("AUTOEXEC_KEEP_MB", "0.01")
    error = ran(shell, "x = !seq 100000")
    assert isinstance(error, PhaseError)
    assert error.what == "what was to be kept is not whole"
    assert "x" not in shell.user_ns


def test_a_time_limit_ends_a_line(shell):
    """`on --timeout` is for each."""
    passed(shell, f"{ON} --timeout 0.2")
    assert type(ran(shell, "!sleep 60")).__name__ == "RunTimeout"


def test_a_cage_is_for_each_line(shell):
    """And stands on the record."""
    passed(shell, f"{ON} --cage workspace")
    ran(shell, "!ls")
    assert last().cage == "workspace"


# ---------------------------------------------------------------- where it is called


def test_from_a_thread(shell, capsys):
    """A line runs there, and a question is not asked where no prompt can be."""
    errors = []

    def work():
        shell.system("echo from a thread")
        try:
            shell.system("echo $(true)")
        except NeedsPerson as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert capsys.readouterr().out.startswith("from a thread\n")
    assert len(errors) == 1


def test_from_a_running_loop(shell, capsys):
    """A cell with `await` in it."""

    async def work():
        await asyncio.sleep(0)
        shell.system("echo in a loop")

    loop = asyncio.new_event_loop()
    with contextlib.closing(loop), concurrent.futures.ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(loop.run_until_complete, work()).result()  # no other loop runs there
    assert capsys.readouterr().out.startswith("in a loop\n")


# ---------------------------------------------------------------- on and off


def state(shell):
    """Return the objects that a line or a magic would call."""
    shell.find_cell_magic("bash")
    tables = {
        f"{kind}:{name}": it
        for kind, table in shell.magics_manager.magics.items()
        for name, it in table.items()
    }
    names = ("system", "system_raw", "system_piped", "getoutput")
    methods = {name: getattr(getattr(shell, name), "__func__", getattr(shell, name)) for name in names}
    script = shell.magics_manager.registry["ScriptMagics"]
    packages = shell.find_line_magic("pip")
    return tables | methods | {"own": sorted(vars(script)), "pip": getattr(packages, "__func__", packages)}


def loaded(shell):
    """Have IPython load its own magics: it puts that off."""
    for name in ("pip", "script", "sx"):
        (shell.find_line_magic if name != "script" else shell.find_cell_magic)(name)
    return state(shell)


@pytest.mark.parametrize("how", ["off", "unload", "twice"])
def test_off_puts_back_the_very_objects(bare, how):
    """Each table and method holds what it held."""
    autoexec_magic.load_ipython_extension(bare)
    before = loaded(bare)
    passed(bare, ON)
    assert state(bare)["system"] is not before["system"]
    if how == "twice":
        passed(bare, ON)
    if how == "unload":
        autoexec_magic.unload_ipython_extension(bare)
        before = {name: it for name, it in before.items() if not name.endswith(":autoexec")}
    else:
        passed(bare, "%autoexec off")
    after = state(bare)
    assert after.keys() == before.keys()
    assert [name for name in before if name not in ("own",) and after[name] is not before[name]] == []
    assert after["own"] == before["own"]
    assert not {"system", "system_raw", "system_piped", "getoutput"} & set(vars(bare))


def test_off_without_on_is_harmless(bare, capsys):
    """There is nothing to put back."""
    autoexec_magic.load_ipython_extension(bare)
    passed(bare, "%autoexec off")
    assert capsys.readouterr().out == "off: the notebook is as it was\n"


def test_magics_that_ipython_loads_late_work_after_off(bare, capfd):
    """They were placeholders when the guard came."""
    autoexec_magic.load_ipython_extension(bare)
    passed(bare, ON)
    passed(bare, "%autoexec off")
    passed(bare, "%%bash\necho plain\n")
    passed(bare, "%pip --version")
    assert api.runs() == []


def test_what_somebody_else_replaced_is_left_to_them(shell, capsys):
    """It is said, and theirs, which calls ours, runs as if we were not there."""
    ours, lines = shell.system, []

    def theirs(cmd):
        lines.append(cmd)
        ours(cmd)

    shell.system = theirs
    passed(shell, "%autoexec off")
    assert "left as it is: !," in capsys.readouterr().out
    assert shell.system is theirs
    passed(shell, "!true")
    assert lines == ["true"]
    assert api.runs() == []
    del shell.system


def test_a_magic_of_somebody_else_is_theirs(bare, capsys):
    """`%%bash` may be another extension's, and so may `%pip`."""
    seen = []
    bare.register_magic_function(lambda line, cell: seen.append(cell), "cell", "bash")
    autoexec_magic.load_ipython_extension(bare)
    capsys.readouterr()
    passed(bare, ON)
    said = capsys.readouterr().out
    assert " %%bash " not in said
    assert " %%sh " in said
    passed(bare, "%%bash\necho theirs\n")
    assert seen == ["echo theirs\n"]


def test_on_says_what_is_guarded_and_what_is_not(shell, capsys):
    """In one line."""
    passed(shell, ON)
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    names = "! !! %sx %system %%script %%bash %%sh %%python %%perl %%ruby %pip %conda"
    for word in names.split():
        assert f" {word} " in said.replace(";", " ")
    assert said.endswith("not guarded: os.system, subprocess and libraries inside the kernel\n")


# ---------------------------------------------------------------- %pip and its like


def test_pip_is_this_interpreter_s(shell, capsys):
    """Whatever `pip` on PATH is."""
    passed(shell, "%pip --version")
    assert sys.prefix in capsys.readouterr().out.partition("✓")[0]
    assert last().title == "pip --version"


@pytest.mark.parametrize("name", ["pip", "uv"])
def test_a_folder_of_that_name_is_not_pip(shell, name):
    """A cloned project may have one, and `python -m` looks there first."""
    os.mkdir(name)
    with open(f"{name}/__init__.py", "w") as file:
        file.write(f"open('{CANARY}', 'w')")
    needs_magic_of(shell, f"%{name}")
    passed(shell, f"%{name} --version")
    assert not os.path.exists(CANARY)


def test_a_tool_that_fails_ends_the_cell(shell):
    """In IPython it did not."""
    error = ran(shell, "%pip show no-such-distribution-anywhere")
    assert isinstance(error, PhaseError)
    assert shell.user_ns["_exit_code"] == 1


def test_conda_gets_this_environment_and_no_question(shell, monkeypatch, tmp_path):
    """The program that IPython finds is called with its own words, quoted ones whole."""
    conda = tmp_path / "conda"
    conda.write_text("#!/bin/sh\nprintf '%s|' \"$@\" > called\n")
    conda.chmod(0o755)
    passed(shell, f"{ON} --yes")
    magics = shell.find_line_magic("conda").__self__
    magics._run_command(str(conda), "install 'a >1' -c x")
    with open("called") as file:
        assert file.read() in (
            f"install|--yes|--prefix|{sys.prefix}|a >1|-c|x|",
            f"install|--prefix|{sys.prefix}|a >1|-c|x|",
        )
    with pytest.raises(UsageError, match="conda runs conda alone"):
        magics._run_command(str(conda), "list; echo more")


def test_an_interrupt_between_two_lines_of_ours_is_told_as_one(shell, monkeypatch):
    """None of our stack belongs into a cell."""

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(onrecord, "carry_out", interrupted)
    with pytest.raises(Cancelled):
        shell.system("echo hello")
    assert shell.user_ns["_exit_code"] == -2
