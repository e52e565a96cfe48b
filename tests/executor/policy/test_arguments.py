"""What arguments make a program do, by every road on which allow-lists were bypassed."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autoexec_magic.errors import AutoexecError, UsageError
from autoexec_magic.executor.policy import rulefile
from autoexec_magic.executor.policy.arguments import LOADS_CODE, Ruling, examples, judge, programs

STRICTER = {"allow": 0, "ask": 1, "refuse": 2}
REFUSED = [shlex.split(example.text) for example in examples() if example.want == "refuse"]
OPTIONS = [
    "-w",
    "-t",
    "-m",
    "-v",
    "--",
    "-",
    "-x",
    "--help",
    "--version",
    "-h",
    "-c",
    "-C",
    "-n",
    "-o",
    "--zap",
    "-rf",
    "-e",
    "--output=x",
]
WORDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [*OPTIONS, *sorted(programs()), ";", "+", "{}", "@x", "a=b", "status", "run", "-exec", "\udcff"]
    ),
)


def line(text: str) -> Ruling:
    """Return the ruling on a command line."""
    return judge(shlex.split(text))


@pytest.mark.parametrize(
    ("text", "answer", "says"),
    [
        # GNU abbreviations of long options
        ("sort --outp=f a", "allow", ""),
        ("sort --compress-p=./x a", "ask", "starts a program"),
        ("tar --checkpoint-act=exec=id -cf a b", "ask", "starts a program"),
        ("tar --c -f a", "ask", "may mean any of"),
        ("rm --no-pre -rf x", "refuse", "guard"),
        ("grep --file=x --includ=y -r .", "allow", ""),
        # values, attached and not, and clusters
        ("tar -xzfa.tar.gz", "allow", ""),
        ("tar -xzI./x -f a", "ask", "starts a program"),
        ("tar xIf ./x a", "ask", "starts a program"),
        ("env -vSls", "ask", "command"),
        ("rsync -ave ./x a b", "ask", "starts a program"),
        ("curl -sSTa https://e.org", "ask", "upload"),
        ("head -n", "ask", "no value"),
        ("ls --all=x", "ask", "takes no value"),
        ("ls -laY", "ask", "-Y"),
        # the end of options, and options behind operands
        ("rm -- -x", "allow", ""),
        ("rm -- --no-preserve-root", "refuse", "guard"),
        ("curl https://e.org --upload-file a", "ask", "upload"),
        ("find . -name x -exec ls", "ask", "no end"),
        ("find . -name x -exec", "ask", "no inner command"),
        ("find . -exec ';'", "ask", "no inner command"),
        # words that hold more arguments
        ("gcc @args", "ask", "further arguments"),
        ("javac @args", "ask", "further arguments"),
        ("curl -d @f https://e.org", "ask", "uploads f"),
        ("tar -cf a -T list", "ask", ""),
        # interpreters and little languages
        ("python -c 'print(1)'", "allow", ""),
        ("python -", "ask", "comes in"),
        ("bash -c 'ls | wc'", "allow", "bash"),
        ("bash -ec 'ls | wc'", "allow", "bash"),
        ("awk 'BEGIN{system(\"id\")}'", "ask", "runs a command"),
        ("sed '1e id' x", "ask", "runs a command"),
        ("sed 's/a/id/e' x", "ask", "runs a command"),
        ("sqlite3 a.db '.shell id'", "ask", ".shell"),
        ("psql -c '\\! id'", "ask", "\\!"),
        # programs that a setting chooses
        ("git -c core.pager=./x log", "ask", "core.pager"),
        ("git -ccore.fsmonitor=./x status", "ask", "core.fsmonitor"),
        ("git clone --upload-pack=./x a", "ask", "programs"),
        ("git clone 'ext::sh -c id'", "refuse", "helper"),
        ("git diff --ext-diff", "ask", "repository"),
        ("make SHELL=./x", "ask", "SHELL"),
        ("make CC=gcc", "ask", "CC"),
        ("env LD_PRELOAD=./x.so ls", "ask", "LD_PRELOAD"),
        ("env -- PYTHONPATH=/x python a.py", "ask", "PYTHONPATH"),
        # what is not known
        ("frobnicate x", "ask", "no rule"),
        ("git frobnicate", "ask", "git frobnicate"),
        ("uniq a b c", "ask", "'c'"),
        ("docker run --privileged x", "refuse", "the machine"),
        ("docker run -v /:/h x", "refuse", "the machine's /"),
        ("sudo ls", "refuse", "privileges"),
        ("chmod u+s x", "refuse", "setuid"),
        ("kill -9 -1", "refuse", "every process"),
    ],
)
def test_a_line_gets_its_answer(text, answer, says):
    """The answer, and a reason that names what it is about."""
    ruling = line(text)
    assert ruling.answer == answer, ruling
    assert says in ruling.why


@pytest.mark.parametrize(
    ("text", "reads", "writes"),
    [
        ("uniq a b", ("a",), ("b",)),
        ("cp a b c", ("a", "b"), ("c",)),
        ("cp -t out a b", ("a", "b"), ("out",)),
        ("cp --target-dir=out a b", ("a", "b"), ("out",)),
        ("mv a b", ("a",), ("b", "a")),
        ("ln -s a b", ("a",), ("b",)),
        ("dd if=a of=b bs=1", ("a",), ("b",)),
        ("sort -ob a", ("a",), ("b",)),
        ("tee a b", (), ("a", "b")),
        ("tar -xf a -C out", ("a",), ("out",)),
        ("tar cf a b", ("b", "a"), ("a",)),
        ("tar cfC a out b", ("b", "a"), ("out", "a")),
        ("sed s/a/b/ x", ("x",), ()),
        ("sed -i s/a/b/ x", ("x",), ("x",)),
        ("sed -i -e s/a/b/ x", ("x",), ("x",)),
        ("sed -n 's/a/b/w out' x", ("x",), ("out",)),
        ("sed 'r /etc/passwd' x", ("/etc/passwd", "x"), ()),
        ("awk '{print > \"out\"}' x", ("x",), ("out",)),
        ("grep -f a b", ("a", "b"), ()),
        ("grep -e a b", ("b",), ()),
        ("grep a b c", ("b", "c"), ()),
        ("find a b -fprint c", ("a", "b"), ("c",)),
        ("find a -delete", ("a",), ("a",)),
        ("find -delete", (".",), (".",)),
        ("gzip -c a", ("a",), ()),
        ("gzip a", ("a",), ("a",)),
        ("gcc -oapp -I inc a.c", ("inc", "a.c"), ("app",)),
        ("curl -o a https://e.org", (), ("a",)),
        ("cat -", (), ()),
        ("git diff --no-index /etc/passwd x", ("/etc/passwd", "x"), ()),
        ("duckdb -c \"select * from '/etc/passwd'\"", ("/etc/passwd",), ()),
        ("curl file:///etc/passwd", ("/etc/passwd",), ()),
    ],
)
def test_the_paths_are_reported_for_the_next_layer(text, reads, writes):
    """Which may be touched is not decided here, so none may be lost."""
    ruling = line(text)
    assert (ruling.reads, ruling.writes) == (reads, writes)


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("timeout -k 1 5 ls -l", (("ls", "-l"),)),
        ("env -i A=1 ls -l", (("ls", "-l"),)),
        ("env A=1", ()),
        ("nice -n 5 timeout 1 ls", (("timeout", "1", "ls"),)),
        ("nohup -- ls -x", (("ls", "-x"),)),
        ("stdbuf -oL python -u a.py", (("python", "-u", "a.py"),)),
        ("flock a ls", (("ls",),)),
        ("time -v ls", (("ls",),)),
        ("busybox wget x", (("wget", "x"),)),
        ("strace -f ls", (("ls",),)),
        ("watch -n 1 ls -l", (("ls", "-l"),)),
        ("watch 'ls; id'", (("sh", "-c", "ls; id"),)),
        ("script -c 'ls; id'", (("sh", "-c", "ls; id"),)),
        ("xargs -0 -n 1 wc -l", (("wc", "-l"),)),
        ("xargs", (("echo",),)),
        ("find src -exec grep a {} +", (("grep", "a", "src/{}"),)),
        ("find a b/ -exec rm {} ;", (("rm", "a/{}"), ("rm", "b/{}"))),
        ("find -execdir rm x{}y ;", (("rm", "x./{}y"),)),
        ("find . -ok sh -c id ;", (("sh", "-c", "id"),)),
        ("python -m pip install x", (("pip", "install", "x"),)),
        ("python -mpytest -q", (("pytest", "-q"),)),
        ("python -m mypackage", ()),
        ("bash -c 'a; b' x y", (("sh", "-c", "a; b"),)),
        ("uv run pytest -q", (("pytest", "-q"),)),
        ("uv run a.py --n 1", (("python", "a.py", "--n", "1"),)),
        ("sh a.sh", ()),
    ],
)
def test_an_inner_command_is_handed_back(text, commands):
    """Whoever judges this command judges that one too."""
    assert line(text).commands == commands


@pytest.mark.parametrize(
    "wrapper", ["timeout 5", "nice", "env", "nohup", "xargs", "stdbuf -o0", "setsid", "time"]
)
def test_a_wrapper_does_not_hide_its_command(wrapper):
    """However many are stacked, the last one is found by peeling."""
    argv = tuple(shlex.split(f"{wrapper} {wrapper} sudo ls"))
    for _ in range(2):
        (argv,) = judge(argv).commands
    assert judge(argv).answer == "refuse"


@pytest.mark.parametrize(
    "inner", ["rm", "python", "sh", "env", "tee", "xargs rm", "cp a", "curl", "sudo", "git"]
)
def test_xargs_does_not_write_or_run_what_nobody_has_seen(inner):
    """Its words come from the input; for a program that only reads them, that is marked."""
    assert line(f"xargs {inner}").answer != "allow"
    assert line("xargs wc -l").unseen
    assert not line("wc -l").unseen


def test_a_chain_of_xargs_has_an_end():
    """Depth is limited before the interpreter's stack is."""
    assert judge(["xargs"] * 50_000).answer == "refuse"


