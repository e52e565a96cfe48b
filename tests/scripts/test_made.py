"""What a script leaves is found by its last change; pictures are shown, everything else is only named."""

from __future__ import annotations

import os
import struct
import time
import zlib

import pytest

from autoexec_magic.scripts import made


def png(width: int, height: int, *, extra: bytes = b"") -> bytes:
    """Return a picture that says it is so large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * (1 + 3 * min(width, 10)) * min(height, 10))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"") + extra


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\0" + bytes(9) + b"\xff\xc0\x00\x11\x08\x00\x20\x00\x10\x03" + bytes(9)


@pytest.fixture
def since(tmp_path):
    """Return the time from which on files count; one was there before."""
    (tmp_path / "work").mkdir()
    (tmp_path / "figures").mkdir()
    (tmp_path / "work" / "old.csv").write_text("a")
    (tmp_path / "work" / "kept.csv").write_text("a")
    time.sleep(0.02)  # older kernels count the time of a change in steps
    (tmp_path / "mark").touch()
    return made.mark(tmp_path / "mark")


def found(tmp_path, since: int) -> dict[str, made.Made]:
    """Return what is found, by its name."""
    return {item.name: item for item in made.find(tmp_path / "work", since, tmp_path / "figures").made}


def test_what_is_new_or_changed_is_named(tmp_path, since):
    """With its size and what its ending says; what is as it was is not."""
    (tmp_path / "work" / "out").mkdir()
    (tmp_path / "work" / "out" / "new.csv").write_text("a,b\n")
    (tmp_path / "work" / "old.csv").write_text("other")
    seen = found(tmp_path, since)
    assert {name: (item.size_bytes, item.mime) for name, item in seen.items()} == {
        "out/new.csv": (4, "text/csv"),
        "old.csv": (5, "text/csv"),
    }


def test_a_time_that_was_set_back_does_not_hide_a_change(tmp_path, since):
    """The time of the last change is nobody's to set."""
    (tmp_path / "work" / "old.csv").write_text("other")
    os.utime(tmp_path / "work" / "old.csv", (0, 0))
    assert list(found(tmp_path, since)) == ["old.csv"]


@pytest.mark.parametrize("folder", [".git", "node_modules", ".venv", "__pycache__", "a/.ipynb_checkpoints"])
def test_what_tools_fill_is_left_out(tmp_path, since, folder):
    """It is not what the script was for; but something was written."""
    (tmp_path / "work" / folder).mkdir(parents=True)
    (tmp_path / "work" / folder / "x").write_text("x")
    assert found(tmp_path, since) == {}
    assert made.has_written(tmp_path / "work", since)


def test_nothing_written_is_seen_as_such(tmp_path, since):
    """Then a script may run again without a question."""
    assert not made.has_written(tmp_path / "work", since)
    (tmp_path / "work" / "empty").mkdir()
    assert made.has_written(tmp_path / "work", since)


def test_what_was_removed_is_a_change(tmp_path, since):
    """Of the folder that it was in."""
    (tmp_path / "work" / "old.csv").unlink()
    assert made.has_written(tmp_path / "work", since)


def test_no_link_is_followed_and_nothing_odd_is_opened(tmp_path, since):
    """A link, a pipe that nobody writes to, a folder that is its own: all passed over, at once."""
    (tmp_path / "secret.png").write_bytes(png(1, 1))
    work = tmp_path / "work"
    (work / "a.png").symlink_to(tmp_path / "secret.png")
    (work / "up").symlink_to(tmp_path)
    (work / "self").symlink_to(work)
    os.mkfifo(work / "pipe.png")
    (tmp_path / "figures" / "1-figure-1.png").symlink_to(tmp_path / "secret.png")
    os.mkfifo(tmp_path / "figures" / "2-figure-2.png")
    assert found(tmp_path, since) == {}


