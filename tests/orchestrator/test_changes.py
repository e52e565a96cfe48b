"""What changed is what git says, of the workspace alone; a repository's settings start nothing outside."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from skips import requires

from autoexec_magic import api, executor
from autoexec_magic.config import Config
from autoexec_magic.errors import Cancelled, MissingTool, UsageError
from autoexec_magic.history import new_id
from autoexec_magic.orchestrator import Plan, Surroundings
from autoexec_magic.orchestrator.changes import changed_files, repository_of
from autoexec_magic.values import Verdict

FILES = {
    "pyproject.toml": "",
    "shop/__init__.py": "",
    "shop/prices.py": "RATE = 2\n",
    "shop/cart.py": "from .prices import RATE\n",
    "test_cart.py": "from shop.cart import RATE\ndef test_rate():\n    assert RATE\n",
    "test_alone.py": "def test_alone():\n    pass\n",
}
LEAN = ("-p", "no:cacheprovider")


@pytest.fixture
def repository(tmp_path, monkeypatch) -> Path:
    """Return a repository with one commit."""
    requires(shutil.which("git"), "git is not installed", "apt-get install git")
    requires(executor.cage.can_be_had("workspace", tmp_path), "no cage here", "a kernel with Landlock")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    root = tmp_path / "a project"
    write(root, FILES)
    git(root, "init", "-q", "-b", "main")
    commit(root)
    return root


def write(root: Path, files: dict[str, str]) -> None:
    """Write files below a folder."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def git(root: Path, *words: str) -> None:
    """Run git as somebody."""
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True)


def commit(root: Path) -> None:
    """Commit all there is."""
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "all", "--allow-empty")


def around(root: Path, **more: object) -> Surroundings:
    """Return the surroundings of a run in a folder."""
    return Surroundings(
        config=Config(),
        cwd=root,
        workspace=root,
        cache=root.parent / "cache",
        ask=api.nobody,
        run_id=new_id(),
        **more,
    )


def changed(root: Path, since: str = "", **more: object) -> tuple[str, ...]:
    """Return what changed, as git in the cage says."""
    plan = Plan(verb="test", title="pytest", phases=(), level="workspace")
    return changed_files(since, plan, around(root, **more))


def test_what_is_new_edited_removed_or_renamed_has_changed(repository):
    """Of what was renamed both names; what is ignored has not, and what is staged has."""
    assert changed(repository) == ()
    write(
        repository, {".gitignore": "*.log\n", "x.log": "", "a b/ü\n.py": "", "shop/prices.py": "RATE = 3\n"}
    )
    (repository / "test_alone.py").unlink()
    git(repository, "mv", "shop/cart.py", "shop/basket.py")
    assert changed(repository) == (
        ".gitignore",
        "a b/ü\n.py",
        "shop/basket.py",
        "shop/cart.py",
        "shop/prices.py",
        "test_alone.py",
    )


def test_since_another_commit(repository):
    """A tag, a branch, or how many commits ago."""
    git(repository, "tag", "v1")
    write(repository, {"shop/prices.py": "RATE = 3\n"})
    commit(repository)
    assert changed(repository) == ()
    assert changed(repository, "v1") == changed(repository, "HEAD~1") == ("shop/prices.py",)


@pytest.mark.parametrize("since", ["nosuch", "HEAD~9", "a..b", ""])
def test_a_commit_that_is_not_there_is_an_error(repository, since):
    """With git's own reason; also where there is no commit at all."""
    if not since:
        shutil.rmtree(repository / ".git")
        git(repository, "init", "-q")
    with pytest.raises(UsageError, match="cannot tell what changed") as caught:
        changed(repository, since)
    assert caught.value.why.startswith("fatal: ")
    assert caught.value.fix == (
        "name a commit, branch or tag: --changed=COMMIT; paths stand before --changed"
        if since
        else "run it in a git repository with a commit"
    )


@pytest.mark.parametrize("since", ["--output=stolen", "-O/etc/passwd", "--no-index", "-"])
def test_no_option_of_gits_comes_in_as_a_commit(repository, since):
    """`--output` would write a file."""
    with pytest.raises(UsageError, match="cannot be"):
        changed(repository, since)
    assert not (repository / "stolen").exists()


def test_no_repository_is_an_error(repository):
    """It says so in one line, not with git's help."""
    shutil.rmtree(repository / ".git")
    with pytest.raises(UsageError) as caught:
        changed(repository)
    assert "ot a git repository" in caught.value.why


def test_no_git_is_a_missing_tool(repository, monkeypatch):
    """Which says how to do without."""
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(MissingTool, match="git is not here"):
        changed(repository)


def test_a_stop_meanwhile_is_a_stop(repository):
    """Not a repository that is broken."""
    cancel = executor.Cancel()
    cancel.set()
    try:
        with pytest.raises(Cancelled):
            changed(repository, cancel=cancel)
        with pytest.raises(Cancelled):
            changed(repository, is_cancelled=lambda: True)
    finally:
        cancel.close()


def test_a_project_in_a_folder_of_its_repository(repository):
    """Only what is below the workspace counts; rules of the folders above leave things out here, too."""
    inner = repository / "packages" / "one"
    write(repository, {".gitignore": "*.log\n"})
    write(inner, {"pyproject.toml": "", "m.py": "", "test_m.py": "import m\n"})
    commit(repository)
    write(repository, {"shop/prices.py": "RATE = 3\n"})
    write(inner, {"m.py": "A = 1\n", "x.log": "", "new.py": ""})
    assert changed(inner) == ("m.py", "new.py")


