"""Another version before or behind the environment's own folders is seen, though no installer mentions it."""

from __future__ import annotations

import importlib
import sys

import pytest

from autoexec_magic.errors import InstallError
from autoexec_magic.installer.installed import places
from autoexec_magic.installer.shadows import shadows
from autoexec_magic.installer.tool import Plan, Toolbox
from autoexec_magic.values import Candidate

install = importlib.import_module(
    "autoexec_magic.installer.install"
)  # the package has a function of that name


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Have a folder in front of the environment's and one behind it, each with a distribution."""
    for name, info in (("user", "alpha-1.0.dist-info"), ("system", "beta_b-3.0.dist-info")):
        (tmp_path / name / info).mkdir(parents=True)
        (tmp_path / name / info / "METADATA").write_text("Metadata-Version: 2.1\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "user"), places().purelib, str(tmp_path / "system")])
    return tmp_path


def test_where_it_stands_says_who_wins(path):
    """The user site comes first, the system's packages last; the same version is no matter."""
    found = shadows({"alpha": "2.0", "Beta.B": "2.0", "gamma": "1.0"})
    assert dict(found.hiding) == {"alpha 1.0": str(path / "user")}
    assert dict(found.hidden) == {"Beta.B 3.0": str(path / "system")}
    assert not shadows({"alpha": "1.0", "beta-b": "3.0"}).hiding


def test_what_would_not_be_found_is_refused(path):
    """It would be installed and never imported."""
    with pytest.raises(InstallError, match=r"alpha 2\.0 would not be found") as caught:
        install._refuse_hidden(Plan(added={"alpha": "2.0"}))
    assert caught.value.why == f"alpha 1.0 in {path / 'user'} comes before it"


def test_what_it_hides_is_asked_about(path):
    """As what it replaces is; the command names the version."""
    asked = []

    def ask(question):
        asked.append(question)
        return True

    tools = Toolbox(sources=None, emit=print, ask=ask)
    candidate = Candidate(distribution="beta-b", version="2.0", sha256="0", index="", why="")
    install._agree(Plan(added={"beta-b": "2.0"}), {"beta-b": candidate}, [candidate], tools)
    (question,) = asked
    assert question.text == "install beta-b, which replaces beta-b 3.0 ?"
    assert question.fix == "%autoexec install beta-b==2.0 --yes"
