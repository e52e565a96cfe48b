"""The grammars of other languages, loaded when they are used."""

from __future__ import annotations

import sys

import pytest

from autoexec_magic.errors import MissingTool
from autoexec_magic.installer import grammar


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("javascript", "let a = <b/>"),
        ("typescript", "let a: b"),
        ("tsx", "let a: b = <c/>"),
        ("rust", "fn a() {}"),
    ],
)
def test_each_grammar_reads_its_language(name, source):
    """And says where something is wrong."""
    assert grammar.parse(source, name).fault == 0
    assert grammar.parse(f"{source}\n\n)(", name).fault == 3


def test_a_grammar_that_is_not_installed_is_asked_for(monkeypatch):
    """With the line that installs it."""
    grammar._language.cache_clear()
    monkeypatch.setitem(sys.modules, "tree_sitter_rust", None)
    with pytest.raises(MissingTool) as caught:
        grammar.parse("", "rust")
    assert caught.value.fix == "%pip install 'autoexec-magic[languages]'"
    grammar._language.cache_clear()


def test_text_that_is_no_unicode_is_read():
    """Half a character is replaced."""
    assert grammar.parse("let a = '\ud800'", "javascript").root is not None