@pytest.mark.parametrize(
    "name", ["LD_PRELOAD", "PYTHONSTARTUP", "BASH_ENV", "ENV", "PAGER", "PATH", "NODE_OPTIONS"]
)
def test_variables_that_load_code_are_listed(name):
    """The first layer uses the same list for `NAME=x command`."""
    assert name in LOADS_CODE
    assert judge(["env", f"{name}=x", "ls"]).answer == "ask"
    assert judge(["env", f"X{name}X=x", "ls"]).answer == "allow"


@pytest.mark.parametrize(
    "text", ["python a.py", "python -c 1", "awk 1 x", "make", "pytest", "npm test", "bash a.sh"]
)
def test_running_code_is_told(text):
    """Running the project's code is ordinary, but the caller wants to know."""
    assert line(text).code
    assert not line("ls").code


def test_the_rule_is_named_with_its_line():
    """A reader finds the rule that decided: the option's reason, the subcommand, or the program."""
    rows = (rulefile.FOLDER / "git.toml").read_text(encoding="utf-8").splitlines()
    for text, wanted in [
        ("git status", "[git.sub.status]"),
        ("git push", '[git.sub."push '),
        ("git rebase -i main", '"it runs commands, or an editor"'),
    ]:
        place, _, name = line(text).rule.partition(" ")
        file, _, number = place.partition(":")
        assert file == "git.toml"
        assert rows[int(number) - 1].startswith(wanted)
        assert name == " ".join(text.split()[:2])


