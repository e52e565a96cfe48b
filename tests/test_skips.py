"""What conftest.py and skips.py lay on a session, in sessions of their own."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from skips import Allowed, Skip, enforced_here, is_enforced, parse_allowed, summary, unlisted

HERE = Path(__file__).parent
DOCKER = Skip(nodeid="tests/e2e/test_docker.py::test_push[a]", reason="docker is not running")

SKIPPING = """
    import pytest
    from skips import needs, requires, skip

    def test_runs(): pass

    def test_program(): requires(None, "no such program", "apt-get install program")

    @pytest.mark.skipif(True, reason=needs("no such program", "apt-get install program"))
    def test_mark(): pass

    def test_plain(): pytest.skip("just so")

    @pytest.mark.xfail
    def test_known(): assert False
"""
WHOLE_MODULE = """
    from skips import skip

    skip("no cluster", "make-cluster up")
"""
RUNS = "def test_runs(): pass"


class Session:
    """A folder with our conftest.py and tests of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for name in ("conftest.py", "skips.py"):
            shutil.copy(HERE / name, path)
        options = "--import-mode=importlib --strict-markers --doctest-modules --ignore=skips.py"
        self.write("pytest.ini", f"[pytest]\nfilterwarnings = error\naddopts = {options}")
        self.write("allowed_skips.toml", "")

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(textwrap.dedent(text))

    def run(self, *options: str, ci: bool = False, **variables: str) -> tuple[int, str]:
        """Return the exit code and the output; with `ci`, as if where skips need to be allowed."""
        if ci and not enforced_here_with("true"):
            with (self.path / "skips.py").open("a") as skips:
                skips.write("\n\ndef enforced_here():\n    return True\n")
        ours = {"CI": "true" if ci else "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options],
            **{"cwd": self.path, "env": {**os.environ, **ours, **variables}, "timeout": 60, "check": False},
            **{"capture_output": True, "text": True, "stdin": subprocess.DEVNULL},
        )
        return ended.returncode, ended.stdout + ended.stderr


def enforced_here_with(ci: str) -> bool:
    """Return `enforced_here()` as it would be with `CI={ci}`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CI", ci)
        return enforced_here()


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """Return a session without tests yet."""
    return Session(tmp_path)


# The list, as values


@pytest.mark.parametrize(
    ("match", "covered"),
    [
        pytest.param("docker is not", True, id="part-of-the-reason"),
        pytest.param("test_docker.py", True, id="part-of-the-nodeid"),
        pytest.param("test_push[a]", True, id="brackets-are-themselves"),
        pytest.param("tests/e2e/*", True, id="pattern-of-the-nodeid"),
        pytest.param("docker*running", True, id="pattern-of-the-reason"),
        pytest.param("e2e/*", False, id="pattern-fits-the-whole"),
        pytest.param("Docker is not", False, id="case-counts"),
        pytest.param("Docker*running", False, id="case-counts-in-a-pattern"),
        pytest.param("docker  is not", False, id="near-is-not-enough"),
    ],
)
def test_an_entry_covers_what_it_names(match, covered):
    """A part of the nodeid or of the reason, or a pattern of the whole; nothing looser."""
    left = unlisted([DOCKER], [Allowed(match=match, reason="because")])
    assert left == ([] if covered else [DOCKER])


def test_every_skip_needs_an_entry_of_its_own():
    """One allowed skip does not let the others through."""
    other = Skip(nodeid="tests/a.py::test_a", reason="no network")
    assert unlisted([DOCKER, other], [Allowed(match="docker", reason="because")]) == [other]


@pytest.mark.parametrize(
    ("environ", "is_root", "is_debian", "want"),
    [
        ({"CI": "true"}, True, True, True),
        ({"CI": "true"}, False, True, False),
        ({"CI": "true"}, True, False, False),
        ({"CI": "false"}, True, True, False),
        ({}, True, True, False),
    ],
)
def test_skips_are_limited_only_where_all_can_be_installed(environ, is_root, is_debian, want):
    """CI, root and Debian, all three: a contributor's machine is never failed for what it lacks."""
    assert is_enforced(environ, is_root=is_root, is_debian=is_debian) is want


