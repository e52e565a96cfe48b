"""What the index has and what its wheel holds, whoever made the index and the wheel.

The finder runs in this process here; that it runs as a child is for
test_installer.py. `usb` from `pyusb` is the example: few have it installed.
"""

from __future__ import annotations

import io
import json
import stat
import subprocess
import sys
import time
import zipfile
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest
from index import SIMPLE_JSON, File, Index, cut, holding_bytes, mislabelled, sdist, wheel

from autoexec_magic.installer import finder
from autoexec_magic.installer.finder import Query

USB = {"usb/__init__.py": "X = 1\n"}
QUERY = Query(distribution="pyusb", modules=("usb",))
SHORT_SECONDS = 0.3
LATE_SECONDS = 15.0
CHILD_SECONDS = 30.0


def usb(version: str = "1.0", **how: object) -> File:
    """Build a wheel of pyusb that holds usb."""
    return wheel("pyusb", version, USB, **how)


def holding(*names: str) -> File:
    """Build a wheel of pyusb with files of these names."""
    return wheel("pyusb", files=dict.fromkeys(names, ""))


def of_the_future() -> File:
    """Build a wheel of pyusb that needs a newer ZIP reader than there is."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("usb.py", "")
        archive.filelist[0].extract_version = 99
    return holding_bytes(usb(), buffer.getvalue())


# As a child


def test_the_child_says_its_answers_and_nothing_else(index, tmp_path):
    """A line of JSON for each question, and nothing that could be taken for the reason of a fault."""
    index.add("pyusb", usb())
    request = {
        "queries": [asdict(QUERY)],
        "indexes": [index.url],
        "find_links": [],
        "cache": str(tmp_path / "cache"),
        "release_age_days": 3.0,
    }
    child = subprocess.run(
        [sys.executable, "-P", "-m", "autoexec_magic.installer.finder"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        timeout=CHILD_SECONDS,
        check=True,
    )
    [line] = child.stdout.splitlines()
    assert json.loads(line)["held"] == ["usb"]
    assert child.stderr == ""


# What is found


def test_a_sound_wheel_is_told_whole(find, index):
    """Version, hash, contents and times are those of the one wheel that was looked into."""
    old = usb("1.0", days=400)
    new = wheel("pyusb", "1.1", {**USB, "other.py": ""}, days=10, summary="USB access.")
    index.add("pyusb", old, new)
    [found] = find(QUERY)
    assert found == finder.Found(
        distribution="pyusb",
        exists=True,
        version="1.1",
        filename="pyusb-1.1-py3-none-any.whl",
        sha256=new.sha256,
        index=index.url,
        held=("usb",),
        tops=("other", "usb"),
        released=datetime.fromisoformat(new.uploaded).isoformat(),
        first_released=datetime.fromisoformat(old.uploaded).isoformat(),
        releases=2,
        summary="USB access.",
    )
    assert index.downloads(old) == 0


def test_answers_come_in_the_order_of_the_questions(find, index):
    """Each query has its own line, also where nothing is found."""
    index.add("pyusb", usb())
    names = ["nothing-here", "pyusb", "nor-here"]
    answers = find(*(Query(distribution=name, modules=("usb",)) for name in names))
    assert [(answer.distribution, answer.exists) for answer in answers] == [
        ("nothing-here", False),
        ("pyusb", True),
        ("nor-here", False),
    ]
    assert index.asked[0] == "nothing-here"


@pytest.mark.parametrize("spelling", ["PyUSB", "py.usb", "Py_USB"])
def test_a_name_is_asked_for_as_indexes_spell_it(find, index, spelling):
    """Case, dots and underscores do not matter (PEP 503)."""
    file = wheel("py-usb", files=USB) if len(spelling) > len("PyUSB") else usb()
    index.add(spelling, file)
    [found] = find(Query(distribution=spelling, modules=("usb",)))
    assert found.held == ("usb",)


@pytest.mark.parametrize(
    ("names", "module", "want"),
    [
        pytest.param(["usb.py"], "usb", True, id="module"),
        pytest.param(["usb/__init__.py"], "usb", True, id="package"),
        pytest.param(["usb/core.py"], "usb.core", True, id="module-of-a-package"),
        pytest.param(["usb/core.py"], "usb", True, id="namespace"),
        pytest.param(["usb.cpython-311-x86_64-linux-gnu.so"], "usb", True, id="binary"),
        pytest.param(["usb.abi3.so"], "usb", True, id="binary-of-a-stable-abi"),
        pytest.param(["usb.pyd"], "usb", True, id="binary-of-windows"),
        pytest.param(["usb/core.abi3.so"], "usb.core", True, id="binary-of-a-package"),
        pytest.param(["usb/core.abi3.so"], "usb", True, id="namespace-of-binaries"),
        pytest.param(["usb/__init__.abi3.so"], "usb", True, id="binary-package"),
        pytest.param(["pyusb-1.0.data/purelib/usb/__init__.py"], "usb", True, id="purelib"),
        pytest.param(["pyusb-1.0.data/platlib/usb.abi3.so"], "usb", True, id="platlib"),
        pytest.param(["google/cloud/usb/__init__.py"], "google.cloud.usb", True, id="deep"),
        pytest.param(["usb/__init__.pyi"], "usb", False, id="stubs-only"),
        pytest.param(["usb-stubs/__init__.pyi"], "usb", False, id="stubs-package"),
        pytest.param(["usb/data.json"], "usb", False, id="data-only"),
        pytest.param(["src/usb/__init__.py"], "usb", False, id="elsewhere"),
        pytest.param(["usbx.py", "xusb.py", "usb_.py"], "usb", False, id="names-alike"),
        pytest.param(["USB/__init__.py"], "usb", False, id="other-case"),
        pytest.param(["pyusb-1.0.data/scripts/usb.py"], "usb", False, id="script"),
        pytest.param(["pyusb-1.0.data/data/usb.py"], "usb", False, id="data"),
        pytest.param(["usb/__init__.py"], "usb.core", False, id="deeper-than-it-goes"),
        pytest.param([], "usb", False, id="nothing"),
    ],
)
def test_whether_a_wheel_holds_a_module(find, index, names, module, want):
    """A module is held where Python would find it after the install."""
    index.add("pyusb", holding(*names))
    [found] = find(Query(distribution="pyusb", modules=(module,)))
    assert found.held == ((module,) if want else ())


def test_the_tops_are_what_can_be_imported(find, index):
    """The top-level names leave out what describes the wheel."""
    index.add("pyusb", holding("b/c.py", "a.py", "_c.abi3.so", "pyusb-1.0.data/purelib/d.py", "b/e.py"))
    assert find(QUERY)[0].tops == ("_c", "a", "b", "d")


# Which version


@pytest.mark.parametrize(
    ("files", "version", "is_known"),
    [
        pytest.param([usb("1.0"), usb("2.0", days=1)], "1.0", False, id="fresh-one-is-passed-over"),
        pytest.param([usb("1.0"), usb("2.0", days=4)], "2.0", False, id="four-days-are-enough"),
        pytest.param([usb("1.0", days=1), usb("2.0", days=2)], "2.0", False, id="all-fresh"),
        pytest.param([usb("1.0", days=1)], "1.0", False, id="only-a-fresh-one"),
        pytest.param([usb("1.10"), usb("1.9")], "1.10", False, id="by-number-not-by-letter"),
        pytest.param([usb("1.0"), usb("2.0", yanked=True)], "1.0", False, id="yanked"),
        pytest.param(
            [usb("1.0"), usb("2.0rc1"), usb("3.0.dev1"), usb("2.0a2")], "1.0", False, id="pre-release"
        ),
        pytest.param([usb("2.0rc1")], "", False, id="only-a-pre-release"),
        pytest.param([usb("2.0", yanked=True)], "", False, id="only-yanked"),
        pytest.param([usb("1.0"), usb("2.0", requires_python=">=4")], "1.0", False, id="another-python"),
        pytest.param(
            [usb("1.0"), usb("2.0", tag="cp311-cp311-win_amd64")], "1.0", False, id="another-platform"
        ),
        pytest.param([usb("1.0"), sdist("pyusb", "2.0")], "1.0", False, id="newest-is-a-source-archive"),
        pytest.param([usb("1.0", days=None), usb("2.0", days=None)], "1.0", True, id="no-times-newest-known"),
        pytest.param(
            [usb("0.9", days=None), usb("2.0", days=None)], "0.9", True, id="no-times-older-than-known"
        ),
        pytest.param([usb("1.5", days=None), usb("2.0", days=None)], "2.0", False, id="no-times-none-known"),
        pytest.param([usb("1.0", days=None), usb("2.0", days=9)], "2.0", False, id="only-some-times"),
        pytest.param([usb("1.0"), usb("2.0", days=None)], "1.0", False, id="newest-without-time"),
    ],
)
def test_the_newest_release_that_is_not_fresh(find, index, files, version, is_known):
    """Fresh, yanked, unfinished and unfit ones are passed over; without times, the table's version counts."""
    index.add("pyusb", *files)
    [found] = find(replace(QUERY, newest_known="1.0"))
    assert (found.version, found.is_newest_known) == (version, is_known)
    assert bool(found.released) == any(file.uploaded for file in files if file.filename == found.filename)


