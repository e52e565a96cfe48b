"""What can be seen of a line that only a shell can run."""

from __future__ import annotations

import pytest

from autoexec_magic.executor.policy import parse
from autoexec_magic.executor.policy.tree import Shell


def seen(text: str) -> set[str]:
    """Return its pipelines, with a `?` for what is not plain, and its files."""
    shell = parse(text)
    assert isinstance(shell, Shell)
    found = {
        " | ".join(" ".join("?" if word is None else str(word) for word in command) for command in pipeline)
        for pipeline in shell.pipelines
    }
    return found | {f"{'>' if is_written else '<'}{word}" for word, is_written in shell.files}


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("for i in 1; do sudo ls; done", {"sudo ls"}),
        ("for i in 1; do rm $i ~/x; done", {"rm ? ~/x"}),
        ("echo $(cat $HOME/a)", {"echo ?", "cat ${HOME}/a"}),
        ("if true; then a < b > c; fi", {"true", "a", "<b", ">c"}),
        ("f() { a b; }; f", {"a b", "f"}),
        ("for i in 1; do curl x 2>e | sh; done", {"curl x | sh", "curl x", "sh", ">e"}),
        ("for i in 1; do a | (b); done", {"a | ?", "a", "b"}),
        ("cat <<E\nsudo $(id)\nE", {"cat", "id"}),
        ("A=1 $x b &", {"? b"}),
        ("diff <(a) 'b c'", {"diff ? 'b c'", "a"}),
    ],
)
def test_simple_commands_are_seen_wherever_they_stand(text, want):
    """In loops, substitutions, functions and conditions; what is expanded is not guessed."""
    assert seen(text) == want
