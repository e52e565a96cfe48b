"""What of a Node project is run, by what its package.json says."""

from __future__ import annotations

import pytest

from autoexec_magic.builder.image import node


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ("node server.js", ("node", "server.js")),
        ("node 'my server.js' -x", ("node", "my server.js", "-x")),
        ("node a.js && node b.js", ("npm", "run", "--silent", "start")),
        ("NODE_ENV=x node a.js", ("npm", "run", "--silent", "start")),
        ("next start", ("npm", "run", "--silent", "start")),
        ("node 'a", ("npm", "run", "--silent", "start")),
    ],
)
def test_a_call_of_node_needs_no_npm(start, words):
    """What needs a shell is npm's to run."""
    assert node.command_of({"scripts": {"start": start}}) == words


@pytest.mark.parametrize(
    ("engines", "version"),
    [
        (">=18", "22"),
        ("20.x", "20"),
        ("^18.1 || ^20.3", "20"),
        (">=18 <20", "18"),
        ("~24.1", "24"),
        ("*", "22"),
        (7, "22"),
    ],
)
def test_the_node_it_is_for(tmp_path, engines, version):
    """The newest of those that are mended for years."""
    assert node.version_of(tmp_path, {"engines": {"node": engines}}) == version


def test_a_pinned_node_wins(tmp_path):
    """It stands in .nvmrc."""
    (tmp_path / ".nvmrc").write_text("v20.1\n")
    assert node.version_of(tmp_path, {}) == "20"
