"""What is asked, what is refused, and what is never done; what really installs is in test_install.py."""

from __future__ import annotations

from dataclasses import replace

import pytest
from index import cut, sdist, wheel

from autoexec_magic.errors import AutoexecError, InstallError, NeedsPerson, UsageError
from autoexec_magic.installer import heal, install_named, scan
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


def test_nothing_missing_is_nothing_done(desk, emit, index):
    """Where all is here, no index is asked, no process starts and nothing is emitted."""
    assert heal(scan("import json\nimport pytest"), desk.context) == ([], [])
    assert index.requests == []
    assert emit == []


def test_what_is_not_installed_is_told_all_the_same(desk, emit, index):
    """A refusal and a question that nobody is asked for want of a wheel are events, too."""
    index.add("frobnicore", wheel("frobnicore", files={"other.py": ""}))
    resolutions, installed = heal(scan("import frobnicore\nimport frobnicate"), desk.context)
    assert installed == []
    assert [event.resolution for event in emit] == resolutions
    assert [item.decision for item in resolutions] == ["refuse", "ask"]
    assert desk.person.questions == []


def test_a_fresh_one_is_a_question_with_its_evidence(desk, index):
    """The person sees how fresh it is and what it holds; no means no."""
    index.add("pyusb", usb(days=1))
    _, installed = heal(scan("import usb"), desk.context)
    assert installed == []
    [question] = desk.person.questions
    assert question.text == "install pyusb 1.0 ?"
    assert "released 1 days ago" in question.evidence[0]
    assert any("holds usb" in line for line in question.evidence)
    assert question.fix == "%autoexec install pyusb --yes"


@pytest.mark.parametrize("how", [{"status": 503}, {"status": 401}, {"document": ("text/plain", b"log in")}])
def test_an_index_that_is_down_is_an_error(desk, index, how):
    """Where nobody could look, nothing is asked about: the index is named, without its login."""
    index.add("pyusb", usb(), **how)
    desk.indexes = (index.at("me:s3cr3t-w0rd@127.0.0.1"),)
    with pytest.raises(InstallError, match=r"127\.0\.0\.1") as raised:
        heal(scan("import usb"), desk.context)
    assert "w0rd" not in str(raised.value)
    assert raised.value.fix == "check the index: %autoexec config"
    assert desk.person.questions == []


def test_a_submodule_that_the_wheel_lacks_is_a_question(desk, index):
    """The distribution is the right one, and installing it would not make the import work."""
    index.add("pyusb", usb())
    [answer] = desk.resolve("usb.nonexist")
    assert (answer.decision, answer.cls, answer.distribution) == ("ask", "third-party", "pyusb")
    assert answer.evidence[0] == "pyusb 1.0 holds usb, and not usb.nonexist"


def test_a_version_that_is_not_there_is_told_with_the_newest(desk, index):
    """`install NAME==999` says which one there is."""
    index.add("frob", wheel("frob", "1.0"), wheel("frob", "2.0"))
    with pytest.raises(InstallError, match=r"frob has no version 999; newest is 2\.0") as raised:
        install_named(["frob==999"], desk.context)
    assert raised.value.fix == "%autoexec install frob==VERSION, one that is there"


# install_named


@pytest.mark.parametrize(
    ("name", "distribution"),
    [
        ("slugify", "python-slugify"),
        ("sklearn", "scikit-learn"),
        ("cv2", "opencv-python"),
        ("SLUGIFY", "python-slugify"),
    ],
)
def test_a_module_of_another_distribution_is_not_installed_by_its_name(desk, index, name, distribution):
    """Who types the module's name is told the distribution's, and the other project is not even asked for."""
    index.add(name, wheel(name))
    with pytest.raises(UsageError) as raised:
        install_named([name], desk.context)
    assert distribution in str(raised.value)
    assert raised.value.fix == f"%autoexec install {distribution}"
    assert index.requests == []


@pytest.mark.parametrize("name", ["sentence_transformers", "google.cloud.storage", "Sentence.Transformers"])
def test_another_spelling_of_a_distribution_is_that_distribution(desk, index, name):
    """What an index takes for the same name (PEP 503) is no other project."""
    with pytest.raises(AutoexecError) as raised:
        install_named([name], desk.context)
    assert "another project" not in str(raised.value)
    assert index.asked


@pytest.mark.parametrize(
    "name",
    ["", "-r", "--index-url=x", "a b", "a==", "==1", "../x", "/tmp/x.whl", "x;y", "ä", "a[", "a==1 2", "."],
)
def test_what_is_no_name_is_a_usage_error(desk, index, name):
    """An option, a path or a slip of the pen reaches no index and no installer."""
    with pytest.raises(UsageError) as raised:
        install_named([name], desk.context)
    assert repr(name) in raised.value.what
    assert index.requests == []


@pytest.mark.parametrize(
    "name",
    [
        "pyusb @ https://host.example/pyusb-1.0-py3-none-any.whl",
        "pyusb[extra]",
        "pyusb; python_version > '3'",
        "pyusb @ file:///tmp/pyusb-1.0-py3-none-any.whl",
    ],
)
def test_more_than_a_name_is_refused(desk, index, name):
    """An address, an extra or a marker cannot be proved, and the way to do it all the same is told."""
    with pytest.raises(UsageError, match="only NAME or NAME==VERSION") as raised:
        install_named([name], desk.context)
    assert raised.value.fix.startswith("%pip install")
    assert index.requests == []


def test_one_bad_name_keeps_all_from_being_asked_for(desk, index):
    """The names are read before anything is done about any of them."""
    with pytest.raises(UsageError):
        install_named(["pyusb", "a b"], desk.context)
    assert index.requests == []


@pytest.mark.parametrize(
    ("files", "how", "words"),
    [
        pytest.param([wheel("frob", files={"x.pth": ""})], {}, "x.pth, which runs", id="refused"),
        pytest.param([cut(wheel("frob"))], {}, "its wheel is damaged", id="damaged"),
        pytest.param([sdist("frob")], {}, "only a source archive", id="source-archive"),
        pytest.param([wheel("frob")], {"status": 500}, "answered 500", id="down"),
        pytest.param(
            [wheel("frob", tag="cp311-cp311-win_amd64")], {}, "fits this Python", id="another-platform"
        ),
    ],
)
def test_what_cannot_be_proved_is_an_error_for_whoever_named_it(desk, index, files, how, words):
    """Yes to everything does not help: an error says why, and no question is asked."""
    desk.person.answer = True
    index.add("frob", *files, **how)
    with pytest.raises(AutoexecError) as raised:
        install_named(["frob"], desk.context)
    assert words in raised.value.why
    assert "cannot install frob" in raised.value.what
    assert desk.person.questions == []


@pytest.mark.parametrize("name", ["frob", "frob==1.0"])
def test_a_fresh_one_that_was_named_needs_a_yes(desk, index, name):
    """The command that says yes is the one that was typed, with --yes."""
    index.add("frob", wheel("frob", "1.0", days=1), wheel("frob", "1.1", days=0.5))

    def nobody(question):
        raise NeedsPerson(question.text, fix=question.fix)

    with pytest.raises(NeedsPerson) as raised:
        install_named([name], replace(desk.context, ask=nobody))
    assert raised.value.fix == f"%autoexec install {name} --yes"
