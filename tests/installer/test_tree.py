"""What a tree imports, and what of it cannot be read."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading

import pytest

from autoexec_magic.errors import MissingTool, UsageError
from autoexec_magic.installer import grammar, tree
from autoexec_magic.installer.tree import Import, group_of, scan_tree, when_slow

MINUTE = 60


def write(folder, files):
    """Write files by their paths, a minute old."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        age(path)


def age(path, seconds=MINUTE):
    """Make a file older, so that it is no longer fresh."""
    before = path.stat().st_mtime_ns - seconds * 10**9
    os.utime(path, ns=(before, before))


def modules(folder, **options):
    """Return the modules that are imported below a folder."""
    return [found.module for found in scan_tree(folder, **options).imports]


def faults(folder):
    """Return what could not be read, and why."""
    return {fault.path: fault.why for fault in scan_tree(folder).faults}


def test_every_language_is_scanned(tmp_path):
    """With path, line, cell, names and whether it is required."""
    cell = {"cell_type": "code", "source": "%pip install x\nimport d"}
    write(
        tmp_path,
        {
            "a.py": "import a\ndef f():\n    from b import c",
            "n/d.ipynb": json.dumps({"cells": [{"cell_type": "markdown", "source": ""}, cell]}),
            "web/e.ts": "import {f} from 'e'",
            "web/g.cjs": "require('g/h')",
            "core/i.rs": "use i::j;",
            "readme.md": "import no",
        },
    )
    found = scan_tree(tmp_path)
    assert [
        (item.path, item.line, item.cell, item.module, item.names, item.required) for item in found.imports
    ] == [
        ("a.py", 1, 0, "a", (), True),
        ("a.py", 3, 0, "b", ("c",), False),
        ("core/i.rs", 1, 0, "i", ("j",), True),
        ("n/d.ipynb", 2, 2, "d", (), False),
        ("web/e.ts", 1, 0, "e", ("f",), True),
        ("web/g.cjs", 1, 0, "g/h", (), True),
    ]
    assert (found.files, list(found.faults)) == (5, [])


def test_other_peoples_code_and_what_is_built_is_left_out(tmp_path):
    """Environments, dependencies, caches, and builds beside their manifest."""
    write(
        tmp_path,
        {
            "a.py": "import a",
            "node_modules/x/b.js": "require('no')",
            ".git/b.py": "import no",
            "pkg/__pycache__/b.py": "import no",
            "env/pyvenv.cfg": "",
            "env/lib/b.py": "import no",
            "conda/conda-meta/b.json": "",
            "conda/lib/b.py": "import no",
            "lib/pyproject.toml": "",
            "lib/build/b.py": "import no",
            "lib/dist/b.py": "import no",
            "core/Cargo.toml": "",
            "core/target/b.rs": "use no::b;",
            "src/build/c.py": "import c",
            "target/d.py": "import d",
        },
    )
    assert modules(tmp_path) == ["a", "c", "d"]
    assert modules(tmp_path / "env") == ["no"]  # what is asked for by name is scanned


def test_links_do_not_lead_round_in_circles(tmp_path):
    """A link to a folder is not followed; one to a file is a file; one to nothing is nothing."""
    write(tmp_path, {"a.py": "import a"})
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "b.py").symlink_to("a.py")
    (tmp_path / "c.py").symlink_to("nowhere.py")
    (tmp_path / "d.py").symlink_to("d.py")
    assert modules(tmp_path) == ["a", "a"]


def test_what_is_no_file_is_never_opened(tmp_path, monkeypatch):
    """A pipe or a socket with a script's name would be waited for."""
    os.mkfifo(tmp_path / "a.py")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("b.py")
        (tmp_path / "c.py").mkdir()
        write(tmp_path, {"c.py/d.py": "import d"})
        done: list[list[str]] = []
        thread = threading.Thread(target=lambda: done.append(modules(tmp_path)), daemon=True)
        thread.start()
        thread.join(20)
    assert done == [["d"]]
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        scan_tree(tmp_path / "a.py")


