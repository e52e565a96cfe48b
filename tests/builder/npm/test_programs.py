"""npm as it is started here, and what it says when it fails."""

from __future__ import annotations

import pytest

from autoexec_magic.builder.npm import programs
from autoexec_magic.errors import BuildError, Cancelled, RunTimeout
from autoexec_magic.values import Outcome


def outcome(stderr: str = "", ended: str = "exited", returncode: int = 1) -> Outcome:
    """Return how an npm ended."""
    return Outcome(argv=("npm",), returncode=returncode, ended=ended, seconds=1.0, stdout="", stderr=stderr)  # type: ignore[arg-type]


REFUSED = """npm error code ECONNREFUSED
npm error errno ECONNREFUSED
npm error FetchError: request to http://127.0.0.1:9/x failed, reason: connect ECONNREFUSED 127.0.0.1:9
npm error     at ClientRequest.<anonymous> (/usr/lib/node_modules/npm/lib/index.js:130:14)
npm error   code: 'ECONNREFUSED',
npm error }
npm error
npm error If you are behind a proxy, please make sure that the
npm error A complete log of this run can be found in: /tmp/x/_logs/a.log
"""


def test_npm_s_own_words_are_the_reason():
    """Without its codes, its frames and where its log is."""
    assert programs.reason(outcome(REFUSED))[0].startswith(
        "FetchError: request to http://127.0.0.1:9/x failed"
    )
    assert programs.reason(outcome("npm ERR! code E404\nnpm ERR! 404 Not Found - GET http://h/x\n")) == [
        "404 Not Found - GET http://h/x"
    ]


@pytest.mark.parametrize(
    ("ended", "error"), [("exited", BuildError), ("timed-out", RunTimeout), ("cancelled", Cancelled)]
)
def test_how_it_ended_is_the_error(ended, error):
    """A limit and a stop are no failed build."""
    assert isinstance(programs.failed(outcome(REFUSED, ended), "no", "x"), error)


def test_only_the_folders_of_the_programs_are_opened(tmp_path, monkeypatch):
    """Never the home itself, whatever stands in its bin."""
    home = tmp_path / "home"
    tree = home / ".nvm" / "versions" / "node" / "v22.0.0"
    for folder in (tree / "bin", tree / "lib" / "node_modules" / "npm" / "bin", home / "bin"):
        folder.mkdir(parents=True)
    for path in (
        tree / "bin" / "node",
        tree / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js",
        home / "bin" / "node",
    ):
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    (tree / "bin" / "npm").symlink_to("../lib/node_modules/npm/bin/npm-cli.js")
    monkeypatch.setenv("HOME", str(home))
    found = programs._folders(str(tree / "bin" / "npm"), str(tree / "bin" / "node"))
    assert tree in found
    assert home not in found
    assert not any(home.is_relative_to(each) for each in found)
    assert programs._folders("/usr/bin/npm", str(home / "bin" / "node")) == (home / "bin",)


def test_the_version_is_asked_in_the_cage(package):
    """Both are there and say it."""
    folder = package.tmp / "empty"
    folder.mkdir()
    tools = programs.programs(package.bench, folder, package.folder)
    assert tools.provenance.keys() == {"node", "npm"}
    assert all(version[0].isdigit() for version in tools.provenance.values())


def test_each_project_has_a_cache_of_its_own(package):
    """What one leaves there is not what another one gets."""
    folder = package.tmp / "empty"
    folder.mkdir()
    mine = programs.programs(package.bench, folder, package.folder)
    again = programs.programs(package.bench, folder, package.folder)
    other = programs.programs(package.bench, folder, package.tmp)
    assert mine.cache == again.cache
    assert mine.cache != other.cache
    assert mine.cache.is_relative_to(package.bench.cache)
