"""Names of other languages, by one door."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from autoexec_magic.config import Config
from autoexec_magic.errors import UsageError
from autoexec_magic.installer import Context
from autoexec_magic.installer.language import resolve_in


@pytest.fixture
def context(tmp_path, emit, monkeypatch):
    """Return surroundings without a project and without settings of the machine."""
    monkeypatch.setenv("npm_config_userconfig", str(tmp_path / "npmrc"))
    monkeypatch.setenv("npm_config_globalconfig", str(tmp_path / "none"))
    monkeypatch.setenv("CARGO_HOME", str(tmp_path / "cargo"))
    (tmp_path / ".git").mkdir()
    return Context(
        config=Config(), folders=(tmp_path,), cache=tmp_path, emit=emit.append, ask=lambda _: False
    )


@pytest.mark.parametrize(
    ("lang", "names", "classes"),
    [
        ("node", ["fs", "express", "./x"], ["stdlib", "third-party", "local"]),
        ("rust", ["std", "serde", "crate"], ["stdlib", "third-party", "local"]),
    ],
)
def test_each_language_has_the_same_classes(context, lang, names, classes):
    """Also where no project is: what can be said of the names alone."""
    assert [each.cls for each in resolve_in(lang, names, context, online=False)] == classes


def test_another_language_is_an_error(context):
    """With those that there are."""
    with pytest.raises(UsageError) as caught:
        resolve_in("ruby", ["x"], context, online=False)
    assert caught.value.fix == "one of python, node, rust"


def test_the_command_line_takes_a_language(tmp_path):
    """`resolve --lang node`: one JSON object for each name, and the result."""
    (tmp_path / "package.json").write_text("{}")
    words = [
        sys.executable,
        "-m",
        "autoexec_magic",
        "resolve",
        "--json",
        "--lang",
        "node",
        "lodash/fp",
        "node:fs",
    ]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each.get("module"), each.get("class")) for each in records[:-1]] == [
        ("lodash/fp", "third-party"),
        ("node:fs", "stdlib"),
    ]
    assert records[-1]["kind"] == "Result"