def test_a_file_that_becomes_a_pipe_is_not_waited_for(tmp_path):
    """Between the look and the reading, it may."""
    os.mkfifo(tmp_path / "a.py")
    assert tree.read_file(str(tmp_path / "a.py")) == ((), (("cannot be read: no regular file", 0, 0),))


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        pytest.param("a.py", b"if x: import a\n)", "does not parse", id="syntax"),
        pytest.param("a.py", b"if x: import a\xff", "cannot be read: 'utf-8'", id="encoding"),
        pytest.param("a.py", b"# coding: nobodys\nimport a", "does not parse: unknown encoding", id="cookie"),
        pytest.param("a.ipynb", b"{", "cannot be read: Expecting", id="notebook"),
        pytest.param("a.ipynb", b"[]", "cannot be read: no notebook", id="no-notebook"),
        pytest.param("a.ipynb", b"\xff", "cannot be read: 'utf-8'", id="notebook-encoding"),
        pytest.param("a.js", b"import a from 'a'\n let = = 3", "does not parse there", id="javascript"),
        pytest.param("a.py", b"import " + b"(" * 9000, "does not parse", id="deep"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, name, content, why):
    """And the rest is scanned."""
    write(tmp_path, {name: content, "b.py": "import b"})
    assert faults(tmp_path)[name].startswith(why)
    assert "b" in modules(tmp_path)


def test_a_broken_cell_is_told_by_its_number(tmp_path):
    """And the others are scanned."""
    made = [{"cell_type": "code", "source": text} for text in ("import a", "x\nif y: import b c", "import d")]
    write(tmp_path, {"a.ipynb": json.dumps({"cells": made})})
    found = scan_tree(tmp_path)
    assert [(item.module, item.cell) for item in found.imports] == [("a", 1), ("d", 3)]
    (fault,) = found.faults
    assert (fault.line, fault.cell) == (2, 2)


def test_a_huge_file_is_not_read(tmp_path, monkeypatch):
    """Data with a script's name would fill the memory."""
    monkeypatch.setattr(tree, "MOST_BYTES", 2**20)
    write(tmp_path, {"a.py": b"import a\n" + b"#" * 2**20, "b.py": "import b"})
    assert faults(tmp_path) == {"a.py": "cannot be read: larger than 1 MiB"}
    assert modules(tmp_path) == ["b"]


def test_a_folder_that_cannot_be_listed_is_said(tmp_path, monkeypatch):
    """It may hold anything."""
    write(tmp_path, {"a.py": "import a", "shut/b.py": "import b"})
    real = os.scandir

    def scandir(path):
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert faults(tmp_path) == {"shut": "cannot be read: the folder cannot be listed"}


@pytest.mark.parametrize(
    ("content", "want"),
    [
        (b"\xef\xbb\xbfimport a", ["a"]),
        (b"# -*- coding: latin-1 -*-\nx = '\xe4'\nimport a", ["a"]),
        (b"#!/usr/bin/env python\n# vim: set fileencoding=cp1252 :\nx = '\x80'\nimport a", ["a"]),
        (b"import a\r\nimport b\r\n", ["a", "b"]),
    ],
)
def test_source_is_decoded_as_python_does(tmp_path, content, want):
    """By the mark, by the comment, and as UTF-8."""
    write(tmp_path, {"a.py": content})
    assert modules(tmp_path) == want


def test_a_file_that_has_not_changed_is_not_read_again(tmp_path, monkeypatch):
    """And one that has is."""
    project, cache = tmp_path / "project", tmp_path / "cache"
    write(project, {"a.py": "import a", "b.py": "import b", "c.py": "if x: import c\n)"})
    assert modules(project, remembered=cache) == ["a", "b"]
    read = []
    real = tree.read_file
    monkeypatch.setattr(tree, "read_file", lambda path: read.append(os.path.basename(path)) or real(path))
    assert modules(project, remembered=cache) == ["a", "b"]
    assert len(list(scan_tree(project, remembered=cache).faults)) == 1
    assert read == []
    write(project, {"b.py": "import bb"})
    assert modules(project, remembered=cache) == ["a", "bb"]
    assert read == ["b.py"]
    (project / "a.py").unlink()
    assert modules(project, remembered=cache) == ["bb"]


