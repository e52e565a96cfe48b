"""A lock is restored as it stands or not at all; whoever wrote it gets nothing else done."""

from __future__ import annotations

import json

import pytest
from index import Index, sdist, wheel

YAML = {"yaml/__init__.py": "FROM = 'PyYAML'\n"}


def book(environment, *files, index=(), name="book.ipynb", **changes):
    """Write a notebook with a lock of these wheels."""
    packages = []
    for file in files:
        stem, version = file.filename.split("-")[:2]
        packages.append({"name": stem.replace("_", "-"), "version": version, "hashes": [file.sha256]})
    value = {
        "version": 1,
        "python": "3.11",
        "direct": [],
        "packages": packages,
        "indexes": list(index),
        **changes,
    }
    content = {"cells": [], "metadata": {"autoexec": {"lock": value}}, "nbformat": 4, "nbformat_minor": 5}
    (environment.home / name).write_text(json.dumps(content))
    return name


def sync(environment, *names, answer=None, **options):
    """Restore notebooks in an environment."""
    return environment.drive("fix", paths=list(names), options={"sync": True, **options}, answer=answer)


@pytest.fixture
def known(index):
    """Serve PyYAML, which the table knows, and what it needs, which it does not."""
    inner = wheel("inner-dep", "2.0")
    top = wheel("PyYAML", "1.0", YAML, requires=["inner-dep>=1"])
    index.add("inner-dep", inner, wheel("inner-dep", "3.0"))
    index.add("PyYAML", top, wheel("PyYAML", "2.0", YAML))
    return [top, inner]


def test_exactly_what_is_locked_is_installed(environment, known, index):
    """In its version and its bytes, though newer ones are there; a second time nothing is asked or done."""
    name = book(environment, *known)
    answer = sync(environment, name)
    assert answer.error is None
    assert answer.questions == []
    assert environment.distributions == {"PyYAML": "1.0", "inner-dep": "2.0"}
    assert {item["sha256"] for item in answer.installed} == {file.sha256 for file in known}
    index.requests.clear()
    assert sync(environment, name).installed == []
    assert index.requests == []


def test_other_bytes_are_refused(environment, known):
    """A digest that was tampered with, or another file in its place on the index: nothing is installed."""
    before = environment.files
    value = [{"name": "pyyaml", "version": "1.0", "hashes": ["0" * 64]}]
    answer = sync(environment, book(environment, known[1], packages=value))
    assert answer.error["class"] == "InstallError"
    assert "pyyaml 1.0 is not what the lock of book.ipynb names" in answer.error["text"]
    assert "the lock does not name it" in answer.error["text"]
    assert environment.files == before


def test_what_only_the_lock_names_is_a_question(environment, index):
    """That a stranger's file names it is no evidence: nobody there, no, and yes."""
    stranger = wheel("frob-stranger", "1.0")
    index.add("frob-stranger", stranger)
    name = book(environment, stranger)
    answer = sync(environment, name)
    assert answer.error["class"] == "NeedsPerson"
    assert "only the lock names it" in answer.error["text"]
    assert answer.error["fix"] == "%autoexec fix --sync --yes book.ipynb"
    assert sync(environment, name, answer=False).error["class"] == "PolicyRefused"
    assert environment.distributions == {}
    assert sync(environment, name, yes=True).error is None
    assert environment.distributions == {"frob-stranger": "1.0"}


def test_what_is_fresh_is_a_question_once(environment, index):
    """All doubts of a lock are one question."""
    files = [
        wheel("PyYAML", "1.0", YAML, days=1),
        wheel("python-docx", "1.0", {"docx/__init__.py": ""}, days=1),
    ]
    for file in files:
        index.add(file.filename.split("-")[0].replace("_", "-"), file)
    answer = sync(environment, book(environment, *files), answer=True)
    assert answer.error is None
    assert len(answer.questions) == 1
    assert len(answer.questions[0]["evidence"]) >= 2


def test_what_the_lock_leaves_out_is_not_added(environment, known):
    """A lock that was cut is refused as a whole; the index does not fill it up."""
    before = environment.files
    answer = sync(environment, book(environment, known[0]))
    assert answer.error["class"] == "InstallError"
    assert "the lock of book.ipynb does not name it" in answer.error["text"]
    assert environment.files == before


@pytest.mark.parametrize("kind", ["pth", "sdist", "absent", "other"])
def test_what_the_policy_refuses_stays_refused(environment, index, tmp_path, kind):
    """A lock opens no door: a wheel with a `.pth`, a source archive only, a release that is not there."""
    canary = tmp_path / "canary"
    file = wheel("PyYAML", "1.0", {**YAML, "evil.pth": "import os"})
    if kind == "pth":
        index.add("PyYAML", file)
    elif kind == "sdist":
        index.add("PyYAML", sdist("PyYAML", "1.0", code=f"open({str(canary)!r}, 'w')"))
    elif kind == "other":
        index.add("PyYAML", wheel("PyYAML", "2.0", YAML))
    answer = sync(environment, book(environment, file))
    assert answer.error["class"] == "InstallError"
    assert "nothing was installed" in answer.error["text"]
    assert "book.ipynb" in answer.error["text"]
    assert environment.distributions == {}
    assert not canary.exists()


def test_the_index_of_a_lock_is_never_asked(environment, known):
    """It is said where the lock came from another, and that is all."""
    with Index() as evil:
        evil.add("PyYAML", wheel("PyYAML", "1.0", YAML))
        row = [{"name": "pyyaml", "version": "1.0", "hashes": ["0" * 64]}]
        answer = sync(environment, book(environment, packages=row, index=[evil.url]))
        assert evil.requests == []
    assert f"the lock was made from {evil.url}, and here" in answer.error["text"]


def test_an_older_python_is_said(environment, known):
    """What was chosen for a newer one is not tried."""
    answer = sync(environment, book(environment, *known, python="3.99"))
    assert answer.error["class"] == "UsageError"
    assert "for Python 3.99" in answer.error["text"]


def test_what_has_no_lock_says_what_to_type(environment):
    """A notebook without, a script, a folder."""
    plain = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (environment.home / "plain.ipynb").write_text(json.dumps(plain))
    (environment.home / "a.py").write_text("x = 1")
    assert sync(environment, "plain.ipynb").error["fix"] == "%autoexec fix plain.ipynb"
    assert sync(environment, "a.py").error["fix"] == "uv sync --script a.py"
    assert "uv sync" in sync(environment, ".").error["fix"]
