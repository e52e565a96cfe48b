"""What is sent: the same bytes for the same files, no secret, and a word before it is large."""

from __future__ import annotations

import io
import os
import shlex
import tarfile
import time
from dataclasses import replace

import benches
import pytest

from autoexec_magic.builder import image, source_of
from autoexec_magic.builder.artifacts import Input
from autoexec_magic.builder.image import context, ignored, parsed
from autoexec_magic.errors import BuildError
from autoexec_magic.events import Progress


def plan(folder, tmp_path, **words):
    """Return the plan of a folder."""
    return image.plan(source_of(folder, tmp_path), replace(benches.bench(tmp_path), **words))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder with a Dockerfile that copies all, where there is no engine."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    made = tmp_path / "own"
    made.mkdir()
    (made / "Dockerfile").write_text("FROM scratch\nCOPY . /x\n")
    return made


def members(planned):
    """Return what the tar of a plan holds."""
    sent = planned.data["image"].context
    raw = b"".join(context.tar_of(sent, planned.inputs))
    return raw, {item.name: item for item in tarfile.open(fileobj=io.BytesIO(raw)).getmembers()}


def test_the_tar_is_the_same_on_every_machine(folder, tmp_path):
    """No time, no owner, no order of the disk's, and modes that git knows."""
    for name, mode in (("b.sh", 0o700), ("a.txt", 0o600)):
        (folder / name).write_text(name)
        (folder / name).chmod(mode)
    (folder / "link").symlink_to("a.txt")
    raw, found = members(plan(folder, tmp_path))
    os.utime(folder / "a.txt", (1, 1))
    (folder / "a.txt").chmod(0o664)
    assert members(plan(folder, tmp_path))[0] == raw
    assert list(found) == ["Dockerfile", "a.txt", "b.sh", "link"]
    assert {(item.uid, item.gid, item.mtime, item.uname) for item in found.values()} == {(0, 0, 0, "")}
    assert [found[name].mode for name in ("a.txt", "b.sh")] == [0o644, 0o755]
    assert found["link"].linkname == "a.txt"


def test_what_dockerignore_names_is_not_sent_but_the_two_files_of_the_engine(folder, tmp_path):
    """It reads them, and does not copy them."""
    (folder / ".dockerignore").write_text("*\n!keep\n")
    for name in ("keep", "other"):
        (folder / name).write_text("")
    assert list(members(plan(folder, tmp_path))[1]) == [".dockerignore", "Dockerfile", "keep"]


def test_environments_and_caches_are_sent_only_where_a_copy_names_them(folder, tmp_path):
    """A repository, too."""
    for name in (".git", ".venv", "node_modules", "sub/__pycache__"):
        (folder / name).mkdir(parents=True)
        (folder / name / "x").write_text("")
    assert list(members(plan(folder, tmp_path))[1]) == ["Dockerfile"]
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY node_modules /x\n")
    assert list(members(plan(folder, tmp_path))[1]) == ["Dockerfile", "node_modules/x"]


@pytest.mark.parametrize("copied", [".", ".env", "./.env", "*"])
def test_a_secret_is_refused_with_the_line_that_copies_it(folder, tmp_path, copied):
    """Its file is named, and not what it holds; left out, it is no matter."""
    (folder / "Dockerfile").write_text(f"FROM scratch\nCOPY {copied} /x\n")
    (folder / ".env").write_text("TOKEN=hunter2hunter2")
    with pytest.raises(BuildError) as refused:
        plan(folder, tmp_path)
    assert refused.value.what.startswith(".env would go into the image")
    assert (copied == ".") or "line 2 of the Dockerfile copies it" in refused.value.why
    assert ">> .dockerignore" in refused.value.fix
    assert "hunter2" not in str(refused.value)
    (folder / ".dockerignore").write_text(".env\n")
    plan(folder, tmp_path)


def test_a_fix_can_be_typed_whatever_a_file_is_called(tmp_path):
    """A name is quoted; and what is made for an image, no line of .dockerignore leaves out."""
    file = tmp_path / "it's.txt"
    file.write_text("npm_" + "a1B2" * 9)
    with pytest.raises(BuildError) as refused:
        context.inputs_of(context.Context(files=((file.name, file),)))
    assert shlex.split(refused.value.fix.partition(",")[0]) == ["echo", file.name, ">>", ".dockerignore"]
    ours = {"made/requirements.txt": file.read_bytes()}
    with pytest.raises(BuildError, match="would go into the image") as refused:
        context.inputs_of(context.Context(files=(), ours=ours))
    assert ".dockerignore" not in refused.value.fix
    assert "requirements" in refused.value.fix


def test_a_token_in_the_dockerfile_is_refused(folder, tmp_path):
    """It would be in the image's history for ever."""
    (folder / "Dockerfile").write_text("FROM scratch\nENV T=ghp_" + "a1B2" * 9 + "\n")
    with pytest.raises(BuildError, match="the value of T into the image"):
        plan(folder, tmp_path)


