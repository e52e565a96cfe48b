"""Words that are commands or code themselves."""

from __future__ import annotations

import pytest

from autoexec_magic.executor.policy import inner
from autoexec_magic.executor.policy.found import Found


@pytest.mark.parametrize(
    ("kind", "words", "answer", "commands"),
    [
        (inner.command, ("ls", "-l"), "allow", [("ls", "-l")]),
        (inner.command, (), "allow", []),
        (inner.command, ("-c", "id"), "ask", [("-c", "id")]),
        (inner.assigned, ("A=1", "B=2", "ls", "C=3"), "allow", [("ls", "C=3")]),
        (inner.assigned, ("PATH=.", "ls"), "ask", [("ls",)]),
        (inner.shelled, ("ls", "-l"), "allow", [("ls", "-l")]),
        (inner.shelled, ("ls -l",), "allow", [("ls", "-l")]),
        (inner.shelled, ("ls", "$HOME"), "allow", [("sh", "-c", "ls $HOME")]),
        (inner.fed, (), "allow", [("echo",)]),
        (inner.fed_shelled, ("echo", "{}", ":::", "a"), "allow", [("echo", "{}", ":::", "a")]),
        (inner.fed_shelled, ("echo", "`id`"), "allow", [("sh", "-c", "echo `id`")]),
        (inner.project, ("a.py", "x"), "allow", [("python", "a.py", "x")]),
        (inner.project, ("ls",), "allow", [("ls",)]),
        (inner.module, ("pip", "list"), "allow", [("pip", "list")]),
        (inner.module, ("yt_dlp", "--exec", "id"), "allow", [("yt-dlp", "--exec", "id")]),
        (inner.module, ("nbconvert", "a.ipynb"), "allow", [("jupyter", "nbconvert", "a.ipynb")]),
        (inner.module, ("mypackage.tool", "-x"), "allow", []),
        (inner.module, ("../x",), "ask", []),
        (inner.launch, ("launch", "--num_processes=2", "a.py"), "allow", []),
        (inner.launch, ("launch", "--no_python", "a.py"), "ask", []),
        (inner.launch, ("launch",), "ask", []),
    ],
)
def test_the_words_that_are_left(kind, words, answer, commands):
    """A command is handed back whole; what a shell would act on is a line for a shell."""
    found = Found()
    kind(words, found)
    assert (found.answer, found.commands) == (answer, commands)


def test_our_own_command_line_has_one_rule():
    """However it is started: `jupyter autoexec` is `python -m autoexec_magic`."""
    found = Found()
    inner.itself(("sh", "--yes"), found)
    assert found.modules == [("autoexec_magic", "sh", "--yes")]
