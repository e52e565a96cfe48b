"""What modules are and what follows: resolved, looked into, and never taken on trust.

The index is local; the finder runs as a child, as it does for a user, except
where `judge` runs it in this process for a table of many cases.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from index import SIMPLE_HTML, SIMPLE_JSON, Index, cut, mislabelled, sdist, wheel

from autoexec_magic import executor
from autoexec_magic.errors import AutoexecError, Cancelled, InstallError, RunTimeout
from autoexec_magic.installer import Needed, finder, heal, missing, resolve, scan
from autoexec_magic.installer.known import lookup

USB = {"usb/__init__.py": "X = 1\n"}
SHORT_SECONDS = 0.3
SOON_SECONDS = 10.0
PROVED = lookup("usb").proved


def usb(version="1.0", **how):
    """Build a wheel of pyusb that holds usb."""
    return wheel("pyusb", version, USB, **how)


def newer_than_proved() -> str:
    """Return a version above the one that the table has looked into."""
    return f"{int(PROVED.split('.')[0]) + 1}.0"


def test_without_asking_nothing_is_asked(desk, index):
    """Offline, the answer is what the module is and what would follow; no process starts."""
    index.add("pyusb", usb())
    needs = [Needed(1, "usb"), Needed(2, "frobnicore"), Needed(3, "json")]
    known, unknown, settled = resolve(needs, desk.context, online=False)
    assert (known.decision, known.distribution, known.proved) == ("install", "pyusb", None)
    assert (unknown.decision, unknown.proved) == ("ask", None)
    assert (settled.decision, settled.cls) == ("nothing", "stdlib")
    assert index.requests == []


@pytest.mark.parametrize(
    ("source", "distribution"),
    [
        ("from google import protobuf", "protobuf"),
        ("import google.protobuf.message", "protobuf"),
        ("from google.cloud import storage", "google-cloud-storage"),
        ("from google.cloud.storage import Client", "google-cloud-storage"),
        ("from azure.storage import blob", "azure-storage-blob"),
        ("from frobnicore import cv2", "frobnicore"),
        ("from frobnicore.cloud import storage", "frobnicore"),
        ("import my_frob.deeper", "my-frob"),
    ],
)
def test_which_distribution_is_looked_at(desk, source, distribution):
    """What is taken from a namespace counts; what is called like a known module elsewhere does not."""
    [answer] = resolve(scan(source), desk.context, online=False)
    assert answer.distribution == distribution


def test_names_that_no_distribution_can_have_are_asked_about(desk, index):
    """A module's name may be no distribution's name: that is no fault, and nothing is found."""
    answers = desk.resolve("ä_frob", "_frob", "__frob__")
    assert [answer.decision for answer in answers] == ["ask", "ask", "ask"]
    assert all(answer.evidence for answer in answers)


def test_each_module_is_answered_in_its_place(desk, index, tmp_path):
    """The answers come in the order of the questions, settled and looked for alike."""
    (tmp_path / "my_own_module.py").write_text("")
    desk.folders = (tmp_path,)
    index.add("pyusb", wheel("pyusb", files={**USB, "usb/core.py": ""}))
    modules = ["json", "frobnicore", "google.colab", "usb.core", "my_own_module", "usb"]
    answers = desk.resolve(*modules)
    assert [(answer.module, answer.cls, answer.decision) for answer in answers] == [
        ("json", "stdlib", "nothing"),
        ("frobnicore", "invented", "ask"),
        ("google.colab", "platform", "nothing"),
        ("usb", "third-party", "install"),
        ("my_own_module", "local", "nothing"),
        ("usb", "third-party", "install"),
    ]
    assert set(index.asked) == {"frobnicore", "pyusb"}
    assert index.downloads(usb()) == 1


def test_the_finder_does_not_run_what_lies_beside_the_notebook(desk, index, workdir):
    """A file of the workspace that is called like a library is not imported by the finder."""
    canary = workdir / "canary"
    for name in ("json", "unearth", "autoexec_magic", "sitecustomize"):
        (workdir / f"{name}.py").write_text(f"open({str(canary)!r}, 'w')\nraise SystemExit(3)\n")
    index.add("pyusb", usb())
    [answer] = desk.resolve("usb")
    assert answer.decision == "install"
    assert not canary.exists()


@pytest.mark.parametrize(
    ("files", "decision", "version"),
    [
        pytest.param([usb("1.0"), usb("1.1", days=1)], "install", "1.0", id="a-day-old-but-an-older-one"),
        pytest.param([usb("1.0", days=1)], "ask", "1.0", id="only-a-day-old"),
        pytest.param([usb("1.0", days=10), usb("1.1", days=5)], "ask", "1.1", id="project-of-ten-days"),
        pytest.param([usb(PROVED, days=None)], "install", PROVED, id="no-times-known"),
        pytest.param([usb(newer_than_proved(), days=None)], "ask", newer_than_proved(), id="no-times-newer"),
        pytest.param(
            [usb(PROVED, days=None), usb(newer_than_proved(), days=None)],
            "install",
            PROVED,
            id="no-times-both",
        ),
        pytest.param([usb("1.0"), usb("1.1", yanked=True)], "install", "1.0", id="yanked"),
        pytest.param([usb("1.0", yanked=True)], "ask", "", id="only-yanked"),
        pytest.param([usb("1.0"), usb("1.1rc1")], "install", "1.0", id="pre-release"),
        pytest.param([usb("1.0rc1")], "ask", "", id="only-a-pre-release"),
    ],
)
def test_freshness(judge, index, files, decision, version):
    """Unasked, only what is neither fresh nor withdrawn nor unfinished is installed."""
    index.add("pyusb", *files)
    answer = judge("usb")
    assert (answer.decision, answer.chosen.version) == (decision, version)


@pytest.mark.parametrize(
    ("files", "how", "decision", "words"),
    [
        pytest.param(
            [wheel("pyusb", files={**USB, "x.pth": ""})], {}, "refuse", "x.pth, which runs", id="pth"
        ),
        pytest.param(
            [wheel("pyusb", files=[*USB.items(), *USB.items()])],
            {},
            "refuse",
            "the same file name twice",
            id="twice",
        ),
        pytest.param([wheel("pyusb", files={**USB, "../x.py": ""})], {}, "refuse", "outside", id="parent"),
        pytest.param([mislabelled(usb())], {}, "ask", "not the file that the index names", id="wrong-hash"),
        pytest.param([cut(usb())], {}, "ask", "its wheel is damaged", id="truncated"),
        pytest.param(
            [usb(tag="cp311-cp311-win_amd64")], {}, "ask", "fits this Python", id="another-platform"
        ),
        pytest.param([sdist("pyusb")], {}, "ask", "only a source archive", id="source-archive"),
        pytest.param([usb()], {"status": 500}, "ask", "answered 500", id="down"),
        pytest.param([usb()], {"hang": "page"}, "ask", "did not answer within", id="hanging"),
        pytest.param([usb()], {"hang": "file"}, "ask", "did not answer within", id="hanging-file"),
    ],
)
def test_hostile(judge, index, monkeypatch, files, how, decision, words):
    """No index and no wheel gets itself installed, and each says in words what was wrong with it."""
    monkeypatch.setattr(finder, "REQUEST_SECONDS", SHORT_SECONDS)
    index.add("pyusb", *files, **how)
    answer = judge("usb")
    assert answer.decision == decision
    assert words in answer.evidence[0]
    assert decision == "refuse" or not answer.chosen.sha256
    if not files[0].filename.endswith("win_amd64.whl"):
        assert "no distribution called" not in "".join(answer.evidence)


def test_a_finder_that_fails_is_a_sentence(desk, index, monkeypatch, fake_bin):
    """Where the child fails, its last line is the reason, and nothing was decided."""
    monkeypatch.setattr(
        sys, "executable", str(fake_bin.write("python", "echo lost >&2; echo boom >&2; exit 3"))
    )
    index.add("pyusb", usb(), json=False)  # which is for the finder
    with pytest.raises(InstallError, match="because: boom"):
        desk.resolve("usb")


def test_a_finder_that_says_too_little_is_a_sentence(desk, index, monkeypatch, fake_bin):
    """An answer for each question is wanted, also from a child that ended well."""
    monkeypatch.setattr(sys, "executable", str(fake_bin.write("python", "exit 0")))
    index.add("pyusb", usb(), json=False)  # which is for the finder
    with pytest.raises(InstallError, match="the search for packages failed"):
        desk.resolve("usb")


def test_a_finder_that_never_ends_is_a_time_limit(desk, index, monkeypatch):
    """A limit that was hit is called one."""
    run = executor.run
    monkeypatch.setattr(executor, "run", lambda argv, **how: run(argv, **{**how, "timeout": 0.5}))
    index.add("pyusb", usb(), hang="file", json=False)
    with pytest.raises(RunTimeout):
        desk.resolve("usb")


@pytest.mark.parametrize("hang", ["page", "file"])
def test_a_search_that_is_stopped_leaves_nothing(desk, index, hang, tmp_path):
    """Whoever stops the search gets `Cancelled`, and no half file stays."""
    index.add("pyusb", usb(), hang=hang)
    wanted = "/simple/" if hang == "page" else "/files/"
    with_cancel = replace(desk.context, cancel=executor.Cancel())

    def stop():
        until = time.monotonic() + SOON_SECONDS
        while not any(path.startswith(wanted) for path in index.requests) and time.monotonic() < until:
            time.sleep(0.01)
        with_cancel.cancel.set()

    stopper = threading.Thread(target=stop)
    stopper.start()
    with pytest.raises(Cancelled):
        resolve([Needed(1, "usb")], with_cancel, online=True)
    stopper.join()
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []


def test_passwords_are_said_to_nobody_but_the_index(desk, emit, monkeypatch):
    """They reach the finder by its standard input, and stand in no command line, answer or event."""
    seen = []
    run = executor.run

    def recorded(argv, **how):
        seen.append([*argv, *how.get("env", {}).values()])
        return run(argv, **how)

    monkeypatch.setattr(executor, "run", recorded)
    with Index(user="me", password="s3cr3t-w0rd") as private:
        private.add("pyusb", usb(days=1))
        desk.indexes = (private.at("me:s3cr3t-w0rd@127.0.0.1"),)
        resolutions, installed = heal(scan("import usb"), desk.context)
        desk.indexes = (private.at("me:wr0ng-w0rd@127.0.0.1"),)
        [refused] = desk.resolve("usb")
    assert (resolutions[0].decision, resolutions[0].chosen.index) == ("ask", private.url)
    assert "401" in refused.evidence[0]
    assert len(seen) == 2
    told = repr((seen, resolutions, installed, refused, emit, desk.person.questions))
    assert "w0rd" not in told


TEXTS = st.sampled_from(
    ["", "/files/pyusb/pyusb-1.0-py3-none-any.whl", "http://[", "2026-01-01", "pyusb", ">=3", "ä"]
)
VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers(-1, 3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["sha256", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)
KEYS = st.sampled_from(
    ["url", "filename", "hashes", "yanked", "requires-python", "upload-time", "core-metadata"]
)
PAGES = st.builds(
    lambda files, more: json.dumps({"files": files, **more}).encode(),
    st.lists(st.dictionaries(KEYS, VALUES), max_size=3) | VALUES,
    st.dictionaries(st.sampled_from(["meta", "name", "versions", "files"]), VALUES, max_size=1),
)


@given(
    pages=st.lists(PAGES | st.binary(max_size=20), min_size=3, max_size=3),
    kind=st.sampled_from([SIMPLE_JSON, SIMPLE_HTML, "text/html"]),
)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_served_the_answer_is_one_or_an_error(desk, index, pages, kind):
    """No page makes anything else of `resolve` than an answer that installs nothing, or our own error."""
    for name, page in zip(("pyusb", "python-xlib", "frobnicore"), pages, strict=True):
        index.add(name, document=(kind, page))
    try:
        answers = desk.resolve("usb", "Xlib", "frobnicore")
    except AutoexecError:
        return
    assert len(answers) == 3
    assert all(answer.decision == "ask" for answer in answers)


# missing


def test_what_is_missing_comes_once_and_in_order():
    """A module that is imported twice is missing once; required counts, wherever it stands."""
    source = "def f():\n    import frob_b\nimport json\nimport frob_a\nimport frob_b\nimport frob_a.deeper\n"
    found = missing(scan(source), ())
    assert [(need.module, need.required) for need in found] == [
        ("frob_b", True),
        ("frob_a", True),
        ("frob_a.deeper", True),
    ]


def test_what_is_missing_keeps_all_that_is_taken_from_it():
    """Two lines that take from one namespace need both of its parts."""
    found = missing(scan("from frob.cloud import storage\nfrom frob.cloud import bigquery"), ())
    assert {name for need in found for name in need.names} == {"storage", "bigquery"}


def test_two_parts_of_a_namespace_are_two_distributions(desk):
    """`from google.cloud import bigquery, storage` needs two distributions, and both are named."""
    needs = scan("from google.cloud import bigquery, storage")
    answers = resolve(needs, desk.context, online=False)
    assert {answer.distribution for answer in answers} == {"google-cloud-bigquery", "google-cloud-storage"}


def test_what_a_wheel_says_of_itself_is_made_harmless(desk, index):
    """Nothing of it reaches a terminal as it is, nor stands on a second line."""
    loud = wheel("pyusb", files={"usb/__init__.py": ""}, summary="\x1b]0;title\x07USB\u202e access\n more")
    index.add("pyusb", loud)
    [resolution] = desk.resolve("usb")
    assert resolution.candidates[0].summary == "USB access more"