def test_this_machine_is_asked_for_all_three():
    """What the session asks is the machine itself."""
    can_install = os.geteuid() == 0 and Path("/etc/debian_version").exists()
    assert (enforced_here_with("true"), enforced_here_with("")) == (can_install, False)


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        pytest.param("[[skip]]\nmatch = 'a'", "entry 1 (a) has no reason", id="no-reason"),
        pytest.param("[[skip]]\nmatch = 'a'\nreason = ' '", "entry 1 (a) has no reason", id="blank-reason"),
        pytest.param("[[skip]]\nreason = 'b'", "entry 1 has no match", id="no-match"),
        pytest.param("[[skip]]\nmatch = '*'\nreason = 'b'", "allows everything", id="allows-everything"),
        pytest.param("[[skip]]\nmatch = 'a'\nreason = 'b'\nuntil = 'c'", "has until", id="unknown-field"),
        pytest.param("[[skips]]\nmatch = 'a'\nreason = 'b'", "unknown: skips", id="misspelt-table"),
        pytest.param("skip = ['a']", "no table", id="not-a-table"),
        pytest.param("[[skip]]\nmatch = 1\nreason = 'b'", "no table of strings", id="not-a-string"),
        pytest.param("[[skip", "Expected", id="not-toml"),
    ],
)
def test_a_flaw_in_the_list_is_named(text, flaw):
    """An entry that nobody can give a reason for is an error, and so is one that is misread."""
    with pytest.raises(ValueError, match=re.escape(flaw)):
        parse_allowed(text)


def test_our_own_list_is_sound():
    """The file in the repository can be read."""
    parse_allowed((HERE / "allowed_skips.toml").read_text(encoding="utf-8"))


def test_skips_are_counted_by_their_reason():
    """The most frequent reason comes first, each with the command that would help."""
    twice = [Skip(nodeid=name, reason="no cluster", provide="make-cluster up") for name in ("a", "b")]
    assert summary([DOCKER, *twice]) == [
        "2 x no cluster",
        "    to run: make-cluster up",
        "1 x docker is not running",
        "    no command given",
    ]


# The list, in a session


def test_skips_are_listed_and_fail_nothing_elsewhere(session):
    """On a contributor's machine a session with skips passes, and says what they need."""
    session.write("test_a.py", SKIPPING)
    code, output = session.run()
    assert code == 0, output
    listed = output.partition("= skipped =")[2]
    assert "2 x no such program\n    to run: apt-get install program\n" in listed
    assert "1 x just so\n    no command given\n" in listed
    assert "not allowed" not in output


def test_a_skip_that_is_not_listed_fails_ci(session):
    """Each is named with what to do; the expected failure is no skip."""
    session.write("test_a.py", SKIPPING)
    code, output = session.run(ci=True)
    assert code == 1, output
    forbidden = output.partition("= skips that are not allowed here =")[2]
    assert "test_a.py::test_program: no such program\n    run `apt-get install program`, or add" in forbidden
    assert "test_a.py::test_mark: no such program" in forbidden
    assert "test_a.py::test_plain: just so\n    provide it, or add an entry" in forbidden
    assert "test_known" not in forbidden


def test_listed_skips_pass_ci(session):
    """Once every skip has its entry the session passes, and still lists them."""
    session.write("test_a.py", SKIPPING)
    session.write(
        "allowed_skips.toml",
        """
        [[skip]]
        match = "no such program"
        reason = "there is none"
        [[skip]]
        match = "test_a.py::test_p*n"
        reason = "just so"
        """,
    )
    code, output = session.run(ci=True)
    assert code == 0, output
    assert "2 x no such program" in output
    assert "not allowed" not in output


def test_a_whole_module_skipped_fails_ci(session):
    """A skip while collecting counts as well, and once, though doctests collect the module again."""
    session.write("test_a.py", RUNS)
    session.write("test_b.py", WHOLE_MODULE)
    code, output = session.run(ci=True)
    assert code == 1, output
    assert "1 x no cluster\n    to run: make-cluster up\n" in output
    assert "test_b.py: no cluster\n    run `make-cluster up`" in output


def test_an_entry_without_a_reason_stops_the_session_everywhere(session):
    """A flaw in the list is seen on the machine where it is made."""
    session.write("test_a.py", RUNS)
    session.write("allowed_skips.toml", "[[skip]]\nmatch = 'docker'")
    code, output = session.run()
    assert code == pytest.ExitCode.USAGE_ERROR, output
    assert "entry 1 (docker) has no reason" in output
    assert "passed" not in output


@pytest.mark.parametrize(
    ("test", "want"),
    [
        pytest.param("", pytest.ExitCode.NO_TESTS_COLLECTED, id="nothing-collected"),
        pytest.param(WHOLE_MODULE, pytest.ExitCode.NO_TESTS_COLLECTED, id="only-a-skipped-module"),
        pytest.param("a test", pytest.ExitCode.INTERRUPTED, id="does-not-import"),
    ],
)
def test_other_exit_codes_stay_as_they_are(session, test, want):
    """Only a session that would have passed is made to fail."""
    session.write("test_a.py", test)
    code, output = session.run(ci=True)
    assert code == want, output