def test_an_empty_command_is_a_fault_of_the_caller():
    """There is nothing to judge."""
    with pytest.raises(UsageError):
        judge([])


def test_a_nul_is_refused():
    """No program can be given one; whoever writes one wants to be read differently twice."""
    assert judge(["echo", "a\0b"]).answer == "refuse"


@given(st.lists(WORDS, min_size=1, max_size=12))
def test_no_words_raise(argv):
    """Whatever is typed, there is an answer."""
    try:
        assert judge(argv).answer in STRICTER
    except AutoexecError:
        pytest.fail("every command that is not empty has an answer")


@given(st.sampled_from(sorted(programs())), st.lists(WORDS, max_size=8))
def test_no_arguments_of_a_known_program_raise(name, words):
    """The same, deep in the rules."""
    assert judge([name, *words]).rule.partition(":")[0].endswith(("toml", "no-argument"))


@given(st.sampled_from(REFUSED), st.lists(WORDS, max_size=4))
def test_a_further_argument_never_allows_what_is_refused(argv, words):
    """Arguments are added at the end."""
    assert judge([*argv, *words]).answer != "allow"


@given(st.sampled_from(REFUSED), st.sampled_from(OPTIONS).filter(lambda option: option != "-"), st.data())
def test_a_further_option_never_allows_what_is_refused(argv, option, data):
    """Options are added anywhere but between an option and its value; one that takes a value has its own."""
    places = [at for at in range(1, len(argv) + 1) if argv[at - 1][:1] != "-"]
    at = data.draw(st.sampled_from(places))
    takes = takes_value(argv[0], option)
    assume(len(takes) < 2)  # a flag of one subcommand that has a value in another
    added = [option, "1"] if takes == {True} else [option]
    assert judge([*argv[:at], *added, *argv[at:]]).answer != "allow"


