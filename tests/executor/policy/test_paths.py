"""Where may be read and written, after links and `..`."""

from __future__ import annotations

import pytest

from autoexec_magic.executor.policy import paths
from autoexec_magic.executor.policy.paths import Roots

WRITES = {
    "a": "allow",
    "sub/a": "allow",
    "./sub/../a": "allow",
    "../../temp/a": "allow",
    "/dev/null": "allow",
    "/dev/shm/a": "allow",
    "../a": "ask outside",
    "~/a": "ask outside",
    "/srv/a": "ask outside",
    ".git/hooks/pre-commit": "ask runs-later",
    ".git/config": "ask runs-later",
    "~/.bashrc": "refuse runs-later",
    "../.profile": "refuse runs-later",
    "~/.config/systemd/user/a.service": "refuse runs-later",
    "/etc/cron.d/a": "refuse runs-later",
    "~/.ipython/profile_default/startup/a.py": "refuse runs-later",
    "/usr/bin/a": "refuse runs-later",
    "/proc/sys/kernel/core_pattern": "refuse runs-later",
    "/dev/sda": "refuse device",
    "~/.ssh/authorized_keys": "refuse secret",
    "../.ssh/a": "refuse secret",
    ".env": "refuse secret",
    "../../private/runs/a": "refuse secret",
}
READS = {
    "a": "allow",
    "../a": "allow",
    "/etc/passwd": "allow",
    "/usr/share/dict": "allow",
    ".env.example": "allow",
    "~/.ssh/id_ed25519": "refuse",
    "~/.aws/credentials": "refuse",
    "/etc/shadow": "refuse",
    "~/.netrc": "refuse",
    "~/.config/gcloud/credentials.db": "refuse",
    "sub/.env": "refuse",
    ".env.production": "refuse",
    "/proc/1/environ": "refuse",
    "/proc/self/environ": "refuse",
    "/run/docker.sock": "refuse",
    "../../private/runs/x/events.jsonl": "refuse",
    "sub/id_rsa": "refuse",
}
REMOVES = {
    "sub": "allow",
    "sub/..": "refuse",
    ".": "refuse",
    "..": "refuse",
    "/": "refuse",
    "~": "refuse",
    "../other": "refuse",
    "/usr": "refuse",
    "../../temp/a": "allow",
    "../../temp": "refuse",
}


@pytest.fixture
def roots(tmp_path, monkeypatch) -> Roots:
    """Return roots with a home and a workspace of their own, and a temporary folder that is neither."""
    for name in ("home/.ssh", "home/project/sub", "temp", "private/runs"):
        (tmp_path / name).mkdir(parents=True)
    inside = property(lambda self: (str(self.workspace), str(tmp_path / "temp"), *map(str, self.more)))
    monkeypatch.setattr(Roots, "writable", inside)
    home = tmp_path / "home"
    return Roots(workspace=home / "project", home=home, private=(tmp_path / "private",))


def written(roots: Roots, path: str) -> str:
    """Return the answer to writing, and the rule."""
    found = paths.write(path, roots.workspace, roots)
    return f"{found.answer} {found.rule}".strip()


@pytest.mark.parametrize(("path", "answer"), WRITES.items(), ids=WRITES)
def test_writing(roots, path, answer):
    """Inside it is ordinary, outside it is a question, what runs later or is a secret is refused."""
    assert written(roots, path) == answer


@pytest.mark.parametrize(("path", "answer"), READS.items(), ids=READS)
def test_reading(roots, path, answer):
    """Anything but a secret."""
    assert paths.read(path, roots.workspace, roots).answer == answer


@pytest.mark.parametrize(("path", "answer"), REMOVES.items(), ids=REMOVES)
def test_removing_all_below(roots, path, answer):
    """Something of the workspace, never the workspace, nor what holds it, nor what is elsewhere."""
    assert paths.remove_all(path, roots.workspace, roots).answer == answer


def test_a_link_is_followed(roots):
    """What it leads to is read and written."""
    (roots.workspace / "link").symlink_to(roots.home / ".ssh")
    (roots.workspace / "out").symlink_to(roots.home)
    assert written(roots, "link/id") == "refuse secret"
    assert paths.read("link/id_x", roots.workspace, roots).answer == "refuse"
    assert written(roots, "out/x") == "ask outside"
    assert written(roots, "out/project/x") == "allow"


def test_a_folder_whose_name_begins_alike_is_another_one():
    """`startswith` is no test of being inside."""
    assert paths.below("/a/b", "/a/b")
    assert paths.below("/a/b/c", "/a/b")
    assert not paths.below("/a/bc", "/a/b")
    assert paths.below("/a", "/")


