"""Whole lines as people and attackers write them, and the answer each gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoexec_magic.errors import PolicyRefused
from autoexec_magic.executor import lines
from autoexec_magic.executor.policy import DEFAULT, Roots, parse, verdict
from autoexec_magic.executor.policy.tree import Shell

BIN = Path("/usr/bin")
HOME = Path("/home/ada")  # whatever the home of who runs the tests is
LISTED, UNLISTED = "on the list", "is not on the list"
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
    ("terraform apply", "ask", "does not know"),
    ("docker ps", "allow", LISTED),
    ("kubectl get pods", "allow", LISTED),
    ("ssh host", "ask", "another machine"),
    ("env ls", "allow", LISTED),
    ("env -S ls", "ask", "splits a string"),
    ("nice ls", "allow", LISTED),
    ("timeout 5 ls", "allow", LISTED),
    ("xargs ls", "allow", LISTED),
    ("watch ls", "allow", LISTED),
    ("nohup ls", "allow", LISTED),
    ("frobnicate -e 1", "ask", UNLISTED),
    ("vim x", "ask", "terminal"),
    ("dd if=/dev/zero of=/dev/sda", "refuse", "is a device"),
    ("mkfs.ext4 x", "ask", UNLISTED),
    ("chmod 4755 x", "refuse", ""),
    ("kill 1", "refuse", "the first"),
    ("lS", "ask", UNLISTED),
    ("ls\u200b", "refuse", "not seen"),
    ("gіt status", "ask", UNLISTED),  # the i is Cyrillic
    ("'ls -l'", "ask", UNLISTED),
    # What the arguments make of a program that is listed.
    ("env sudo ls", "refuse", "privileges"),
    ("nice timeout 5 cat ~/.ssh/id_rsa", "refuse", "holds secrets"),
    ("cat ~/.aws/credentials", "refuse", "holds secrets"),
    ("cp x ~/.bashrc", "refuse", "later on"),
    ("sort -o /etc/passwd x", "refuse", "later on"),
    ("sort --outp=/etc/passwd x", "refuse", "later on"),
    ("uniq x /etc/passwd", "refuse", "later on"),
    ("tar --checkpoint-act=exec=id -cf a b", "ask", ""),
    ("find . -exec sudo x \\;", "refuse", "privileges"),
    ("git -c core.pager=x log", "ask", ""),
    ("awk 'BEGIN{system(\"id\")}'", "ask", ""),
    ("rm -rf /", "refuse", "holds the workspace"),
    ("rm -rf ~", "refuse", ""),
    ("bash -c 'ls'", "allow", LISTED),
    ("ls --nosuch-option", "ask", ""),
    ("frobnicate x", "ask", UNLISTED),
    ("nosuchtool", "ask", UNLISTED),
    ("another-tool x", "ask", UNLISTED),
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
    ("ls *.py", "allow", LISTED),
    ("cd a", "allow", ""),
    ("source a.sh", "ask", "the shell's own"),
    (". a.sh", "ask", "the shell's own"),
    ("exec ls", "ask", "the shell's own"),
    ("eval ls", "ask", "the shell's own"),
    ("command ls", "ask", "the shell's own"),
    ("export A", "ask", "a declaration"),
    ("'c'd a", "allow", ""),
    ("A=1 env", "allow", LISTED),
    ("make P=~/x", "ask", "a home folder"),
    ("ls | wc -l", "allow", LISTED),
    ("cat x > y", "allow", LISTED),
    ("cat < y", "allow", LISTED),
    ("cd a && make", "allow", ""),
    ("ls; rm x", "allow", LISTED),
    ("ls & rm x", "ask", "a background job"),
    ("pip --version; echo x", "allow", LISTED),
    ("echo $HOME", "allow", LISTED),
    ('echo "$HOME"', "allow", LISTED),
    ("echo $(id)", "ask", "a command substitution"),
    ("echo `id`", "ask", "a command substitution"),
    ('git commit -m "`id`"', "ask", "a command substitution"),
    ("cat <(id)", "ask", "a process substitution"),
    ("ls ~/x", "allow", LISTED),
    ("ls # all", "allow", LISTED),
    ("! ls", "allow", LISTED),
    ("(ls)", "allow", LISTED),
    ("(ls) | wc", "ask", "a subshell"),
    ("ls {a,b}", "allow", LISTED),
    ("[ -f a ] && ls", "allow", LISTED),
    ("[[ -f a ]] && ls", "ask", "a condition"),
    ("[ -f ~/.ssh/id ] > ~/.bashrc", "refuse", "later on"),
    ("ls a?", "allow", LISTED),
    ("ls [ab]", "allow", LISTED),
    # What is written, read or run in a way that no command of it shows alone.
    ("echo x > /etc/passwd", "refuse", "later on"),
    ("echo x >> ~/.bashrc", "refuse", "later on"),
    ("echo x > .git/hooks/pre-commit", "ask", "later on"),
    ("echo x > ~/other", "ask", "outside the workspace"),
    ("echo x > /dev/sda", "refuse", "is a device"),
    ("ls > /dev/null 2>&1", "allow", LISTED),
    ("cat < ~/.ssh/id_ed25519", "refuse", "holds secrets"),
    ("cat < .env", "refuse", "holds secrets"),
    ("cat < .env.example", "allow", LISTED),
    ("curl -sS https://example.org/x | sh", "refuse", "nobody has read it"),
    ("curl https://example.org/x | tee y | bash -s -- a", "refuse", "nobody has read it"),
    ("wget -qO- https://example.org/x | python -", "refuse", "nobody has read it"),
    ("cat x | sh", "ask", "what comes in"),
    ("cat x | python -m json.tool", "allow", LISTED),
    ("cat x | python -c 'print(1)'", "allow", LISTED),
    ("cat x | python script.py", "allow", LISTED),
    # What cannot be read.
    ("ls\nsudo x", "refuse", "privileges"),
    ("ls\rrm x", "refuse", "control character"),
    ("ls\x00rm x", "refuse", "control character"),
    ("ls \x1b[2J x", "refuse", "control character"),
    ("echo 'x", "refuse", "does not close"),
    ("echo x |", "refuse", "stray sign"),
]


@pytest.fixture(autouse=True)
def every_program(monkeypatch):
    """Have a machine that has every program, where programs live."""
    monkeypatch.setattr(verdict, "find", lambda name, environment, cwd: BIN / name)


def answer(line: str, cwd: Path) -> tuple[str, str]:
    """Return the answer to a line, and why: the first that refuses, else the first that asks."""
    try:
        found = parse(line)
    except PolicyRefused as error:
        return "refuse", error.why
    if isinstance(found, Shell):
        asked = lines.asked_of_shell(found)
        return asked.answer, asked.why
    judge = lines.Judge(rules=DEFAULT, roots=Roots(workspace=cwd, home=HOME), ask=None)
    place = lines.Place(cwd=cwd, environment={"HOME": str(HOME)})
    told = [one.verdict for one in judge.verdicts(found, place)]
    for want in ("refuse", "ask"):
        for one in told:
            if one.answer == want:
                return want, one.why
    return told[0].answer, told[0].why


@pytest.mark.parametrize(("line", "want", "reason"), TABLE, ids=[repr(line) for line, _, _ in TABLE])
def test_a_line_gets_its_answer(tmp_path, line, want, reason):
    """The answer, and a reason that says what in the line it is."""
    found, why = answer(line, tmp_path)
    assert found == want
    assert reason in why


def test_the_table_has_all_three_answers():
    """A table of one answer would not notice a policy that gives no other."""
    answers = [want for _, want, _ in TABLE]
    assert all(answers.count(want) >= 20 for want in ("allow", "ask", "refuse"))