def test_a_picture_is_shown_once(tmp_path, since):
    """Also where it is shown and saved; what is named is named each time."""
    (tmp_path / "figures" / "7-1-figure-1.png").write_bytes(png(3, 2))
    (tmp_path / "work" / "a.png").write_bytes(png(3, 2))
    (tmp_path / "work" / "b.jpg").write_bytes(JPEG)
    seen = found(tmp_path, since)
    assert {name: (item.mime, item.width, item.height, bool(item.data)) for name, item in seen.items()} == {
        "figure 1": ("image/png", 3, 2, True),
        "a.png": ("image/png", 3, 2, False),
        "b.jpg": ("image/jpeg", 16, 32, True),
    }
    assert next(iter(seen)) == "figure 1"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        ("a.html", b"<script>alert(1)</script>"),
        ("a.png", b"<svg><script>alert(1)</script></svg>"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"x" * 40),
        ("a.png", png(100_000, 100_000)),
        ("a.jpg", b"\xff\xd8\xff" + b"\xff" * 100),
        ("a.jpg", b"\xff\xd8\xff\xe0\x00"),
        ("a.gif", b"GIF89a"),
    ],
)
def test_what_may_run_or_grow_is_only_named(tmp_path, since, name, data):
    """A picture is what its first bytes say, and no larger than a screen can use when it is drawn."""
    (tmp_path / "work" / name).write_bytes(data)
    assert [item.data for item in found(tmp_path, since).values()] == [b""]


def test_so_much_is_shown_and_no_more(tmp_path, since, monkeypatch):
    """And so much is looked at; that there is more is said."""
    monkeypatch.setattr(made, "MOST_SHOWN", 2)
    for number in range(4):
        (tmp_path / "work" / f"{number}.png").write_bytes(png(1 + number, 1))
    assert sum(bool(item.data) for item in found(tmp_path, since).values()) == 2
    monkeypatch.setattr(made, "MOST_NAMED", 3)
    assert not made.find(tmp_path / "work", since, tmp_path / "figures").is_all
    monkeypatch.setattr(made, "MOST_LOOKED_AT", 2)
    assert not made.find(tmp_path / "work", since, tmp_path / "figures").is_all
    assert made.has_written(tmp_path / "work", since)


def test_a_name_is_made_harmless(tmp_path, since):
    """It comes from the script, and goes to screens and records."""
    (tmp_path / "work" / "a\x1b]52;c;YQ==\x07\n\u202eb.csv").write_text("x")
    (tmp_path / "work" / os.fsdecode(b"\xff.csv")).write_text("x")
    names = list(found(tmp_path, since))
    assert len(names) == 2
    assert all(name.isprintable() for name in names)


def test_a_folder_that_is_gone_has_nothing(tmp_path, since):
    """A script may remove its own."""
    for path in (tmp_path / "work").iterdir():
        path.unlink()
    (tmp_path / "work").rmdir()
    assert made.find(tmp_path / "work", since, tmp_path / "nowhere").made == ()


def test_a_picture_that_never_begins_is_soon_given_up():
    """Else its sixteen megabytes of filling would be gone through byte by byte, in the kernel."""
    steps = 0

    class Counted(bytes):
        def __getitem__(self, at):
            nonlocal steps
            steps += 1
            return super().__getitem__(at)

    assert made.size_of(Counted(b"\xff\xd8" + b"\xff" * 100_000)) == ("", 0, 0)
    assert steps < 20_000


def test_what_is_not_named_is_not_read(tmp_path, since, monkeypatch):
    """Thousands of links to one large picture would be read one after the other."""
    first = tmp_path / "work" / "0.png"
    first.write_bytes(png(2, 2))
    for number in range(1, 300):
        os.link(first, tmp_path / "work" / f"{number}.png")
    read = []
    opened = made.regular.opened
    monkeypatch.setattr(made.regular, "opened", lambda name, at: read.append(name) or opened(name, at))
    seen = made.find(tmp_path / "work", since, tmp_path / "figures")
    assert len(seen.made) == made.MOST_NAMED
    assert not seen.is_all
    assert len(read) <= made.MOST_NAMED + 1
