"""The rule files: each proves itself by its own examples, and each can say no."""

from __future__ import annotations

import shlex
from collections import defaultdict

import pytest

from autoexec_magic.executor.policy import rulefile
from autoexec_magic.executor.policy.arguments import examples, judge, programs

EXAMPLES = list(examples())
FILES = sorted(rulefile.FOLDER.glob("*.toml"))
NAMES = [pytest.param(file, id=file.name) for file in FILES]
WANTED = """
 cat head tail ls cp mv rm mkdir rmdir touch ln chmod chown stat wc sort uniq cut paste tr tee join comm
split csplit seq date df du echo printf pwd basename dirname realpath readlink sleep true false test expr
yes nl fold fmt od tac shuf sha256sum md5sum base64 env id whoami uname nproc tty hostname timeout nice
nohup stdbuf mktemp truncate dd install sync find xargs grep egrep fgrep rg ag sed awk diff cmp patch tar
gzip gunzip zcat bzip2 xz zstd zip unzip 7z git python pip uv uvx conda mamba jupyter pytest ruff mypy
black isort flake8 tox nox pre-commit pyright twine poetry node npm npx yarn pnpm tsc eslint prettier
cargo rustc go java javac mvn gcc g++ clang cmake make ninja ld ar docker podman kubectl helm aws gcloud
gsutil az terraform curl wget ssh scp rsync ping dig nslookup nc jq yq sqlite3 psql mysql duckdb csvcut
csvgrep csvstat ps top free uptime lscpu lsblk nvidia-smi kill pkill lsof which file tree less more man
ffmpeg ffprobe convert dot pandoc huggingface-cli kaggle tensorboard accelerate torchrun wandb dvc mlflow
openssl xxd hexdump strings apt apt-get dpkg time setsid ionice chrt taskset flock watch parallel busybox
strace script unshare sudo su doas bash sh
""".split()  # noqa: SIM905 - one name a line would fill the screen


@pytest.mark.parametrize(
    "example", EXAMPLES, ids=lambda example: f"{example.file}:{example.line}:{example.text}"
)
def test_an_example_gets_the_answer_that_its_file_promises(example):
    """A rule and its examples change together."""
    ruling = judge(shlex.split(example.text))
    assert ruling.answer == example.want, ruling


def test_every_table_has_deny_examples():
    """Who writes a rule without a single no has not thought about what can go wrong."""
    denied = {example.program for example in EXAMPLES if example.want != "allow"}
    assert {next(iter(names.split())) for names in tables()} - denied == set()


def test_every_table_that_can_allow_has_an_example_that_is_allowed():
    """A rule that asks about everything by mistake would go unnoticed."""
    allowed = {example.program for example in EXAMPLES if example.want == "allow"}
    never = {name for name in programs() if rule(name).answer != "allow"}
    assert {next(iter(names.split())) for names in tables()} - allowed - never == set()


def tables() -> list[str]:
    """Return the headers of all programs' tables."""
    return [
        match[1] or match[2]
        for file in FILES
        for match in rulefile._HEADER.finditer(file.read_text(encoding="utf-8"))
        if (match[1] or match[2]) != "sets"
    ]


def rule(name: str) -> rulefile.Rule:
    """Return a program's rule."""
    return rulefile.load(rulefile.builtin()[name])[name]


def test_the_programs_that_people_run_have_rules():
    """At least these, and many more."""
    assert set(WANTED) - programs() == set()
    assert len(programs()) >= 130


def test_all_names_of_a_table_have_the_same_rule():
    """`egrep` is judged as `grep` is, so one set of examples proves both."""
    for names in tables():
        rules = [rule(name) for name in names.split()]
        assert len({(one.style, one.operands, tuple(one.options), tuple(one.subs)) for one in rules}) == 1


def test_an_example_stands_where_it_is_said_to_stand():
    """The line number leads a reader to the example."""
    rows = {file.name: file.read_text(encoding="utf-8").splitlines() for file in FILES}
    plain = [example for example in EXAMPLES if not set(example.text) & set('\\"\0')]
    assert len(plain) > 1000
    for example in plain:
        assert example.text in rows[example.file][example.line - 1]


@pytest.mark.parametrize("file", NAMES)
def test_a_rule_file_can_be_read(file):
    """All of it, also tables that no example reaches."""
    assert rulefile.load(file)


@pytest.mark.parametrize("file", NAMES)
def test_a_question_says_why(file):
    """A reason that is empty helps nobody to decide."""
    pending = list(rulefile.load(file).values())
    while pending:
        one = pending.pop()
        pending += one.subs.values()
        assert one.answer == "allow" or one.why
        assert all(option.why for option in one.options.values() if option.answer != "allow")


def test_no_program_is_in_two_files():
    """Then the order of the files could decide."""
    found = defaultdict(list)
    for names in tables():
        for name in names.split():
            found[name].append(names)
    assert {name: where for name, where in found.items() if len(where) > 1} == {}
