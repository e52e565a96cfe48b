"""What code imports: files beside it go with it, packages have to be locked."""

from __future__ import annotations

import ast

import pytest

from autoexec_magic.builder.app.needs import imports_of, needs_of
from autoexec_magic.errors import BuildError


def names(folder, text):
    """Return the packages and the files that code needs."""
    found = needs_of(ast.parse(text), folder, folder / "dist")
    return [row[0] for row in found.packages], [path for path, _ in found.files]


def test_files_beside_it_go_with_it_and_with_what_they_need(tmp_path):
    """A module, a package with its data, and what they import in turn; nothing else of the folder."""
    (tmp_path / "one.py").write_text("import two.deep\nimport requests")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "__init__.py").write_text("from . import deep")
    (tmp_path / "two" / "deep.py").write_text("import three")
    (tmp_path / "two" / "words.txt").write_text("a")
    (tmp_path / "two" / "__pycache__").mkdir()
    (tmp_path / "two" / "__pycache__" / "x.pyc").touch()
    (tmp_path / "three").mkdir()
    (tmp_path / "three" / "part.py").touch()
    (tmp_path / "other.py").touch()
    packages, files = names(tmp_path, "import one, os, json.decoder")
    assert packages == ["requests"]
    assert files == ["one.py", "three/part.py", "two/__init__.py", "two/deep.py", "two/words.txt"]


def test_the_place_of_a_missing_lock_is_told(tmp_path):
    """Also where a file beside the notebook imports it."""
    (tmp_path / "one.py").write_text("\nimport requests")
    ((name, wanted, where),) = needs_of(ast.parse("import one"), tmp_path, tmp_path / "dist").packages
    assert (name, wanted.line, where) == ("requests", 2, "one.py")


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("try:\n    import a\nexcept ImportError:\n    import b", []),
        ("try:\n    import a\nexcept ValueError:\n    pass", ["a"]),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a", ["typing"]),
        ("def f():\n    import a\nclass B:\n    import b", ["a", "b"]),
        ("with x:\n    from a.b import c", ["a.b"]),
        ("from . import a", []),
        ("match x:\n    case 1:\n        import a", ["a"]),
    ],
)
def test_what_the_code_can_do_without_is_not_needed(text, needed):
    """A guarded import fails as its author meant it to."""
    assert [each.module for each in imports_of(ast.parse(text)) if each.is_needed] == needed


def test_a_file_beside_it_that_is_no_python_is_said(tmp_path):
    """It would fail in production."""
    (tmp_path / "one.py").write_text("def (")
    with pytest.raises(BuildError, match=r"one\.py, which the notebook imports"):
        names(tmp_path, "import one")


def test_a_file_called_as_a_module_of_the_library_hides_it(tmp_path):
    """Python looks beside the notebook first; a folder without __init__ hides nothing."""
    (tmp_path / "random.py").touch()
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "x.py").touch()
    assert names(tmp_path, "import random, json") == ([], ["random.py"])