def test_what_a_person_added_may_be_written(roots, tmp_path):
    """A folder of data beside the project."""
    more = Roots(workspace=roots.workspace, home=roots.home, more=(tmp_path / "data",))
    assert written(more, str(tmp_path / "data" / "x")) == "allow"
    assert written(roots, str(tmp_path / "data" / "x")) == "ask outside"


def test_the_real_roots_are_the_workspace_and_temporary_folders(tmp_path):
    """With their links followed."""
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    assert str(tmp_path / "real") in Roots(workspace=link).writable
    assert "/tmp" in Roots(workspace=link).writable


def test_only_a_module_of_the_workspace_may_run_without_a_rule(tmp_path):
    """One that is installed does with its words whatever its author thought of."""
    roots = Roots(workspace=tmp_path)
    for name in ("a.py", "src/b/__main__.py", "c/d.py", "e/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name, answer in {
        "a": "allow",
        "b": "allow",
        "c.d": "allow",
        "scripts.none": "allow",
        "scripts": "ask",
        "e": "ask",
        "IPython": "ask",
        "c.none": "ask",
    }.items():
        assert paths.run_module(name, tmp_path, roots).answer == answer, name


def test_the_file_of_an_installed_module_is_no_script(tmp_path):
    """Started by its path it would take the same words as by its name."""
    roots = Roots(workspace=tmp_path)
    for file in (
        ".venv/lib/python3.12/site-packages/IPython/__main__.py",
        "venv/bin/ipython",
        "/usr/bin/ipython3",
        "/usr/local/bin/x",
        "/usr/lib/python3/dist-packages/x.py",
    ):
        assert paths.run(file, tmp_path, roots).rule == "library-code", file
    for file in ("a.py", "bin/a.py", ".venv/bin/activate", ".venv"):
        assert paths.run(file, tmp_path, roots).answer == "allow", file


@pytest.mark.parametrize(
    "word", ["{}/../x", "{}/..", "{}/a", "a/{}/../../../x", "{}..", "{}.", "{}{}", "./{}/{}"]
)
def test_what_stands_behind_a_name_that_is_found_may_lead_out(word, tmp_path):
    """`{}` may be a folder, or the root that was searched."""
    roots = Roots(workspace=tmp_path)
    for judge in (paths.read, paths.read_all, paths.write, paths.remove_all, paths.remove_below):
        assert judge(word, tmp_path, roots).rule == "beyond-found", judge


def test_a_name_that_is_found_is_judged_by_where_it_is_found(tmp_path, monkeypatch):
    """With a suffix it stays there."""
    work = tmp_path / "work"
    roots = Roots(workspace=work)
    monkeypatch.setattr(paths, "TEMPORARY", ())
    monkeypatch.setattr(paths.tempfile, "gettempdir", lambda: str(work))
    for word in ("./{}", "{}", "sub/{}", "{}.bak", "out/x{}.txt", f"{work}/sub/{{}}"):
        assert paths.write(word, work, roots).answer == "allow", word
        assert paths.read(word, work, roots).answer == "allow", word
        assert paths.remove_all(word, work, roots).answer == "allow", word
    for word in ("../{}", "/srv/{}.bak", "..{}/x", "a/../../{}"):
        assert paths.write(word, work, roots).answer != "allow", word
    # The folder that was searched may be what is found.
    assert paths.remove_all(f"{work}/{{}}", work, roots).answer == "refuse"


def test_a_file_in_a_folder_is_written_by_the_name_of_the_folder(tmp_path):
    """`cp x .venv/bin` puts a program there."""
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for word in (".venv/bin", ".venv/bin/{}", ".husky/", ".husky", "env/lib"):
        assert paths.write(word, tmp_path, Roots(workspace=tmp_path)).rule == "runs-later", word


def test_a_project_file_with_rules_of_ours_is_asked_about(roots):
    """A line that takes a refusal away would else run unasked; other projects' files are theirs to edit."""
    file = roots.workspace / "pyproject.toml"
    file.parent.mkdir(exist_ok=True)
    for text, answer in (
        (None, "allow"),
        ("[project]\nname = 'a'\n", "allow"),
        ("[tool]\nautoexec.policy.refuse = ['ls *']\n", "ask"),
        ("[tool.autoexec.policy]\nrefuse = ['ls *']\n", "ask"),
        ("[tool.autoexec", "ask"),
    ):
        if text is not None:
            file.write_text(text)
        found = paths.write("pyproject.toml", roots.workspace, roots)
        assert (found.answer, found.rule) == (answer, "" if answer == "allow" else "runs-later"), text
