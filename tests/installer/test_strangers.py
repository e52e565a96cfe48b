"""Names that must never be installed unasked, and hard names that must be right.

Both lists were written before the code was read. `strangers.tsv` has what
notebooks import that is nobody's package: their own helpers, names that moved,
slips and inventions. `truth_other.tsv` has modules whose distribution is
called otherwise.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from index import wheel

from autoexec_magic.config import Config
from autoexec_magic.installer import Context, Needed, resolve, scan
from autoexec_magic.installer.known import normal, plain, table

DATA = Path(__file__).parent / "data"
STRANGERS = [line.split("\t") for line in (DATA / "strangers.tsv").read_text("utf-8").splitlines()]
HARD = [line.split("\t") for line in (DATA / "truth_other.tsv").read_text("utf-8").splitlines()]
CLASSES = ("local", "drift", "platform", "alias", "removed", "invented", "typo")


def never(question):
    """Answer nothing: nobody is there."""
    raise AssertionError(question)


def offline(source, folder):
    """Return what follows for an import, from this machine only."""
    context = Context(config=Config(), folders=(folder,), cache=folder, emit=lambda event: None, ask=never)
    return resolve(scan(source), context, online=False)


def test_there_are_enough_of_them():
    """A hundred strangers and more of every kind, and sixty hard names."""
    assert len(STRANGERS) >= 400
    assert {row[1] for row in STRANGERS} == set(CLASSES)
    assert len(HARD) >= 60


@pytest.mark.parametrize("cls", [each for each in CLASSES if each != "drift"])
def test_a_stranger_is_not_installed(tmp_path, cls):
    """In a folder without the files, nothing of it is taken for a package that may be installed unasked."""
    unasked = [
        (source, answer.distribution, answer.evidence)
        for source, kind, _ in STRANGERS
        if kind == cls
        for answer in offline(source, tmp_path)
        if answer.decision == "install"
    ]
    assert unasked == []


def test_what_is_beside_the_notebook_is_local(tmp_path):
    """With its file there, a helper is called the user's own, whatever the name."""
    rows = [row for row in STRANGERS if row[1] == "local"]
    for source, _, _ in rows:
        [need] = scan(source)
        top = need.module.partition(".")[0]
        if "." in need.module:
            (tmp_path / top).mkdir(exist_ok=True)
            (tmp_path / top / "__init__.py").touch()
        else:
            (tmp_path / f"{top}.py").touch()
    found = {source: answer for source, _, _ in rows for answer in offline(source, tmp_path)}
    assert {answer.cls for answer in found.values()} <= {"local", "installed", "stdlib"}
    assert {answer.decision for answer in found.values()} == {"nothing"}


def test_what_moved_is_not_brought_by_the_newest_release(desk, index, tmp_path):
    """A name that its project has no more is not installed, though the project is known and proved."""
    asked = {}
    for source in (row[0] for row in STRANGERS if row[1] == "drift"):
        for answer in offline(source, tmp_path):
            if answer.decision == "install":
                top = answer.module.partition(".")[0]
                index.add(answer.distribution, wheel(answer.distribution, files={f"{top}/__init__.py": ""}))
                asked[source] = [each.decision for each in desk.resolve_source(source)]
    assert "install" not in {decision for found in asked.values() for decision in found}


@pytest.mark.parametrize(("word", "row"), [("routes", ""), ("schema", ""), ("board", "Adafruit-Blinka")])
def test_a_plain_word_is_a_question(tmp_path, word, row):
    """Debian has a project of that name; what the notebook means is rather a file that is not there."""
    [answer] = offline(f"import {word}", tmp_path)
    assert (answer.decision, answer.distribution) == ("ask", row or word)
    assert any("files of their own" in line for line in answer.evidence)


def test_the_plain_words_hide_no_project_that_everybody_means():
    """A row that is called like its project stays evidence: the words are about what has two meanings."""
    assert len(plain()) > 300
    same = {name for name, row in table().items() if normal(row.distribution) == normal(name)}
    assert not plain() & same


@pytest.mark.parametrize(
    ("module", "instead"),
    [("Pillow", "import PIL"), ("pyyaml", "import yaml"), ("BeautifulSoup4", "import bs4")],
)
def test_the_distribution_s_name_is_told_from_the_module_s(tmp_path, module, instead):
    """Who imports what `pip install` takes is told what the import is called."""
    [answer] = offline(f"import {module}", tmp_path)
    assert (answer.cls, answer.decision, answer.fix) == ("alias", "nothing", instead)


def test_python_2_s_modules_are_said_to_have_another_name(tmp_path):
    """They have a successor, and no package of that name is offered; a file of one's own comes first."""
    [answer] = offline("import urllib2", tmp_path)
    assert (answer.cls, answer.decision, answer.fix) == ("removed", "nothing", "use urllib.request")
    (tmp_path / "commands.py").touch()
    assert [each.cls for each in offline("import commands", tmp_path)] == ["local"]


def test_no_hard_name_is_wrong_and_unasked(tmp_path, monkeypatch):
    """Of the hard names, those that would be installed are all right, and most are found."""
    import sys

    classes = sys.modules["autoexec_magic.installer.classify"]
    monkeypatch.setattr(classes, "is_present", lambda need: False)
    context = Context(
        config=Config(), folders=(tmp_path,), cache=tmp_path, emit=lambda event: None, ask=never
    )
    wrong, right = [], 0
    for module, distribution in HARD:
        for answer in resolve([Needed(1, module)], context, online=False):
            if normal(answer.distribution or "-") == normal(distribution):
                right += 1
            elif answer.decision == "install":
                wrong.append((module, answer.distribution, answer.evidence))
    assert wrong == []
    assert right >= 0.85 * len(HARD), f"{right} of {len(HARD)}"
    print(f"{right} of {len(HARD)} right")