@pytest.mark.parametrize(("seconds", "version"), [(0, "2.0"), (-1, "1.0")])
def test_three_days_are_exact(find, index, seconds, version):
    """A release is fresh until the second in which it is three days old."""
    old = replace(usb("1.0"), uploaded="2020-01-01T12:00:00Z")
    index.add("pyusb", old, replace(usb("2.0"), uploaded="2026-11-19T12:00:00Z"))
    now = datetime(2026, 11, 22, 12, tzinfo=UTC) + timedelta(seconds=seconds)
    assert find(QUERY, now=now.isoformat())[0].version == version


@pytest.mark.parametrize(
    ("specifier", "version"),
    [("==1.0", "1.0"), ("==2.0rc1", "2.0rc1"), ("<2", "1.5"), ("==9.9", ""), ("==1.*", "1.5")],
)
def test_a_specifier_is_kept_to(find, index, specifier, version):
    """Who names a version gets that one, also an unfinished one, or nothing."""
    index.add("pyusb", usb("1.0"), usb("1.5"), usb("2.0rc1"), usb("2.0"))
    assert find(replace(QUERY, specifier=specifier))[0].version == version


def test_the_best_fitting_wheel_of_a_version_is_taken(find, index):
    """Of several wheels of a version it is the one that an installer would take."""
    special = usb("1.0", tag=f"cp3{sys.version_info.minor}-none-any")
    index.add("pyusb", usb("1.0"), special)
    assert find(QUERY)[0].filename == special.filename


