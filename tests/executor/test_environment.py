"""A child's environment is built from a list of names; what is not on it stays here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autoexec_magic.executor import environment

SECRET = "hunter2hunter2"
PASSED_ON = [
    *("HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TERM", "NO_COLOR", "TMPDIR", "XDG_CACHE_HOME"),
    *("VIRTUAL_ENV", "CONDA_PREFIX", "SSL_CERT_FILE", "HTTPS_PROXY", "https_proxy", "NO_PROXY"),
    *("CUDA_VISIBLE_DEVICES", "JUPYTER_DATA_DIR", "AUTOEXEC_DATA_DIR"),
]
KEPT_BACK = [
    # keys and tokens
    *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "GITHUB_TOKEN", "OPENAI_API_KEY"),
    *("GOOGLE_APPLICATION_CREDENTIALS", "KUBECONFIG", "DATABASE_URL", "JPY_API_TOKEN", "SSH_AUTH_SOCK"),
    # what loads code into every program, or chooses one
    *("LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES", "BASH_ENV", "ENV", "PROMPT_COMMAND"),
    *("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONWARNINGS", "PYTEST_ADDOPTS", "NODE_OPTIONS"),
    *("PERL5OPT", "RUBYOPT", "GIT_SSH_COMMAND", "GIT_PAGER", "PAGER", "EDITOR", "PIP_INDEX_URL"),
    # what only looks like a listed name
    *("home", "HOMER", "XHOME", "LC", "XXDG_A", "TERMCAP"),
]


def test_the_names_on_the_list_are_passed_on(monkeypatch):
    """Who one is, the language, the time zone, certificates, proxies: what programs need to work."""
    for name in PASSED_ON:
        monkeypatch.setenv(name, f"value of {name}")
    built = environment.build("r")
    assert {name: built.get(name) for name in PASSED_ON} == {name: f"value of {name}" for name in PASSED_ON}


def test_every_other_name_stays_here(monkeypatch):
    """Keys, tokens and settings that load code are nobody's business by default."""
    for name in KEPT_BACK:
        monkeypatch.setenv(name, SECRET)
    built = environment.build("r")
    assert [name for name in KEPT_BACK if name in built] == []
    assert SECRET not in built.values()


def test_a_child_really_has_no_more_than_that(monkeypatch):
    """What is built is all that a process started with it can see."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    built = environment.build("r")
    code = "import os; print(sorted(os.environ))"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], env=built, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(sorted({*built, "LC_CTYPE"} if "LC_CTYPE" in done.stdout else built))


@pytest.mark.parametrize(
    ("pass_on", "names"),
    [
        pytest.param((), set(), id="none"),
        pytest.param(("AWS_PROFILE",), {"AWS_PROFILE"}, id="a-name"),
        pytest.param(("AWS_*",), {"AWS_PROFILE", "AWS_REGION"}, id="a-beginning"),
        pytest.param(("*_REGION",), {"AWS_REGION"}, id="an-end"),
        pytest.param(("AWS_PROFILE", "OTHER"), {"AWS_PROFILE", "OTHER"}, id="two"),
        pytest.param(("aws_*",), set(), id="another-case"),
        pytest.param(("AWS",), set(), id="no-wildcard"),
        pytest.param(("NO_SUCH_VARIABLE",), set(), id="not-set"),
        pytest.param(("*",), {"AWS_PROFILE", "AWS_REGION", "OTHER"}, id="all"),
    ],
)
def test_a_verb_may_pass_names_on(monkeypatch, pass_on, names):
    """Whoever names a variable, or a pattern of names, lets the run see it."""
    for name in ("AWS_PROFILE", "AWS_REGION", "OTHER"):
        monkeypatch.setenv(name, "value")
    built = environment.build("r", pass_on=pass_on)
    assert {name for name in ("AWS_PROFILE", "AWS_REGION", "OTHER") if name in built} == names


def test_extra_variables_are_set_whatever_they_are_called():
    """Our own verbs know what their child needs."""
    built = environment.build("r", {"PYTHONPATH": "/x", "LANG": "C", "PATH": "/only"})
    assert (built["PYTHONPATH"], built["LANG"], built["PATH"]) == ("/x", "C", "/only")


def test_a_child_carries_the_id_of_its_run(monkeypatch):
    """By it the processes of a run are found; nobody gives them another one."""
    monkeypatch.setenv("AUTOEXEC_RUN_ID", "of the outer run")
    built = environment.build("r", {"AUTOEXEC_RUN_ID": "x"}, pass_on=["AUTOEXEC_*"])
    assert built["AUTOEXEC_RUN_ID"] == "r"


@pytest.mark.parametrize(
    ("variables", "outer"),
    [
        pytest.param({}, None, id="not-within-a-run"),
        pytest.param({"AUTOEXEC_RUN_ID": "a"}, "a", id="within-one"),
        pytest.param({"AUTOEXEC_RUN_ID": "b", "AUTOEXEC_OUTER_RUNS": "a"}, "a:b", id="within-two"),
    ],
)
def test_a_child_carries_the_ids_of_the_runs_it_is_within(monkeypatch, variables, outer):
    """What a run within a run starts ends with the outer one as well."""
    for name in ("AUTOEXEC_RUN_ID", "AUTOEXEC_OUTER_RUNS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    built = environment.build("inner")
    assert (built["AUTOEXEC_RUN_ID"], built.get("AUTOEXEC_OUTER_RUNS")) == ("inner", outer)


def test_output_is_not_held_back_by_a_child():
    """Python's own buffer would keep lines until the end."""
    assert environment.build("r")["PYTHONUNBUFFERED"] == "1"


def test_the_path_begins_with_the_interpreters_folder(monkeypatch):
    """`python` and `pytest` are the ones of this kernel; the rest of `PATH` follows."""
    monkeypatch.setenv("PATH", f"/opt/a{os.pathsep}/opt/b")
    folder = str(Path(sys.executable).parent)
    assert environment.build("r")["PATH"].split(os.pathsep) == [folder, "/opt/a", "/opt/b"]


def test_links_of_the_interpreter_are_not_followed(monkeypatch, tmp_path):
    """An environment's `python` is a link out of it; its programs are beside the link."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    assert environment.interpreter_folder() == tmp_path / "bin"
    assert environment.search_path().startswith(f"{tmp_path / 'bin'}{os.pathsep}")


def test_without_a_path_the_systems_own_is_taken(monkeypatch):
    """A kernel that was started without `PATH` still finds `ls`."""
    monkeypatch.delenv("PATH")
    assert environment.search_path() == f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"


def test_an_empty_path_adds_no_empty_entry(monkeypatch):
    """An empty entry of `PATH` means the working directory, which nobody asked for here."""
    monkeypatch.setenv("PATH", "")
    assert "" not in environment.search_path().split(os.pathsep)


def test_this_process_keeps_its_environment(monkeypatch):
    """A child's variables are a copy."""
    before = dict(os.environ)
    environment.build("r", {"LANG": "C"})["HOME"] = "/elsewhere"
    assert dict(os.environ) == before