def test_five_gigabytes_are_warned_of_before_one_is_read(folder, tmp_path):
    """Sizes are the file system's; who stops it then has lost no time."""
    for number in range(1, 8):
        (folder / f"data{number}").mkdir()
        with (folder / f"data{number}" / "x").open("wb") as stream:
            stream.truncate(number * 200 << 20)
    heard = []

    def emit(event):
        heard.append(event)
        if isinstance(event, Progress):
            raise KeyboardInterrupt

    began = time.process_time()
    with pytest.raises(KeyboardInterrupt):
        plan(folder, tmp_path, emit=emit)
    assert time.process_time() - began < 2  # hashing that much takes many times as long
    said = heard[-1].text
    assert "5.9 GB would be sent" in said
    assert [name in said for name in ("data7/", "data3/", "data2/")] == [True, True, False]


def test_a_small_context_is_not_warned_of(folder, tmp_path, monkeypatch):
    """Half a gigabyte is the line (here a megabyte); one that is warned of is so once, before it is read."""
    heard = []
    monkeypatch.setattr(context, "WARN_BYTES", 1 << 20)
    assert not any("would be sent" in each for each in plan(folder, tmp_path, emit=heard.append).warnings)
    assert not any("would be sent" in str(each) for each in heard)
    with (folder / "large").open("wb") as stream:
        stream.truncate(2 << 20)
    made = plan(folder, tmp_path, emit=heard.append)
    said = [*made.warnings, *(each.text for each in heard if isinstance(each, Progress))]
    assert sum("would be sent" in each for each in said) == 1


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    """It went away after the plan."""
    (tmp_path / "a").write_text("1")
    sent = context.Context(files=(("a", tmp_path / "a"),))
    inputs = context.inputs_of(sent)
    (tmp_path / "a").unlink()
    with pytest.raises(BuildError, match="a cannot be read"):
        list(context.tar_of(sent, inputs))


@pytest.mark.parametrize("content", ["22", "1", ""])
def test_a_file_that_is_another_one_by_now_ends_it(tmp_path, content):
    """Longer, as long, or shorter."""
    (tmp_path / "a").write_text("0")
    sent = context.Context(files=(("a", tmp_path / "a"),))
    inputs = context.inputs_of(sent)
    (tmp_path / "a").write_text(content)
    with pytest.raises(BuildError, match="a changed while"):
        list(context.tar_of(sent, inputs))


def test_what_a_copy_or_a_line_asks_for_is_wanted():
    """And what is above and below it."""
    rules = ignored.parse("*\n!.git/HEAD\n")
    wanted = context.wanted_by(parsed.read("FROM a\nCOPY x /y").copies, rules)
    assert [wanted(path) for path in (".git", ".git/HEAD", ".git/config", "node_modules")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("changes", ["content", "mode", "link", "pipe"])
@pytest.mark.parametrize("sent", ["tar", "folder"])
def test_what_was_neither_looked_at_nor_digested_is_not_sent(tmp_path, changes, sent):
    """Neither as a tar nor as the folder that BuildKit gets."""
    file = tmp_path / "from" / "a"
    file.parent.mkdir()
    file.write_text("1")
    sending = context.Context(files=(("a", file),))
    inputs = context.inputs_of(sending)
    if changes == "content":
        file.write_text("2")
    elif changes == "mode":
        file.chmod(0o755)
    else:
        file.unlink()
        if changes == "link":
            file.symlink_to("/etc/hostname")
        else:
            os.mkfifo(file)
    (tmp_path / "to").mkdir()
    to = tmp_path / "to"
    with pytest.raises(BuildError):
        list(context.tar_of(sending, inputs)) if sent == "tar" else context.lay_out(sending, inputs, to)


@pytest.mark.parametrize("before", [0, (1 << 20) - 10, 3 << 20])
def test_a_token_is_found_wherever_it_stands(tmp_path, before):
    """Also across two pieces that are read, and far behind the beginning."""
    (tmp_path / "a.bin").write_bytes(b" " * before + b"npm_" + b"a1B2" * 9 + b" " * (1 << 20))
    with pytest.raises(BuildError, match="would go into the image"):
        context.inputs_of(context.Context(files=(("a.bin", tmp_path / "a.bin"),)))


def test_a_file_that_grew_is_sent_no_further_than_it_was(tmp_path):
    """One that somebody writes to all the while would be sent without an end."""
    file = tmp_path / "log"
    file.write_bytes(b"x" * (5 << 20))
    known = Input(path="log", digest="", bytes=1)
    pieces = []
    with pytest.raises(BuildError, match="log changed while it was built"):
        pieces.extend(context._content(file, known))
    assert pieces == []
    grown = context._content(file, known)
    with pytest.raises(BuildError, match="log changed"):
        next(grown)
