"""What a module is, decided before anybody asks an index."""

from __future__ import annotations

import sys
import types

import pytest

from autoexec_magic.installer.classify import ALIASES, PLATFORM, REMOVED, classify, is_present
from autoexec_magic.installer.known import table
from autoexec_magic.installer.scan import Needed, scan

ABSENT = "a_module_that_is_not_here"


def need(statement: str) -> Needed:
    """Return the one import of `statement`."""
    [found] = scan(statement)
    return found


def class_of(statement: str, *folders) -> str:
    """Return what the module of `statement` is."""
    return classify(need(statement), folders)[0]


class Without:
    """A finder that comes first and finds nothing of `name` anywhere."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Deny the module."""
        if name.partition(".")[0] == self.name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.fixture
def without(monkeypatch):
    """Return a function that makes a module of this Python one that is not here."""

    def hide(name: str) -> None:
        others = sys.stdlib_module_names - {name}
        monkeypatch.setattr(sys, "stdlib_module_names", others)
        monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.setattr(sys, "meta_path", [Without(name), *sys.meta_path])

    return hide


@pytest.fixture
def halves(tmp_path, monkeypatch):
    """Put half of a namespace package on the path: `nspace.cloud.storage` is there, `….bigquery` is not."""
    storage = tmp_path / "nspace" / "cloud" / "storage"
    storage.mkdir(parents=True)
    (storage / "__init__.py").write_text("raise SystemExit('imported')")
    (tmp_path / "nspace" / "single.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "nspace"]:
        del sys.modules[name]


@pytest.mark.parametrize("statement", ["import json", "import os.path", "from xml.etree import ElementTree"])
def test_the_standard_library_is_part_of_python(statement):
    """A module of the standard library is never looked for elsewhere."""
    assert classify(need(statement), ()) == ("stdlib", "part of Python")


@pytest.mark.parametrize("name", sorted(REMOVED))
def test_what_left_the_standard_library_names_its_replacement(name, without):
    """A module that an older Python had says what to use instead, and is not looked for on an index."""
    without(name)
    cls, evidence = classify(Needed(1, name), ())
    assert cls == "removed"
    assert evidence.endswith(f"use {REMOVED[name]}")


def test_a_submodule_of_what_was_removed_is_removed(without):
    """`distutils.util` left with distutils."""
    without("distutils")
    assert class_of("from distutils.util import strtobool") == "removed"


@pytest.mark.parametrize("name", [*PLATFORM, "google.colab.patches", "dbutils.fs"])
def test_what_one_platform_has_is_not_installed(name):
    """A module that exists on one platform only says on which."""
    cls, evidence = classify(Needed(1, name), ())
    assert cls == "platform"
    assert "only" in evidence


def test_what_a_platform_has_is_installed_there(tmp_path, monkeypatch):
    """On the platform itself its module can be imported, and is no fault."""
    (tmp_path / "dbutils.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    assert class_of("import dbutils") == "installed"


@pytest.mark.parametrize("name", sorted(ALIASES))
def test_a_short_name_is_spelled_out(name, without):
    """`import np` is answered with the line that was meant."""
    without(name)
    cls, evidence = classify(Needed(1, name), ())
    assert cls == "alias"
    assert ALIASES[name] in evidence
    assert ALIASES[name].endswith(f" as {name}")


@pytest.mark.parametrize("place", ["", "src", "lib"])
@pytest.mark.parametrize("file", [f"{ABSENT}.py", f"{ABSENT}/__init__.py"])
def test_your_own_file_is_local(tmp_path, place, file):
    """A file of the user's beside the notebook or in src is theirs, and the evidence makes it importable."""
    path = tmp_path / place / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("OWN = 42\n")
    cls, evidence = classify(need(f"import {ABSENT}"), [tmp_path / "elsewhere", tmp_path])
    assert cls == "local"
    assert str(path) in evidence
    assert evidence.endswith(f"sys.path.insert(0, {str(tmp_path / place)!r})")


def test_your_own_file_comes_before_a_short_name(tmp_path, without):
    """A file called tf.py is the user's own, not TensorFlow."""
    without("tf")
    (tmp_path / "tf.py").write_text("")
    assert class_of("import tf", tmp_path) == "local"


def test_a_folder_without_code_is_not_local(tmp_path):
    """A folder of data that is called like a module is no module of the user's."""
    (tmp_path / ABSENT).mkdir()
    assert class_of(f"import {ABSENT}", tmp_path) == "third-party"


def test_a_folder_of_yours_without_init_is_local(tmp_path):
    """`import data.x` means the folder `data`, also where it has no x; no index is asked."""
    (tmp_path / ABSENT).mkdir()
    (tmp_path / ABSENT / "there.py").write_text("")
    assert class_of(f"import {ABSENT}.there", tmp_path) == "local"
    cls, evidence = classify(need(f"import {ABSENT}.x"), [tmp_path])
    assert (cls, evidence) == ("local", f"your own folder {tmp_path / ABSENT}/ has no x")


@pytest.mark.parametrize("place", ["..", "below"])
def test_your_own_file_is_found_around(tmp_path, place):
    """One level up and one level down are looked at, too; names that everybody knows are not."""
    here = tmp_path / "here"
    (here / "below").mkdir(parents=True)
    for name in (ABSENT, "usb"):
        (here / place / f"{name}.py").write_text("")
    cls, evidence = classify(need(f"import {ABSENT}"), [here])
    assert cls == "local"
    assert evidence.endswith(f"sys.path.insert(0, {str((here / place).resolve())!r})")
    assert class_of("import usb", here) == "third-party"


def test_what_can_be_imported_is_installed(tmp_path, monkeypatch):
    """A module on the path is installed, and so is whatever is below a regular package and there."""
    (tmp_path / "regular").mkdir()
    (tmp_path / "regular" / "__init__.py").write_text("raise SystemExit('imported')")
    (tmp_path / "regular" / "deeper.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    assert class_of("import regular") == "installed"
    assert class_of("from regular.deeper import thing") == "installed"
    assert class_of("from regular.gone import thing") == "drift"


def test_a_package_that_makes_its_modules_is_believed(tmp_path, monkeypatch):
    """A submodule that no file holds may still be made when the package runs (`tensorflow.keras`)."""
    (tmp_path / "maker").mkdir()
    (tmp_path / "maker" / "__init__.py").write_text("import sys\nsys.modules['maker.made'] = sys\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert class_of("import maker.made") == "installed"


def test_a_notebook_of_yours_is_local(tmp_path):
    """`import helpers` where helpers.ipynb is the user's: the fix runs it, and nothing is looked for."""
    (tmp_path / f"{ABSENT}.ipynb").write_text("{}")
    cls, evidence = classify(need(f"import {ABSENT}"), [tmp_path])
    assert cls == "local"
    assert evidence.endswith(f"%run {tmp_path / (ABSENT + '.ipynb')}")


def test_everything_else_is_third_party():
    """What is nothing else is looked for."""
    assert classify(need(f"import {ABSENT}.deeper"), ()) == ("third-party", "not here")


@pytest.mark.parametrize(
    ("statement", "want"),
    [
        pytest.param("import nspace", "installed", id="the-namespace"),
        pytest.param("import nspace.single", "installed", id="a-module-below"),
        pytest.param("from nspace import single", "installed", id="from-a-module-below"),
        pytest.param("import nspace.cloud", "installed", id="a-namespace-below"),
        pytest.param("import nspace.cloud.storage", "installed", id="the-half-that-is-here"),
        pytest.param("from nspace.cloud import storage", "installed", id="from-the-half-that-is-here"),
        pytest.param("import nspace.cloud.storage.blob", "drift", id="deeper-in-the-half"),
        pytest.param("from nspace.cloud import *", "installed", id="star"),
        pytest.param("import nspace.cloud.bigquery", "third-party", id="the-half-that-is-not"),
        pytest.param("from nspace.cloud import bigquery", "third-party", id="from-the-half-that-is-not"),
        pytest.param("from nspace.cloud import storage, bigquery", "third-party", id="both-halves"),
        pytest.param("import nspace.other", "third-party", id="not-below"),
    ],
)
def test_a_namespace_is_looked_into(halves, statement, want):
    """Of a namespace that many distributions share, what is there and what is not are told apart."""
    assert class_of(statement) == want


def test_a_namespace_is_looked_into_after_its_import(halves):
    """The same, where the namespace was imported before."""
    import nspace.cloud  # noqa: F401

    assert class_of("from nspace.cloud import storage") == "installed"
    assert class_of("from nspace.cloud import bigquery") == "third-party"
    assert class_of("import nspace.cloud.bigquery") == "third-party"


@pytest.mark.parametrize(
    "statement",
    [
        "import nspace",
        "import nspace.single",
        "import regular.deeper",
        "from regular import x",
        f"import {ABSENT}.x",
    ],
)
def test_nothing_is_imported(halves, statement):
    """To say what a module is, no code of it or of its parents runs."""
    (halves / "regular").mkdir()
    (halves / "regular" / "__init__.py").write_text("raise SystemExit('imported')")
    before = dict(sys.modules)
    classify(need(statement), [halves])
    assert sys.modules == before


def test_what_the_user_made_themselves_is_present(monkeypatch):
    """A module that code put into sys.modules can be imported, though no file holds it."""
    monkeypatch.setitem(sys.modules, "made_by_hand", types.ModuleType("made_by_hand"))
    assert is_present(Needed(1, "made_by_hand"))


def test_a_stand_in_without_a_spec_is_present(monkeypatch):
    """An object that stands in for a module need not look like one."""
    monkeypatch.setitem(sys.modules, "stand_in", types.SimpleNamespace())
    assert is_present(Needed(1, "stand_in"))


def test_a_blocked_module_is_not_present(monkeypatch):
    """`sys.modules[name] = None` makes an import fail, so the module is not there."""
    monkeypatch.setitem(sys.modules, "blocked_here", None)
    assert not is_present(Needed(1, "blocked_here"))


def test_no_name_is_two_things():
    """What is platform-only, removed or a short name is not in the table of what may be installed."""
    for name in (*PLATFORM, *REMOVED, *ALIASES):
        assert name not in table()
