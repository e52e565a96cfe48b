"""Whose code a frame is, and what it was about to import."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import pytest

from autoexec_magic.installer import importing
from autoexec_magic.installer.importing import Written
from autoexec_magic.installer.scan import Needed

HERE = "import sys\nframe = sys._getframe()\n"


def frame_of(filename: str, code: str = HERE):
    """Return a frame whose code has that file name."""
    names: dict[str, object] = {}
    exec(compile(code, filename, "exec"), names)
    return names["frame"]


@pytest.mark.parametrize(
    ("name", "is_own"),
    [
        ("mine.py", True),
        ("deep/er/mine.py", True),
        (".venv/lib/python3.11/site-packages/lib.py", False),
        ("../elsewhere.py", False),
    ],
)
def test_a_projects_files_are_the_users(tmp_path, name, is_own):
    """Those below its folder, but for an environment that happens to be in it."""
    project = tmp_path / "project"
    project.mkdir()
    assert Written((), (project,)).holds(frame_of(str(project / name))) is is_own


def test_a_library_is_one_wherever_the_project_is():
    """The standard library and this package are not the user's, even where the workspace is around them."""
    everything = Written((), (Path("/"),))
    for file in (Path(sysconfig.get_path("stdlib")) / "json" / "decoder.py", importing.__file__):
        assert not everything.holds(frame_of(str(file)))


def test_a_cell_is_known_by_its_name(tmp_path):
    """Also one that began after the hook was made."""
    cells: set[str] = set()
    written = Written(cells, (tmp_path,))
    assert not written.holds(frame_of("/tmp/ipykernel_1/2.py"))
    cells.add("/tmp/ipykernel_1/2.py")
    assert written.holds(frame_of("/tmp/ipykernel_1/2.py"))


def test_code_without_a_file_belongs_to_who_runs_it():
    """`exec` in a cell is the user's, a dataclass's own methods are a library's."""
    written = Written({"<cell>"}, ())
    assert written.holds(frame_of("<cell>", f"names = {{}}\nexec({HERE!r}, names)\nframe = names['frame']"))
    assert not written.holds(frame_of("<string>"))
    made = "names = {'__name__': 'json'}\nexec('def f():\\n    return sys._getframe()\\nimport sys', names)\n"
    assert not written.holds(frame_of("<cell>", f"{made}frame = names['f']()"))
    nameless = made.replace("'__name__': 'json'", "")
    assert not written.holds(frame_of("<cell>", f"{nameless}frame = names['f']()"))


def test_what_runs_in_the_users_namespace_is_the_users():
    """A magic compiles the body of a cell under a name of its own."""
    names: dict[str, object] = {}
    exec(compile(HERE, "<timed exec>", "exec"), names)
    assert Written((), (), names).holds(names["frame"])
    assert not Written((), (), {}).holds(names["frame"])


def test_a_call_is_no_import():
    """A finder that is called by anybody but the import system learns nothing."""
    assert importing.importer(sys._getframe()) is None


def test_a_changed_file_does_not_mislead(tmp_path, monkeypatch):
    """Where the source is no longer what runs, every `try` around the place counts as a guard."""
    path = tmp_path / "mine.py"
    text = "import sys\ntry:\n    import changed_under_it\nexcept KeyError:\n    pass\n"
    path.write_text("x = 1\ny = 2\nz = 3\nprint(x)\n")
    seen = []

    class Finder:
        def find_spec(self, name, path=None, target=None):
            if name == "changed_under_it":
                found = importing.importer(sys._getframe(0).f_back)
                seen.append(importing.is_guarded(found[0], Written((), (tmp_path,))))
                seen.append(importing.wanted(*found))

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
    with pytest.raises(ModuleNotFoundError):
        exec(compile(text, str(path), "exec"), {})
    assert seen == [True, Needed(1, "changed_under_it")]
