"""Which scripts run, in npm's order, and what is agreed to."""

from __future__ import annotations

import pytest

from autoexec_magic.builder.artifacts import Input
from autoexec_magic.builder.npm import scripts


@pytest.mark.parametrize(
    ("given", "want"),
    [
        pytest.param({}, [], id="none"),
        pytest.param({"test": "x", "start": "y", "install": "z", "postinstall": "z"}, [], id="others"),
        pytest.param({"build": "tsc"}, ["build"], id="build"),
        pytest.param(
            {"prepare": "b", "prepack": "a", "build": "c"}, ["build", "prepack", "prepare"], id="order"
        ),
        pytest.param({"build": "tsc", "prepack": "npm run build"}, ["build"], id="build-again"),
        pytest.param({"build": "tsc", "prepare": "yarn build"}, ["build"], id="by-another"),
        pytest.param(
            {"build": "tsc", "prepare": "npm run build && cp a b"}, ["build", "prepare"], id="and-more"
        ),
        pytest.param({"prepare": "npm run build"}, ["prepare"], id="without-build"),
        pytest.param({"build": "  "}, [], id="blank"),
    ],
)
def test_which_run(given, want):
    """Each once."""
    assert [each.name for each in scripts.to_run(given)] == want


def test_what_runs_around_it_is_shown():
    """npm runs `prebuild` and `postbuild` with it."""
    (script,) = scripts.to_run({"prebuild": "a", "build": "b", "postbuild": "c"})
    assert script.lines == ("prebuild: a", "build: b", "postbuild: c")
    assert scripts.not_run({"postpack": "a", "prepublishOnly": "b", "build": "c"}) == (
        "prepublishOnly",
        "postpack",
    )


def asked(
    text: str = "node ./build.mjs", digest: str = "1", other: str = "1", lock: str = "l", **more: str
) -> scripts.Question:
    """Return the question about a script with these surroundings."""
    inputs = (
        Input(path="build.mjs", digest=digest, bytes=1),
        Input(path="src/a.js", digest=other, bytes=1),
        Input(path="in/package.json", digest=more.pop("member", "1"), bytes=1),
    )
    all_there_are = {"build": text, **more}
    return scripts.question("pear", scripts.to_run(all_there_are), all_there_are, inputs, lock)


def test_what_is_agreed_to():
    """The text, the file that it names, and the lock; not the sources that it works on."""
    assert asked().evidence[:2] == ("build: node ./build.mjs", "it would run build.mjs")
    assert asked().content == asked(other="2").content
    changed = [asked(text="node build.mjs --x"), asked(digest="2"), asked(lock="m")]
    assert len({each.content for each in [asked(), *changed]}) == 4
    assert "cage" in asked().text


def test_a_long_script_is_cut_in_what_is_shown_and_not_in_what_is_agreed_to():
    """Its length is said."""
    long, longer = asked(text="x " * 2000), asked(text="x " * 2000 + "y")
    assert len(long.evidence[0]) < 600
    assert "characters" in long.evidence[0]
    assert long.content != longer.content


def test_a_script_that_is_called_is_agreed_to_too():
    """It is shown where it is named, and also what it names; of others a change is asked about again."""
    one = asked(text="npm run real", real="npm run more", more="node x.js", prereal="a", test="t")
    assert one.evidence[:4] == ("build: npm run real", "real: npm run more", "prereal: a", "more: node x.js")
    assert not any("test" in line for line in one.evidence)
    changed = [
        asked(text="npm run real", real="npm run more", more="node y.js", prereal="a", test="t"),
        asked(text="npm run real", real="curl h", more="node x.js", prereal="a", test="t"),
        asked(text="npm run real", real="npm run more", more="node x.js", prereal="a", test="u"),
        asked(text="npm run real", real="npm run more", more="node x.js", prereal="a", test="t", member="2"),
    ]
    assert len({each.content for each in [one, *changed]}) == 5


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("node scripts/b", "scripts/b.js"),
        ("node .", "index.js"),
        ("make", "Makefile"),
        ("sh ./b.sh;true", "b.sh"),
        ("node --require=./a.js b", "a.js"),
        ("cd sub && node b.js", "sub/b.js"),
        ("rollup -c", "rollup.config.js"),
        ("gulp", "gulpfile.js"),
    ],
)
def test_a_file_that_a_script_runs_is_agreed_to_however_it_is_named(text, file):
    """Without its folder or ending, behind a sign of the shell, or by a tool that finds it by itself."""
    said = {"build": text}

    def content(digest):
        files = [Input(path=file, digest=digest, bytes=1)]
        return scripts.question("pear", scripts.to_run(said), said, files, "").content

    assert content("a") != content("b")
    others = [Input(path="src/other.ts", digest=each, bytes=1) for each in "ab"]
    asked = [scripts.question("pear", scripts.to_run(said), said, [each], "").content for each in others]
    assert asked[0] == asked[1]