def test_a_file_that_was_replaced_is_read_again(tmp_path):
    """Of the same size and time, but another file."""
    project, cache = tmp_path / "project", tmp_path / "cache"
    write(project, {"a.py": "import a"})
    assert modules(project, remembered=cache) == ["a"]
    stamp = (project / "a.py").stat().st_mtime_ns
    (project / "new").write_text("import b")
    os.utime(project / "new", ns=(stamp, stamp))
    (project / "new").replace(project / "a.py")
    assert modules(project, remembered=cache) == ["b"]


def test_a_language_that_cannot_be_read_is_said_once_a_file(tmp_path, monkeypatch):
    """Python is scanned all the same; a single file of it is an error."""
    write(tmp_path, {"a.py": "import a", "b.rs": "use b::c;"})
    grammar._language.cache_clear()
    monkeypatch.setitem(sys.modules, "tree_sitter_rust", None)
    assert "autoexec-magic[languages]" in faults(tmp_path)["b.rs"]
    assert modules(tmp_path) == ["a"]
    with pytest.raises(MissingTool):
        scan_tree(tmp_path / "b.rs")
    grammar._language.cache_clear()


def test_a_single_file_is_scanned(tmp_path):
    """By its name alone."""
    write(tmp_path, {"a.py": "import a", "b.txt": ""})
    (found,) = scan_tree(tmp_path / "a.py").imports
    assert (found.path, found.module) == ("a.py", "a")
    with pytest.raises(UsageError, match=r"cannot scan b\.txt"):
        scan_tree(tmp_path / "b.txt")
    with pytest.raises(UsageError, match="there is nothing at"):
        scan_tree(tmp_path / "c.py")


def test_a_scan_can_be_stopped_and_tells_how_far_it_is(tmp_path, monkeypatch):
    """What it has found until then is not taken for all."""
    monkeypatch.setattr(tree, "PROGRESS_EVERY", 2)
    write(tmp_path / "p", {f"{number}.py": "import a" for number in range(9)})
    told: list[int] = []
    found = scan_tree(
        tmp_path / "p", remembered=tmp_path / "c", progress=told.append, is_cancelled=lambda: len(told) > 1
    )
    assert (found.files, told) == (4, [2, 4])
    assert not (tmp_path / "c").exists()


def test_progress_is_told_where_it_takes_long(monkeypatch):
    """A scan that is over at once says nothing."""
    told: list[int] = []
    tell = when_slow(told.append, seconds=MINUTE)
    tell(1)
    assert told == []
    tell = when_slow(told.append, seconds=0)
    tell(2)
    assert told == [2]


@pytest.mark.parametrize(
    ("language", "module", "want"),
    [
        ("python", "a.b.c", ("a", False)),
        ("python", "os.path", ("os", True)),
        ("node", "@a/b/c", ("@a/b", False)),
        ("node", "node:fs", ("node:fs", True)),
        ("rust", "serde_json", ("serde_json", False)),
        ("rust", "std", ("std", True)),
    ],
)
def test_what_an_import_is_counted_under(language, module, want):
    """The part that a package is named by."""
    found = Import(path="", line=1, cell=0, module=module, names=(), required=True, language=language)
    assert group_of(found) == want


def test_what_only_lacked_a_parser_is_read_once_that_is_there(tmp_path, monkeypatch):
    """Installing what the scan asked for is enough: nobody has to know of the cache."""
    project, cache = tmp_path / "project", tmp_path / "cache"
    project.mkdir()
    file = project / "b.rs"
    file.write_text("use serde::Serialize;\n")
    os.utime(file, ns=(1_000_000_000, 1_000_000_000))  # old enough to be remembered
    grammar._language.cache_clear()
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "tree_sitter_rust", None)
        assert len(list(scan_tree(project, remembered=cache).faults)) == 1
    found = scan_tree(project, remembered=cache)
    assert list(found.faults) == []
    assert [each.module for each in found.imports] == ["serde"]