# Where the times come from


@pytest.mark.parametrize("how", [{"json": False}, {"times": False}], ids=["html", "json-without-times"])
def test_an_index_without_upload_times(find, index, how):
    """Without times the wheel is found all the same, and nothing is said of its age."""
    index.add("pyusb", usb(), **how)
    [found] = find(QUERY)
    assert (found.version, found.held, found.released, found.first_released) == ("1.0", ("usb",), "", "")


def test_times_are_taken_from_the_document_beside(find, index):
    """Where the page has none, the project's JSON document has (as on indexes older than PEP 700)."""
    old, new = usb("1.0", days=300), usb("2.0", days=1)
    index.add("pyusb", old, new, json=False, beside=True)
    [found] = find(QUERY)
    assert found.version == "1.0"
    assert datetime.fromisoformat(found.first_released) == datetime.fromisoformat(old.uploaded)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"releases": []}',
        b'{"releases": {"1.0": [{}]}}',
        b'{"releases": {"1.0": [{"filename": "x", "upload_time_iso_8601": "soon"}]}}',
        b'{"releases": {"1.0": [{"filename": "x", "upload_time_iso_8601": 3}]}}',
    ],
)
def test_a_document_beside_that_is_none_tells_no_times(find, index, document):
    """What another kind of server says in that place is not taken for times, and does no harm."""
    index.add("pyusb", usb(), json=False, beside=document)
    [found] = find(QUERY)
    assert (found.version, found.released, found.error) == ("1.0", "", "")


@pytest.mark.parametrize("time", ["2020-01-01T00:00:00Z", "2020-01-01T00:00:00+02:00", "2020-01-01T00:00:00"])
def test_times_with_and_without_a_zone_can_be_compared(find, index, time):
    """A time without its zone is read as UTC."""
    index.add("pyusb", replace(usb(), uploaded=time))
    [found] = find(QUERY)
    assert found.released.startswith("20")
    assert not found.error


# Hostile and damaged wheels


@pytest.mark.parametrize(
    ("file", "fault"),
    [
        pytest.param(
            wheel("pyusb", files=[("usb/__init__.py", "a"), ("usb/__init__.py", "b")]),
            "twice",
            id="two-equal-names",
        ),
        pytest.param(
            wheel("pyusb", files=[("usb/__init__.py", "a"), ("usb/./__init__.py", "b")]),
            "twice",
            id="spelled-twice",
        ),
        pytest.param(holding("usb/__init__.py", "../evil.py"), "outside", id="parent"),
        pytest.param(holding("usb/__init__.py", "usb/../../evil.py"), "outside", id="parent-inside"),
        pytest.param(holding("usb/__init__.py", "/evil.py"), "outside", id="root"),
        pytest.param(holding("usb/__init__.py", "usb\\..\\..\\evil.py"), "outside", id="backslash"),
    ],
)
def test_an_ambiguous_wheel_is_a_fault(find, index, file, fault):
    """What two readers could unpack differently, or elsewhere, is told as a fault."""
    index.add("pyusb", file)
    [found] = find(QUERY)
    assert any(fault in text for text in found.faults)


