"""What is locked is what is installed, with what it needs, by the hashes that the index states."""

from __future__ import annotations

import time

import pytest
from index import Index, sdist, wheel

from autoexec_magic.errors import InstallError
from autoexec_magic.installer import locking
from autoexec_magic.installer.notebook_lock import Locked, locked
from autoexec_magic.installer.sources import Sources
from autoexec_magic.installer.tool import Toolbox

OTHER = "f" * 64


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Return a function that installs wheels for this process alone."""
    import io
    import zipfile

    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))

    def install(*files):
        for file in files:
            with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
                archive.extractall(folder)
        return folder

    return install


def tools(emit, *urls):
    """Return what a look at these indexes needs."""
    return Toolbox(sources=Sources(indexes=urls), emit=emit, ask=lambda question: False)


def test_modules_lead_to_the_distributions_that_hold_them(site):
    """By their files: of a namespace that several share, too; what nobody holds has no owner."""
    site(
        wheel("Frob.Tools", files={"frobnicate/__init__.py": "", "frobnicate/deep/x.py": ""}),
        wheel("shared-a", files={"sharedspace/a/__init__.py": ""}),
        wheel("shared-b", files={"sharedspace/b.py": ""}),
    )
    names = ["frobnicate.deep", "frobnicate.nothing", "sharedspace.a", "sharedspace.b.c", "nobodys"]
    assert locking.owners(names) == {
        "frobnicate.deep": ("frob-tools",),
        "frobnicate.nothing": ("frob-tools",),
        "sharedspace.a": ("shared-a",),
        "sharedspace.b.c": ("shared-b",),
        "nobodys": (),
    }


def test_what_is_needed_in_turn_comes_too(site):
    """With extras and markers as they are here, and without an end where two need each other."""
    site(
        wheel(
            "frob-top", "1.0", requires=["frob-mid[more]>=1", "never; python_version < '3'", "frob-absent"]
        ),
        wheel("frob-mid", "2.0", requires=["frob-top", "frob-extra; extra == 'more'", "no; extra == 'less'"]),
        *(wheel(name, "3.0") for name in ("frob-extra", "never", "no")),
    )
    assert locking.closure(["Frob_Top"]) == {"frob-top": "1.0", "frob-mid": "2.0", "frob-extra": "3.0"}


def test_a_lock_has_all_hashes_of_a_release_and_no_more(site, index, emit):
    """So that it serves another platform, too; other versions' files are not in it."""
    here, there = wheel("frob-top", "1.0"), wheel("frob-top", "1.0", tag="cp311-none-win_amd64")
    index.add("frob-top", here, there, wheel("frob-top", "2.0"))
    site(here)
    made = locking.make(["frob-top"], tools(emit, index.url), None, {})
    assert made.lock.packages == (
        Locked(name="frob-top", version="1.0", hashes=tuple(sorted((here.sha256, there.sha256)))),
    )
    assert (made.lock.direct, made.lock.indexes, made.left_out) == (("frob-top",), (index.url,), ())


def test_what_is_locked_is_not_asked_again(site, index, emit):
    """A second lock is the first, without a word to any index; new bytes of the same release are."""
    site(wheel("frob-top", "1.0"))
    old = locked(
        "3.11", [Locked(name="frob-top", version="1.0", hashes=(OTHER,))], ["frob-top"], ["http://a"]
    )
    assert locking.make(["frob-top"], tools(emit, index.url), old, {}).lock.packages == old.packages
    assert index.asked == []
    index.add("frob-top", wheel("frob-top", "1.0"))
    made = locking.make(["frob-top"], tools(emit, index.url), old, {"frob-top": "a" * 64})
    assert "a" * 64 in made.lock.packages[0].hashes
    assert OTHER not in made.lock.packages[0].hashes


def test_what_no_index_has_is_named(site, index, emit):
    """The others are locked all the same; what was installed from a folder is not even asked for."""
    folder = site(*(wheel(name, "1.0") for name in ("frob-a", "frob-b", "frob-c", "frob-here")))
    (folder / "frob_here-1.0.dist-info" / "direct_url.json").write_text(
        '{"url": "file:///x", "dir_info": {}}'
    )
    for name in ("frob-a", "frob-c"):
        index.add(name, wheel(name, "1.0"))
    made = locking.make(["frob-a", "frob-b", "frob-c", "frob-here"], tools(emit, index.url), None, {})
    assert [row.name for row in made.lock.packages] == ["frob-a", "frob-c"]
    assert made.left_out == (
        "frob-b 1.0 is not locked, and --sync cannot bring it: the index has no such release",
        "frob-here 1.0 is not locked, and --sync cannot bring it: it was not installed from an index",
    )
    assert "frob-here" not in index.asked


def test_nothing_of_a_source_archive_runs(site, index, emit, tmp_path):
    """Hashes are read from the index's page; what could be built is not."""
    canary = tmp_path / "canary"
    index.add("frob-top", sdist("frob-top", "1.0", code=f"open({str(canary)!r}, 'w')"))
    site(wheel("frob-top", "1.0"))
    locking.make(["frob-top"], tools(emit, index.url), None, {})
    assert not canary.exists()


def test_an_index_that_does_not_answer_is_said_soon(site, emit, index):
    """Within its limit, with nothing written; nothing is locked in part."""
    site(wheel("frob-top", "1.0"))
    with Index() as gone:
        url = gone.url
    started = time.monotonic()
    with pytest.raises(InstallError, match="nothing was written"):
        locking.make(["frob-top"], tools(emit, url), None, {})
    index.add("frob-top", wheel("frob-top", "1.0"), hang="page")
    with pytest.raises(InstallError, match="nothing was written"):
        locking.make(["frob-top"], tools(emit, index.url), None, {})
    assert time.monotonic() - started < 3 * locking.ANSWER_SECONDS


def test_no_login_stands_in_a_lock():
    """Neither a password nor a token behind the address."""
    assert locking.shown_index("https://me:secret@host/simple?token=x#y") == "https://host/simple"
