"""A restart is named only where it would help."""

from __future__ import annotations

import importlib
import os
import sys

import pytest

from autoexec_magic import imported


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Return the file of a module that is imported."""
    path = tmp_path / "imported_for_this_test.py"
    path.write_text("value = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module(path.stem)
    yield path
    del sys.modules[path.stem]


def test_nothing_has_changed(module):
    """What was installed beside it is no reason to restart."""
    before = imported.stamps()
    (module.parent / "another.py").write_text("")
    assert imported.changed(before) == []


@pytest.mark.parametrize("how", ["written", "replaced", "gone"])
def test_a_module_whose_file_is_another_is_named(module, how):
    """Also where it has the same size and the same time, as from an installer's cache."""
    before = imported.stamps()
    stat = module.stat()
    if how == "written":
        module.write_text("value = 22\n")
    elif how == "gone":
        module.unlink()
    else:
        copy = module.with_suffix(".copy")
        copy.write_text("value = 2\n")
        os.utime(copy, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        copy.replace(module)
    assert imported.changed(before) == [module.stem]


def test_what_is_new_can_be_imported(tmp_path, monkeypatch):
    """The import system keeps a list of a folder's files, which may be from before."""
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("came_just_now_for_this_test")
    stat = tmp_path.stat()
    (tmp_path / "came_just_now_for_this_test.py").write_text("")
    os.utime(tmp_path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    importlib.invalidate_caches()
    try:
        importlib.import_module("came_just_now_for_this_test")
    finally:
        sys.modules.pop("came_just_now_for_this_test", None)