@pytest.mark.parametrize(
    "name",
    [
        "evil.pth",
        "pyusb-1.0.data/purelib/evil.pth",
        "pyusb-1.0.data/platlib/evil.pth",
        "pyusb-1.0.data/data/lib/python3.11/site-packages/evil.pth",
        "sitecustomize.py",
        "usercustomize.py",
        "sitecustomize/__init__.py",
    ],
)
def test_what_would_run_at_every_start_is_told(find, index, name):
    """A file that Python runs whenever it starts is found, however it gets to its place."""
    index.add("pyusb", holding("usb/__init__.py", name))
    assert find(QUERY)[0].pth


def test_a_data_file_below_a_package_does_not_run(find, index):
    """Only beside the packages does Python run `.pth` files; weights of a model below one are data."""
    index.add("pyusb", holding("usb/__init__.py", "usb/weights/model.pth"))
    assert find(QUERY)[0].pth == ()


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        pytest.param(cut(usb()), "its wheel is damaged", id="truncated"),
        pytest.param(holding_bytes(usb(), b""), "its wheel is damaged", id="empty"),
        pytest.param(mislabelled(usb()), "is not the file that the index names", id="wrong-hash"),
        pytest.param(of_the_future(), "its wheel is damaged", id="of-the-future"),
    ],
)
def test_a_damaged_wheel_is_a_sentence(find, index, tmp_path, file, sentence):
    """What cannot be read, or is not what the index says, is told in words and not kept."""
    index.add("pyusb", file)
    [found] = find(QUERY)
    assert sentence in found.error
    assert not found.sha256
    assert not list((tmp_path / "cache").glob("*.part"))


def test_a_wheel_is_not_larger_than_agreed(find, index, tmp_path, monkeypatch):
    """A download ends at the limit, and nothing of it is left."""
    monkeypatch.setattr(finder, "MAX_WHEEL_BYTES", 100)
    index.add("pyusb", usb())
    [found] = find(QUERY)
    assert "is larger than" in found.error
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_source_archive_is_neither_built_nor_fetched(find, index, tmp_path):
    """Where only a source archive is there, that is said, and none of its code runs."""
    canary = tmp_path / "canary"
    archive = sdist("pyusb", "1.0", code=f"open({str(canary)!r}, 'w')")
    index.add("pyusb", archive)
    [found] = find(QUERY)
    assert (found.exists, found.only_sdist, found.version, found.sha256) == (True, True, "1.0", "")
    assert index.downloads(archive) == 0
    assert not canary.exists()


# The cache


def test_a_wheel_is_fetched_once(find, index, tmp_path):
    """The second time the kept bytes are looked into, and nobody else can read them."""
    file = usb()
    index.add("pyusb", file)
    assert find(QUERY) == find(QUERY)
    assert index.downloads(file) == 1
    assert stat.S_IMODE((tmp_path / "cache").stat().st_mode) == stat.S_IRWXU


def test_a_kept_wheel_that_was_changed_is_fetched_again(find, index, tmp_path):
    """What lies in the cache is believed for its hash, not for its name."""
    file = usb()
    index.add("pyusb", file)
    find(QUERY)
    [kept] = (tmp_path / "cache").glob("*/*.whl")
    kept.write_bytes(holding("evil.py").content)
    [found] = find(QUERY)
    assert (found.held, found.sha256) == (("usb",), file.sha256)
    assert index.downloads(file) == 2


# Indexes that do not answer as they should


@pytest.mark.parametrize("status", [400, 401, 403, 407, 408, 429, 500, 502, 503, 504])
def test_a_fault_of_the_index_is_told_by_its_number(find, index, status):
    """A refusal or a breakdown never reads as "no such project"."""
    index.add("pyusb", usb(), status=status)
    [found] = find(QUERY)
    assert str(status) in found.error
    assert index.url in found.error


def test_an_answer_that_is_no_page_is_told(find, index):
    """What a proxy or a login form says in place of a page is not "no such project"."""
    index.add("pyusb", document=("text/plain", b"log in"))
    [found] = find(QUERY)
    assert "text/plain" in found.error
    assert index.url in found.error