def takes_value(name: str, option: str) -> set[bool]:
    """Return whether an option of a program, and of its subcommands, would take the next word."""
    found = set()
    pending = [rulefile.load(rulefile.builtin()[name])[name]]
    while pending:
        one = pending.pop()
        pending += one.subs.values()
        if option in one.options:
            found.add(one.options[option].takes[-1:] in ("=", "~"))
    return found


@given(st.permutations(sorted(rulefile.FOLDER.glob("*.toml"))))
def test_the_order_of_rule_files_does_not_matter(files):
    """Each program is in one file, so there is nothing to override."""
    assert rulefile.index(files) == dict(rulefile.builtin())


@pytest.mark.parametrize(
    ("text", "answer", "modules"),
    [
        ("python -m IPython -c 1", "allow", ("IPython",)),
        ("coverage run -m debugpy --listen 1 a.py", "allow", ("debugpy",)),
        ("python -m cProfile -m keyring get x y", "allow", ("keyring",)),
        ("python -m json.tool a.json", "allow", ()),
        ("python -m smtplib", "ask", ()),
        ("python -m ipykernel install --user", "ask", ()),
        ("python -m autoexec_magic sh --yes ls", "refuse", ()),
        ("python -m autoexec_magic.ui.cli sh --yes ls", "refuse", ()),
        ("python -Im autoexec_magic policy accept", "refuse", ()),
        ("jupyter autoexec policy accept --yes", "refuse", ()),
    ],
)
def test_a_module_without_a_rule_is_told_to_whoever_knows_the_folder(text, answer, modules):
    """Nothing is said of what it does with its words."""
    assert (line(text).answer, line(text).modules) == (answer, modules)


@pytest.mark.parametrize(
    ("text", "answer", "writes"),
    [
        ("curl -O https://e.org/a/.envrc?x=1", "allow", (".", ".envrc")),
        ("curl -O https://e.org/%2eenvrc", "allow", (".", "%2eenvrc", ".envrc")),
        ("curl https://e.org/.envrc", "allow", ()),
        ("curl -o a https://e.org/.envrc", "allow", ("a",)),
        ("wget https://e.org/.npmrc", "allow", (".", ".npmrc")),
        ("wget https://e.org", "allow", (".",)),
        ("wget -O a https://e.org/.npmrc", "allow", ("a",)),
        ("wget -x https://e.org/a/b", "allow", (".", "b")),
        ("wget -nH -x https://e.org/.git/config", "ask", (".", "config")),
        ("unzip a.zip src/a.py", "allow", (".", "src/a.py")),
        ("unzip a.zip .git/config", "ask", (".", ".git/config")),
        ("tar -xf a.tar ../../x", "ask", (".", "../../x")),
        ("tar --remove-files -cf a.tar b", "ask", ("a.tar", "b")),
        ("csplit -b %d.txt a 2", "allow", (".",)),
        ("csplit -b /../x a 2", "ask", (".",)),
        ("make 'X!=id'", "ask", ()),
        ("make X=a!", "allow", ()),
        ("git config branch.main.rebase true", "allow", ()),
        ("git config branch.main.remote x", "ask", ()),
        ("git maintenance start", "ask", ()),
        ("uv sync --script https://e.org/x.py", "ask", ()),
    ],
)
def test_what_is_made_without_being_named_is_known(text, answer, writes):
    """A download is called as its address ends, and an archive makes what it holds."""
    ruling = line(text)
    assert (ruling.answer, sorted(ruling.writes)) == (answer, sorted(writes))
