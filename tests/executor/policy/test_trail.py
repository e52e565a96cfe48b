"""What a line has made: files nobody has judged, what came over the network, links."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoexec_magic.executor.policy import arguments
from autoexec_magic.executor.policy.paths import Roots
from autoexec_magic.executor.policy.trail import Trail

CWD = Path("/srv/project")
ROOTS = Roots(workspace=CWD, home=Path("/home/ada"))


def after(*commands: str) -> Trail:
    """Return the trail of some commands."""
    trail = Trail()
    for command in commands:
        argv = command.split()
        trail.note(argv[0], argv, arguments.judge(argv), CWD, ROOTS)
    return trail


def judged(trail: Trail, command: str) -> str:
    """Return what is said of a command that runs then."""
    argv = command.split()
    return trail.judge(argv[0], arguments.judge(argv), CWD, ROOTS).answer


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        *[
            (name, "allow")
            for name in ("a.csv", "a.png", "run.log", "log", "a.json", "notes.txt", "a.tar.gz")
        ],
        *[
            (name, "ask")
            for name in ("a.py", "Makefile", "package.json", "requirements.txt", "conftest.py", "x")
        ],
        *[
            (name, "ask")
            for name in ("a.so", "a.pth", "CMakeLists.txt", "setup.cfg", "a.pkl", ".eslintrc.json")
        ],
    ],
)
def test_only_data_may_be_made_before_code_runs(name, answer):
    """By its name; what a tool could take for code or settings is a question."""
    trail = Trail()
    trail.wrote(name, CWD, ROOTS)
    assert judged(trail, "pytest") == answer
    assert judged(trail, "ls") == "allow"
    assert judged(trail, f"python {name}") == "ask"


def test_what_is_downloaded_never_runs_in_the_same_line():
    """Under its own name, another, unpacked, or by its path."""
    trail = after("curl -o x https://e.org/x", "cp x y", "wget -q https://e.org/z.sh?a=b")
    assert trail.unread == {f"{CWD}/{name}" for name in ("x", "y", "z.sh")}
    assert all(judged(trail, f"bash {name}") == "refuse" for name in ("x", "y", "z.sh"))
    assert trail.program("./x", CWD, ROOTS).answer == "refuse"
    assert trail.program("./other", CWD, ROOTS).answer == "allow"


def test_code_that_was_there_runs_as_ever():
    """Copies of it, folders and what a compiler makes of it are nothing new."""
    trail = after("cp a.py b.py", "mkdir build", "touch x.py", "gcc a.c -o a", "tar xzf a.tgz", "rm c")
    trail.unpacked.clear()
    assert judged(trail, "python b.py") == judged(trail, "make") == "allow"


def test_nothing_runs_in_a_clone_unasked():
    """The most ordinary tutorial, and code that nobody here has read."""
    trail = after("git clone https://e.org/me/tool.git", "git clone https://e.org/b other")
    assert judged(trail, "python tool/setup.py") == judged(trail, "make -C other") == "ask"


def test_links_lead_where_they_will_lead():
    """Relative ones from where they lie; into a folder that the line makes; moved ones too."""
    assert after("ln -s /etc a").links == {f"{CWD}/a": "/etc"}
    assert after("ln -s ../x sub/a").links == {f"{CWD}/sub/a": "/srv/project/x"}
    assert after("ln -s /etc/passwd").links == {f"{CWD}/passwd": "/etc/passwd"}
    assert after("mkdir d", "ln -s /etc d").links == {f"{CWD}/d/etc": "/etc"}
    assert after("ln -s /etc a", "mv a b").links[f"{CWD}/b"] == "/etc"
    assert after("cp a b").links == {}


def test_settings_that_git_reads_are_code_to_it():
    """They name programs."""
    trail = Trail()
    trail.wrote("HEAD", CWD, ROOTS)
    assert judged(trail, "git status") == "ask"
    assert judged(Trail(), "git status") == "allow"


@pytest.mark.parametrize(
    ("first", "then", "answer"),
    [
        ("tar xf e.tar", "cat y/rd", "ask"),
        ("tar -xf e.tar", "cp a y/wr", "ask"),
        ("tar --extract --file e.tar", "cat y/rd", "ask"),
        ("tar xf e.tar", "make", "allow"),
        ("tar xf e.tar", "cat /usr/share/x", "allow"),
        ("tar xf e.tar -C out", "cat y/rd", "allow"),
        ("tar xf e.tar -C out", "cat out/rd", "ask"),
        ("tar cf e.tar src", "cat y/rd", "allow"),
        ("unzip e.zip -d out", "ls out/x", "ask"),
        ("cp -r a b", "cat b/c", "ask"),
        ("cp a b", "cat b", "allow"),
        ("mv a b", "cat b", "ask"),
        ("git clone https://e.org/a.git", "cat a/x", "ask"),
        ("git clone https://e.org/a.git", "cat b/x", "allow"),
        ("git checkout x", "cat a/x", "ask"),
        ("git log", "cat a/x", "allow"),
        ("patch -p1 -i x.diff", "cat y/rd", "ask"),
    ],
)
def test_what_is_unpacked_could_hold_links(first, then, answer):
    """Until all is judged anew; nobody saw where what it holds leads."""
    trail = after(first)
    assert judged(trail, then) == answer
    trail.unpacked.clear()
    assert judged(trail, then) == "allow"


def test_a_file_or_program_below_what_is_unpacked_is_a_question():
    """Whether it is run by its path, or stands in the place of a stream."""
    trail = after("tar xf e.tar")
    assert trail.program("./y/x", CWD, ROOTS).answer == "ask"
    assert trail.meanwhile("y/x", CWD, ROOTS).answer == "ask"
    assert trail.meanwhile("/usr/y", CWD, ROOTS).answer == "allow"