def test_an_index_that_nobody_runs_is_told(find, index):
    """A connection that is refused is an error, not an absent project."""
    index.add("pyusb", usb())
    url = index.url
    index.close()
    [found] = find(QUERY, indexes=[url])
    assert found.error.startswith(f"{url} could not be reached")
    assert found.is_unreachable


@pytest.mark.parametrize("is_json", [True, False])
def test_a_project_in_quarantine_is_refused(find, index, is_json):
    """Its page may still have files: none of them is downloaded."""
    file = usb()
    index.add("pyusb", file, json=is_json, standing=("quarantined", "it <steals>"))
    [found] = find(QUERY)
    assert found.refusal == "the index has pyusb in quarantine: it <steals>"
    assert (found.sha256, index.downloads(file)) == ("", 0)


@pytest.mark.parametrize("hang", ["page", "file"])
def test_a_hanging_index_is_given_up(find, index, monkeypatch, hang):
    """A page or a wheel that never comes is waited for as long as agreed, and no longer."""
    monkeypatch.setattr(finder, "REQUEST_SECONDS", SHORT_SECONDS)
    index.add("pyusb", usb(), hang=hang)
    started = time.monotonic()
    [found] = find(QUERY)
    assert "did not answer within" in found.error
    assert time.monotonic() - started < LATE_SECONDS


def test_an_index_that_sends_on_is_followed(find, index):
    """Pages and files may have moved (many indexes keep their files elsewhere)."""
    index.add("pyusb", usb(), redirect=True)
    [found] = find(QUERY)
    assert (found.version, found.held, found.error) == ("1.0", ("usb",), "")


PLACE = f"/files/pyusb/{usb().filename}"


def page_of(**fields: object) -> bytes:
    """Return a page with one file, of which it says `fields`."""
    return json.dumps({"files": [fields]}).encode()


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="torn"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[]", id="a-list"),
        pytest.param(b'{"files": "abc"}', id="files-are-text"),
        pytest.param(b'{"files": [3]}', id="a-file-is-a-number"),
        pytest.param(page_of(url=3), id="an-address-is-a-number"),
        pytest.param(page_of(url=PLACE, hashes=[1]), id="hashes-are-a-list"),
        pytest.param(page_of(url=PLACE, **{"upload-time": 3}), id="a-time-is-a-number"),
        pytest.param(page_of(url=PLACE, **{"upload-time": "soon"}), id="a-time-is-a-word"),
        pytest.param(page_of(url=PLACE, **{"requires-python": 3}), id="a-specifier-is-a-number"),
        pytest.param(page_of(url=f"ftp://host/{usb().filename}"), id="another-protocol"),
        pytest.param(page_of(url=f"http://[bad/{usb().filename}"), id="no-address"),
    ],
)
def test_a_broken_page_is_one_project_s_fault(find, index, page):
    """A page that is none spoils its own project's answer, and not that of the next."""
    index.add("pyusb", document=(SIMPLE_JSON, page))
    index.add("python-xlib", wheel("python-xlib", files={"Xlib/__init__.py": ""}))
    broken, sound = find(QUERY, Query(distribution="python-xlib", modules=("Xlib",)))
    assert broken.error
    assert not broken.sha256
    assert sound.held == ("Xlib",)


# Several indexes


@pytest.fixture
def public():
    """Yield a second index, which has a higher version of everybody's project."""
    with Index() as second:
        second.add("pyusb", wheel("pyusb", "9.0", {**USB, "usb/evil.py": ""}))
        yield second


def test_a_name_that_the_first_index_serves_is_its_own(find, index, public):
    """The second index is not asked, whatever higher version it has."""
    index.add("pyusb", usb("1.0"))
    [found] = find(QUERY, indexes=[index.url, public.url])
    assert (found.version, found.index) == ("1.0", index.url)
    assert public.requests == []


def test_a_name_that_the_first_index_does_not_have_is_asked_of_the_second(find, index, public):
    """404 from the first index is what sends the question on."""
    [found] = find(QUERY, indexes=[index.url, public.url])
    assert (found.version, found.index) == ("9.0", public.url)
    assert index.asked[0] == "pyusb"


