"""Whole lines as people and attackers write them, and the answer each gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoexec_magic.errors import PolicyRefused
from autoexec_magic.executor.policy import judge, split

BIN = Path("/usr/bin")
LISTED, UNLISTED, SHELL = "on the list", "is not on the list", "it needs a shell"
TABLE = [
    # What people type all day.
    ("ls", "allow", LISTED),
    ("ls -la data", "allow", LISTED),
    ("pwd", "allow", LISTED),
    ("cat README.md", "allow", LISTED),
    ("head -n 5 data.csv", "allow", LISTED),
    ("wc -l data.csv", "allow", LISTED),
    ("grep -rn 'def main' src", "allow", LISTED),
    ("grep 'a|b' x", "allow", LISTED),
    ("find . -name '*.py'", "allow", LISTED),
    ('find . -name "*.py"', "allow", LISTED),
    ("sed -n '1,5p' x", "allow", LISTED),
    ("awk '{print $1}' x", "allow", LISTED),
    ("git status", "allow", LISTED),
    ("git commit -m 'first cell'", "allow", LISTED),
    ("git log --oneline -n 3", "allow", LISTED),
    ("python -m pytest -q", "allow", LISTED),
    ("python3.11 script.py", "allow", LISTED),
    ("python3 -c 'print(1)'", "allow", LISTED),
    ("pip list", "allow", LISTED),
    ("pip3 show pytest", "allow", LISTED),
    ("pytest tests -k 'a and b'", "allow", LISTED),
    ("ruff check .", "allow", LISTED),
    ("npm install", "allow", LISTED),
    ("node app.js", "allow", LISTED),
    ("cargo build --release", "allow", LISTED),
    ("make -j4", "allow", LISTED),
    ("curl -sS https://example.org/a.json", "allow", LISTED),
    ("tar -xzf a.tar.gz", "allow", LISTED),
    ("mkdir -p out/a", "allow", LISTED),
    ("rm -r out", "allow", LISTED),
    ("cp 'a b' c", "allow", LISTED),
    ("date +%Y-%m-%d", "allow", LISTED),
    ("du -sh .", "allow", LISTED),
    ("jupyter --version", "allow", LISTED),
    ("echo 100%", "allow", LISTED),
    ("bash script.sh", "allow", LISTED),
    # Names that nobody knows, and programs that start others.
    ("terraform apply", "ask", UNLISTED),
    ("docker ps", "ask", UNLISTED),
    ("kubectl get pods", "ask", UNLISTED),
    ("ssh host", "ask", UNLISTED),
    ("env ls", "ask", UNLISTED),
    ("env -S ls", "ask", UNLISTED),
    ("nice ls", "ask", UNLISTED),
    ("timeout 5 ls", "ask", UNLISTED),
    ("xargs ls", "ask", UNLISTED),
    ("watch ls", "ask", UNLISTED),
    ("nohup ls", "ask", UNLISTED),
    ("perl -e 1", "ask", UNLISTED),
    ("vim x", "ask", UNLISTED),
    ("dd if=/dev/zero", "ask", UNLISTED),
    ("mkfs.ext4 x", "ask", UNLISTED),
    ("chmod -R 777 .", "ask", UNLISTED),
    ("kill 1", "ask", UNLISTED),
    ("lS", "ask", UNLISTED),
    ("ls\u200b", "ask", UNLISTED),
    ("gіt status", "ask", UNLISTED),  # the i is Cyrillic
    ("'ls -l'", "ask", UNLISTED),
    # What no answer of a person allows.
    ("sudo ls", "refuse", "privileges"),
    ("s'u'do ls", "refuse", "privileges"),
    ("su\\do ls", "refuse", "privileges"),
    ("su - root", "refuse", "privileges"),
    ("doas ls", "refuse", "privileges"),
    ("pkexec ls", "refuse", "privileges"),
    ("shutdown -h now", "refuse", "stops the machine"),
    ("reboot", "refuse", "stops the machine"),
    ("halt", "refuse", "stops the machine"),
    ("poweroff", "refuse", "stops the machine"),
    # What needs a shell, of people and of attackers.
    ("ls *.py", "refuse", SHELL),
    ("cd a", "refuse", "the shell's own"),
    ("source a.sh", "refuse", "the shell's own"),
    (". a.sh", "refuse", "the shell's own"),
    ("exec ls", "refuse", "the shell's own"),
    ("eval ls", "refuse", "the shell's own"),
    ("command ls", "refuse", "the shell's own"),
    ("export A", "refuse", "the shell's own"),
    ("'c'd a", "refuse", "the shell's own"),
    ("A=1 env", "refuse", "a variable"),
    ("make P=~/x", "refuse", "a home directory"),
    ("ls | wc -l", "refuse", "a pipe"),
    ("cat x > y", "refuse", "a redirection"),
    ("cat < y", "refuse", "a redirection"),
    ("cd a && make", "refuse", "a background job or list"),
    ("ls; rm x", "refuse", "a list"),
    ("ls & rm x", "refuse", "a background job or list"),
    ("pip --version; echo PWNED", "refuse", "a list"),
    ("echo $HOME", "refuse", "a variable or substitution"),
    ('echo "$HOME"', "refuse", "a variable or substitution"),
    ("echo $(id)", "refuse", "a variable or substitution"),
    ("echo `id`", "refuse", "a substitution"),
    ('git commit -m "`id`"', "refuse", "a substitution"),
    ("cat <(id)", "refuse", "a redirection"),
    ("ls ~/x", "refuse", "a home directory"),
    ("ls # all", "refuse", "a comment"),
    ("! ls", "refuse", "a negation"),
    ("(ls)", "refuse", "a subshell"),
    ("ls {a,b}", "refuse", "a brace expansion"),
    ("ls a?", "refuse", "a glob"),
    ("ls [ab]", "refuse", "a glob"),
    # What cannot be read.
    ("ls\nrm x", "refuse", "control character"),
    ("ls\rrm x", "refuse", "control character"),
    ("ls\x00rm x", "refuse", "control character"),
    ("ls \x1b[2J x", "refuse", "control character"),
    ("echo 'x", "refuse", "No closing quotation"),
    ("echo x\\", "refuse", "No escaped character"),
]


def answer(line: str) -> tuple[str, str]:
    """Return the answer to a line, and why, on a machine that has every program."""
    try:
        argv = split(line)
    except PolicyRefused as error:
        return "refuse", error.why
    verdict = judge(argv, BIN / argv[0])
    return verdict.answer, verdict.why


@pytest.mark.parametrize(("line", "want", "reason"), TABLE, ids=[repr(line) for line, _, _ in TABLE])
def test_a_line_gets_its_answer(line, want, reason):
    """The answer, and a reason that says what in the line it is."""
    found, why = answer(line)
    assert found == want
    assert reason in why


def test_the_table_has_all_three_answers():
    """A table of one answer would not notice a policy that gives no other."""
    answers = [want for _, want, _ in TABLE]
    assert all(answers.count(want) >= 20 for want in ("allow", "ask", "refuse"))
