"""Modules that are not there, by what the installer says they are."""

from __future__ import annotations

import pytest

from autoexec_magic.diagnosis import Around, diagnose_exception, diagnose_text
from autoexec_magic.diagnosis.missing import CLASSES, extra, library
from autoexec_magic.diagnosis.rows import Seen, says
from autoexec_magic.values import Resolution

HEADER = 'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n'


def resolution(cls, decision="nothing", fix="", module="thing"):
    return Resolution(module=module, cls=cls, decision=decision, evidence=(f"it is {cls}",), fix=fix)


@pytest.mark.parametrize(
    ("cls", "decision", "code", "confidence", "action"),
    [
        ("stdlib", "nothing", "stdlib-module-missing", "likely", None),
        ("removed", "nothing", "module-removed", "certain", None),
        ("local", "nothing", "module-elsewhere", "likely", None),
        ("drift", "nothing", "module-moved", "likely", None),
        ("platform", "nothing", "module-of-another-platform", "certain", None),
        ("alias", "nothing", "module-alias", "certain", None),
        ("invented", "ask", "module-invented", "likely", None),
        ("third-party", "ask", "module-not-found", "certain", None),
        ("third-party", "install", "module-not-found", "certain", ("install", ("thing",))),
        ("third-party", "refuse", "module-not-found", "certain", None),
        ("installed", "nothing", "module-installed-since", "likely", ("restart", ())),
    ],
)
def test_each_class_of_the_installers_has_its_own_answer(cls, decision, code, confidence, action):
    """As an object and as a text; only what the installer would install is offered for installing."""
    around = Around(resolve=lambda module: resolution(cls, decision))
    error = ModuleNotFoundError("No module named 'thing'")
    seen = diagnose_exception(error, is_user_frame=bool, around=around)
    assert (seen.code, seen.confidence) == (code, confidence)
    assert seen.evidence == (f"it is {cls}",)
    assert (seen.action and (seen.action.kind, seen.action.values)) == action
    assert "{" not in seen.fix


def test_every_class_has_a_row():
    """A new class of the installer's needs one here."""
    from typing import get_args

    from autoexec_magic.values import ModuleClass

    assert set(CLASSES) == set(get_args(ModuleClass))


def test_the_installers_own_next_step_comes_first():
    """It knows more."""
    around = Around(resolve=lambda module: resolution("removed", fix="use importlib"))
    seen = diagnose_exception(ModuleNotFoundError("No module named 'imp'"), is_user_frame=bool, around=around)
    assert seen.fix == "use importlib"


def test_without_an_answer_it_is_to_be_asked():
    """Nobody knows, or who knows fails."""

    def fails(module):
        raise OSError(module)

    for resolve in (lambda module: None, fails):
        seen = diagnose_exception(
            ModuleNotFoundError("No module named 'thing'"), is_user_frame=bool, around=Around(resolve=resolve)
        )
        assert (seen.code, seen.fix) == ("module-not-found", "%autoexec resolve thing")


def test_nothing_but_a_plain_name_is_ever_asked_for():
    """A text in an exception chooses no option, no index and no second command."""
    asked = []
    around = Around(resolve=lambda module: asked.append(module))
    for name in ("yaml --index-url x", "yaml; rm", "../yaml", "a-b", "y\u0430ml", "a" * 101, ""):
        diagnose_exception(
            ModuleNotFoundError(f"No module named '{name}'"), is_user_frame=bool, around=around
        )
    assert asked == []


@pytest.mark.parametrize(
    ("message", "module"),
    [
        ("Missing optional dependency 'openpyxl'.  Use pip or conda to install openpyxl.", "openpyxl"),
        ("`Import lxml` failed.  Use pip, conda, or your package manager to install it.", "lxml"),
        ("Using http2=True, but the 'h2' package is not installed.", "h2"),
        ("pip install --index-url=http://x thing", ""),
        ("something is not installed", ""),
    ],
)
def test_a_library_that_another_one_asks_for(message, module):
    """Only a name is taken from the sentence."""
    fix = f"%autoexec resolve {module}" if module else "as before"
    row = says("optional-dependency-missing", "as before", tell=extra)
    assert row.say(Seen(type_name="ImportError", message=message))[2] == fix


def test_an_optional_dependency_keeps_its_code():
    """What it is, is evidence; that it was optional, is the reason."""
    around = Around(resolve=lambda module: resolution("third-party", "install", module=module))
    error = ImportError("Missing optional dependency 'openpyxl'.")
    seen = diagnose_exception(error, is_user_frame=bool, around=around)
    assert (seen.code, seen.action.values) == ("optional-dependency-missing", ("openpyxl",))


def test_a_shared_library_is_named():
    """The part before the colon."""
    row = says("shared-library-missing", "as before", tell=library)
    seen = Seen(type_name="ImportError", message="libx.so.1: cannot open shared object file")
    assert row.say(seen)[2] == "install the system library libx.so.1"


def test_a_text_is_told_without_asking_where_nothing_is_around():
    """The command is the fix."""
    assert (
        diagnose_text(f"{HEADER}ModuleNotFoundError: No module named 'thing'").fix
        == "%autoexec resolve thing"
    )