def test_a_worktree_reads_its_repository(repository, tmp_path):
    """Its `.git` is a file that names another place."""
    other = tmp_path / "worktree"
    git(repository, "worktree", "add", "-q", str(other))
    write(other, {"shop/prices.py": "RATE = 3\n"})
    assert changed(other) == ("shop/prices.py",)
    assert repository_of(other)[1:] == (repository / ".git",)


def test_a_file_that_claims_to_be_a_worktree_opens_nothing(repository, tmp_path):
    """A run may have written it: what it names has to know this worktree."""
    secret = tmp_path / "keys"
    write(secret, {"commondir": ".", "gitdir": f"{tmp_path}/nowhere/.git", "HEAD": "ref: refs/heads/main\n"})
    claims = tmp_path / "claims"
    own = claims / "made" / "worktrees" / "x"
    write(claims, {".git": f"gitdir: {secret}\n"})
    assert repository_of(claims) == (claims / ".git",)
    write(claims, {".git": f"gitdir: {own}\n"})
    write(own, {"commondir": str(secret), "gitdir": f"{claims}/.git"})
    assert repository_of(claims) == (claims / ".git",)
    write(claims, {".git": f"gitdir: {repository}/.git\n"})
    assert repository_of(claims) == (claims / ".git",)
    (claims / ".git").write_bytes(b"\xff\xfe")
    assert repository_of(claims) == (claims / ".git",)


def hostile(repository: Path, outside: Path) -> Path:
    """Let every program that a repository can name leave a trace inside and outside; return its place."""
    trace = repository / "trace.sh"
    trace.write_text(f"#!/bin/sh\ntouch '{outside}/ran' 2>/dev/null\ntouch '{repository}/ran-inside'\ncat\n")
    trace.chmod(0o755)
    (repository / ".git" / "info").mkdir(exist_ok=True)
    write(repository, {".git/info/attributes": "* filter=evil diff=evil\n"})
    for name in (
        "core.fsmonitor",
        "filter.evil.clean",
        "filter.evil.process",
        "diff.evil.textconv",
        "diff.evil.command",
        "diff.external",
        "core.pager",
        "core.editor",
        "core.sshCommand",
    ):
        git(repository, "config", name, f"'{trace}'")
    for hook in ("post-index-change", "pre-auto-gc", "fsmonitor-watchman"):
        shutil.copy(trace, repository / ".git" / "hooks" / hook)
    return trace


def test_programs_that_a_repository_names_start_nothing_outside_the_cage(repository, tmp_path):
    """git does start the filter of a file that changed; a twin without a cage shows that it would."""
    outside = tmp_path / "outside"
    outside.mkdir()
    commit(repository)
    hostile(repository, outside)
    git(repository, "config", "--unset", "filter.evil.process")
    write(repository, {"shop/prices.py": "RATE = 3\n"})
    os.utime(repository / "shop/cart.py")
    found = changed(repository)
    assert "shop/prices.py" in found
    assert not (outside / "ran").exists()
    open_plan = Plan(verb="test", title="pytest", phases=(), level="open")
    changed_files("", open_plan, around(repository))  # what is asked for with --cage open is not caged
    assert (outside / "ran").exists()


@pytest.mark.parametrize("name", ["core.fsmonitor", "diff.external", "core.pager"])
def test_what_git_would_start_for_itself_is_not_started_at_all(repository, tmp_path, name):
    """Also not within the cage: it has no part in what changed."""
    trace = hostile(repository, tmp_path)
    (repository / ".git/info/attributes").unlink()
    for other in ("core.fsmonitor", "diff.external", "core.pager"):
        if other != name:
            git(repository, "config", "--unset", other)
    assert trace.exists()
    write(repository, {"shop/prices.py": "RATE = 3\n"})
    (repository / "ran-inside").unlink(missing_ok=True)
    assert "shop/prices.py" in changed(repository)
    assert not (repository / "ran-inside").exists()


def test_only_what_a_change_concerns_runs(repository, emit):
    """From git to pytest: two hops away, with paths, and by the last commit."""
    caller = api.Caller(emit=emit, cwd=repository)
    assert api.test(*LEAN, changed="", caller=caller).verdict == Verdict.SKIPPED
    write(repository, {"shop/prices.py": "RATE = 3\n"})
    report = api.test(*LEAN, changed="", caller=caller)
    assert {case.key for case in report.cases} == {"test_cart.py::test_rate"}
    assert [event.text for event in emit if type(event).__name__ == "Progress"] == [
        "nothing changed",
        "1 file changed: 1 test file",
    ]
    assert api.test(*LEAN, "test_alone.py", changed="", caller=caller).verdict == Verdict.SKIPPED
    nodeid = "test_cart.py::test_rate"
    assert [case.key for case in api.test(*LEAN, nodeid, changed="", caller=caller).cases] == [nodeid]
    write(repository, {"pyproject.toml": "[tool.pytest.ini_options]\n"})
    assert len(api.test(*LEAN, changed="", caller=caller).cases) == 2