# The rest of conftest.py


def test_a_test_that_hangs_is_ended(session):
    """The limit reaches code that swallows exceptions, and fixtures; the next test still runs."""
    session.write(
        "test_a.py",
        """
        import atexit, pytest, threading, time

        @pytest.mark.limit(0.2)
        def test_hangs():
            try:
                threading.Event().wait()
            except Exception:
                time.sleep(60)

        @pytest.fixture
        def slow():
            time.sleep(60)

        @pytest.mark.limit(0.2)
        def test_fixture_hangs(slow): pass

        @pytest.mark.limit(0.2)
        def test_is_in_time(): pass

        def test_next(): time.sleep(0.5)

        @pytest.mark.limit(0.2)
        def test_last():
            atexit.register(time.sleep, 0.5)  # the session may take longer to end than its last test
        """,
    )
    code, output = session.run()
    assert code == 1, output
    assert output.count("Failed: still running after 0.2 s") >= 2
    assert "1 failed, 3 passed, 1 error" in output


def test_the_machine_s_settings_are_out_of_sight(session, monkeypatch):
    """pip and uv see no settings but their caches and certificates, doctests included."""
    session.write(
        "test_a.py",
        """
        import os
        from pathlib import Path

        def settings():
            '''
            >>> settings()
            ['PIP_CERT', 'PIP_CONFIG_FILE', 'UV_CACHE_DIR', 'UV_NO_CONFIG']
            '''
            return sorted(name for name in os.environ if name.startswith(("PIP_", "UV_")))

        def test_settings():
            assert settings() == ["PIP_CERT", "PIP_CONFIG_FILE", "UV_CACHE_DIR", "UV_NO_CONFIG"]
            assert os.environ["PIP_CONFIG_FILE"] == os.devnull

        def test_they_can_be_put_back(machine_environment):
            assert machine_environment["PIP_INDEX_URL"] == os.environ["PIP_INDEX_URL"] == "https://a.example"
            assert os.environ["PIP_CONFIG_FILE"] == "mine.conf"
            assert "UV_NO_CONFIG" not in os.environ

        def test_and_are_gone_again(): test_settings()

        def test_folders_are_the_session_s():
            names = ["AUTOEXEC_DATA_DIR", "IPYTHONDIR"]
            names += [f"JUPYTER_{kind}_DIR" for kind in ("CONFIG", "DATA", "RUNTIME")]
            folder = Path(os.environ["AUTOEXEC_DATA_DIR"]).parent
            assert folder != Path("/mine")
            assert all(folder in Path(os.environ[name]).parents for name in names)
            Path("folder.txt").write_text(str(folder))
        """,
    )
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    mine = {"PIP_INDEX_URL": "https://a.example", "PIP_CONFIG_FILE": "mine.conf", "PIP_CERT": "mine.pem"}
    folders = {"UV_CACHE_DIR": "uv", "AUTOEXEC_DATA_DIR": "/mine/a", "JUPYTER_CONFIG_DIR": "/mine/b"}
    code, output = session.run(**mine, **folders)
    assert code == 0, output
    assert not Path((session.path / "folder.txt").read_text()).exists()


def test_emitted_is_a_list_that_can_be_called(emit):
    """Events stay in order; the text of one stream is joined."""
    from autoexec_magic.events import Output, PhaseStarted

    emit(PhaseStarted(phase="run"))
    for stream, text in [("stdout", "a"), ("stderr", "b"), ("stdout", "c")]:
        emit(Output(phase="run", stream=stream, text=text))
    assert emit.kinds() == ["PhaseStarted", "Output", "Output", "Output"]
    assert (emit.text("stdout"), emit.text("stderr"), emit.text()) == ("ac", "b", "abc")


def test_stub_programs_come_first_and_take_arguments(fake_bin, workdir):
    """A stub hides the real program of that name, in shell or in Python."""
    fake_bin.write("git", 'echo "stub $1"')
    fake_bin.write_python("docker", "import sys; print(sys.argv[1:]); sys.exit(3)")
    assert subprocess.run(["git", "push"], capture_output=True, text=True, check=True).stdout == "stub push\n"
    ended = subprocess.run(["docker", "a b"], capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.returncode) == ("['a b']\n", 3)
    assert shutil.which("sh"), "the rest of PATH is still there"
    assert Path.cwd() == workdir.resolve()
    assert not any(workdir.iterdir())
