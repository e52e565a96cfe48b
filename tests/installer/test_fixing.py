"""A notebook or a project made importable, as a person would: fix it, look at the difference, run it."""

from __future__ import annotations

import json

import pytest
from index import wheel

CODE = ["import json\n", "import yaml\n", "import docx, np\n", "import helpers\n", "import frobnicate_magic"]


def cell(source, **fields):
    """Return a code cell."""
    return {
        "cell_type": "code",
        "execution_count": 3,
        "id": "c0ffee",
        "metadata": {},
        "outputs": [{"name": "stdout", "output_type": "stream", "text": ["é \\u2028\n"]}],
        "source": source,
        **fields,
    }


def written(path, *cells, **metadata):
    """Write a notebook as Jupyter does."""
    content = {
        "cells": list(cells),
        "metadata": {"kernelspec": {"display_name": "P", "language": "python", "name": "python3"}, **metadata},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")
    return path


@pytest.fixture
def shelf(index):
    """Fill the index with what a notebook asks for."""
    index.add("inner-dep", wheel("inner-dep", "2.0"))
    index.add("PyYAML", wheel("PyYAML", "1.0", {"yaml/__init__.py": "FROM = 'PyYAML'\n"}, requires=["inner-dep"]))
    index.add("python-docx", wheel("python-docx", "1.1", {"docx/__init__.py": "FROM = 'python-docx'\n"}))
    return index


def test_a_try(environment, shelf):
    """Look."""
    (environment.home / "lib").mkdir()
    (environment.home / "lib" / "helpers.py").write_text("X = 1\n")
    book = written(environment.home / "book.ipynb", cell(CODE))
    before = book.read_bytes()
    answer = environment.drive("fix", paths=["book.ipynb"])
    print(answer.error)
    for r in answer.resolutions: print(r["module"], r["cls"], r["decision"], r["fix"])
    print(environment.distributions)
    import difflib
    print("\n".join(difflib.unified_diff(before.decode().splitlines(), book.read_text().splitlines(), lineterm="")))
    assert 0
