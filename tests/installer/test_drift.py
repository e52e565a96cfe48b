"""What went from a project, and what must never be installed in its place."""

from __future__ import annotations

import sys
import tomllib
import types
from pathlib import Path

import pytest
from packaging.version import Version

from autoexec_magic.config import Config
from autoexec_magic.installer import Context, Needed, resolve
from autoexec_magic.installer.drift import lacks, moved, table
from autoexec_magic.values import Question

classes = sys.modules["autoexec_magic.installer.classify"]  # the package has a function of that name
DATA = Path(__file__).parent / "data" / "not_to_install.tsv"
CASES = [line.split("\t") for line in DATA.read_text("utf-8").splitlines() if not line.startswith("#")]
FEWEST_ROWS = 40


def never(question: Question) -> bool:
    """Answer nothing: nobody is there."""
    raise AssertionError(question)


@pytest.fixture
def hidden(monkeypatch):
    """Make this Python one that has none of what is asked about, and has lost what newer ones lost."""
    monkeypatch.setattr(classes, "is_present", lambda need: False)
    monkeypatch.setattr(sys, "stdlib_module_names", sys.stdlib_module_names - set(classes.REMOVED))


@pytest.mark.parametrize(("cls", "module", "names"), [(row[0], row[1], tuple(row[2:])) for row in CASES])
def test_what_is_nobody_s_package_is_not_installed(hidden, tmp_path, cls, module, names):
    """A local, drifted, removed, platform or invented name is called what it is, and not installed."""
    if cls == "local":
        top = module.partition(".")[0]
        (tmp_path / f"{top}.py").write_text("")
    context = Context(
        config=Config(), folders=(tmp_path,), cache=tmp_path, emit=lambda event: None, ask=never
    )
    answers = resolve([Needed(1, module, names)], context, online=False)
    assert [answer.cls for answer in answers] == [cls]
    assert [answer.decision for answer in answers] == ["ask" if cls == "invented" else "nothing"]
    assert answers[0].evidence


def test_a_module_that_says_itself_that_a_name_is_gone_is_heard(hidden, tmp_path, monkeypatch):
    """As pydantic does of BaseSettings: its own ImportError is no fault of ours."""

    def gone(name):
        raise ImportError(f"{name} has been moved")

    module = types.ModuleType("pydantic")
    module.__getattr__ = gone
    monkeypatch.setitem(sys.modules, "pydantic", module)
    context = Context(
        config=Config(), folders=(tmp_path,), cache=tmp_path, emit=lambda event: None, ask=never
    )
    [answer] = resolve([Needed(1, "pydantic", ("BaseSettings",))], context, online=False)
    assert (answer.cls, answer.decision) == ("drift", "nothing")


def test_there_are_enough_of_them():
    """A hundred cases and more, of every class."""
    assert len(CASES) >= 100
    assert {row[0] for row in CASES} == {"local", "drift", "platform", "invented", "alias", "removed"}


def test_the_table_is_sound():
    """Each row names a distribution, a version, and what to write instead; none is there twice."""
    text = (Path(classes.__file__).with_name("drift.toml")).read_text("utf-8")
    assert len(tomllib.loads(text)["modules"]) == len(table()) >= FEWEST_ROWS
    for row in table().values():
        assert Version(row.gone)
        assert row.distribution
        assert row.instead
        assert all(part.isidentifier() for part in row.name.split("."))


@pytest.mark.parametrize(
    ("module", "names", "words"),
    [
        (
            "sklearn.externals.joblib",
            (),
            "scikit-learn has no sklearn.externals.joblib from 0.23 on; use import joblib",
        ),
        ("sklearn.externals", ("joblib",), "use import joblib"),
        ("collections", ("Mapping", "deque"), "use from collections.abc import Mapping"),
        ("numpy", ("array",), ""),
        ("sklearn.linear_model", ("Ridge",), ""),
    ],
)
def test_what_moved_says_what_to_write(module, names, words):
    """The version without it is named, and what took its place; what did not move is left alone."""
    assert words in moved(Needed(1, module, names))
    assert bool(moved(Needed(1, module, names))) == bool(words)


def test_an_old_version_still_has_it(monkeypatch):
    """Where the version that is installed has the name, nothing has drifted here."""
    monkeypatch.setattr("autoexec_magic.installer.drift.version_of", lambda name: "0.22.2")
    assert moved(Needed(1, "sklearn.externals.joblib")) == ""
    monkeypatch.setattr("autoexec_magic.installer.drift.version_of", lambda name: "0.23")
    assert "(0.23 is here)" in moved(Needed(1, "sklearn.externals.joblib"))


def test_what_somebody_put_back_is_there(monkeypatch):
    """`collections.Mapping = …` in a cell before makes the import work: it is believed."""
    import collections

    monkeypatch.setattr(collections, "Mapping", dict, raising=False)
    assert moved(Needed(1, "collections", ("Mapping",))) == ""


@pytest.mark.parametrize(
    ("module", "lacking"),
    [
        ("json.decoder", False),
        ("email.mime.frobnicore", True),
        ("os.path", False),
        ("packaging.frobnicore", True),
        ("packaging.version", False),
        ("frobnicore.deeper", False),
    ],
)
def test_a_submodule_that_is_in_no_file_is_lacking(module, lacking):
    """Of a package that is here, a submodule that is not is drift or a slip, and names the package."""
    evidence = lacks(module)
    assert bool(evidence) == lacking
    assert not lacking or module in evidence