@pytest.mark.parametrize(
    ("files", "how"),
    [
        pytest.param([usb(tag="cp311-cp311-win_amd64")], {}, id="another-platform"),
        pytest.param([usb(requires_python=">=4")], {}, id="another-python"),
        pytest.param([usb("1.0rc1")], {}, id="pre-release"),
        pytest.param([usb(yanked=True)], {}, id="yanked"),
        pytest.param([sdist("pyusb")], {}, id="source-archive"),
        pytest.param([], {}, id="no-files"),
        pytest.param([cut(usb())], {}, id="truncated"),
        pytest.param([mislabelled(usb())], {}, id="wrong-hash"),
        pytest.param([usb()], {"redirect": True}, id="moved"),
        pytest.param([usb()], {"status": 401}, id="who-are-you"),
        pytest.param([usb()], {"status": 403}, id="forbidden"),
        pytest.param([usb()], {"status": 429}, id="too-many"),
        pytest.param([usb()], {"status": 500}, id="down"),
        pytest.param([usb()], {"hang": "page"}, id="hanging"),
        pytest.param([usb()], {"document": ("text/plain", b"log in")}, id="not-a-page"),
        pytest.param([usb()], {"document": (SIMPLE_JSON, b"{")}, id="broken-page"),
    ],
)
def test_nothing_falls_through_to_the_second_index(find, index, public, monkeypatch, files, how):
    """Only "there is no such project" sends a question on; unfit files, refusals and breakdowns do not."""
    monkeypatch.setattr(finder, "REQUEST_SECONDS", SHORT_SECONDS)
    index.add("pyusb", *files, **how)
    [found] = find(QUERY, indexes=[index.url, public.url])
    assert found.version != "9.0"
    assert public.requests == []


def test_a_first_index_without_tls_is_not_passed_over(find, index, public):
    """An index that is asked without TLS on another machine is asked, or it is said why not."""
    index.add("pyusb", usb("1.0"))
    elsewhere = index.at("0.0.0.0")  # this machine, by an address that does not say so
    [found] = find(QUERY, indexes=[elsewhere, public.url])
    assert found.version == "1.0" or found.error
    assert public.requests == []


def test_a_folder_of_wheels_is_asked_first(find, index, tmp_path):
    """`find-links` comes before every index, and alone asks none."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    file = usb("1.0")
    (folder / file.filename).write_bytes(file.content)
    index.add("pyusb", usb("9.0"))
    [found] = find(QUERY, find_links=[str(folder)])
    assert (found.version, found.sha256, found.index) == ("1.0", file.sha256, str(folder))
    [alone] = find(QUERY, find_links=[str(folder)], indexes=[])
    assert alone == found
    assert find(Query(distribution="nothing-here"), find_links=[str(folder)], indexes=[])[0].exists is False
    assert index.requests == []


def test_a_folder_that_is_gone_is_told(find, index, tmp_path):
    """A folder of wheels that is not there is an error, not an absent project."""
    [found] = find(QUERY, find_links=[str(tmp_path / "gone")])
    assert "gone" in found.error


# Credentials


@pytest.fixture
def private():
    """Yield an index that asks who one is."""
    with Index(user="me", password="s3cr3t-w0rd") as guarded:
        guarded.add("pyusb", usb())
        yield guarded


def test_who_may_is_served_and_not_named(find, private):
    """User and password in the address are sent, and stand in nothing that is said."""
    [found] = find(QUERY, indexes=[private.at("me:s3cr3t-w0rd@127.0.0.1")])
    assert (found.held, found.index) == (("usb",), private.url)
    assert "s3cr3t" not in str(found)


@pytest.mark.parametrize("login", ["me:wr0ng-w0rd", "t0ken-w0rd", "t0ken-w0rd:"])
@pytest.mark.parametrize("how", [{}, {"status": 500}, {"document": (SIMPLE_JSON, b"{")}])
def test_who_may_not_is_told_so_without_the_password(find, private, login, how):
    """The error names the index and never what was said to it."""
    private.add("pyusb", usb(), **how)
    [found] = find(QUERY, indexes=[private.at(f"{login}@127.0.0.1")])
    assert "401" in found.error
    assert private.url in found.error
    assert "w0rd" not in str(found)


def test_a_file_that_is_gone_is_told_without_the_password(find, private):
    """The page knows the file and the server does not: the address in the error has no credentials."""
    private.add("pyusb", document=(SIMPLE_JSON, page_of(url="/files/pyusb/pyusb-7.0-py3-none-any.whl")))
    [found] = find(QUERY, indexes=[private.at("me:s3cr3t-w0rd@127.0.0.1")])
    assert "404" in found.error
    assert "s3cr3t" not in str(found)
