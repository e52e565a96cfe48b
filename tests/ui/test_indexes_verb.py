"""`index show` and `index build`, as a person and as a machine read them."""

from __future__ import annotations

import json

import pytest

from autoexec_magic.ui import cli


@pytest.fixture
def say(tmp_path, monkeypatch, capsys):
    """Return a function that runs a command line and returns its exit code and output."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)

    def said(*argv: str) -> tuple[int, str]:
        code = cli.main([*argv])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return said


def test_show_says_coverage_date_and_sources(say):
    """Without a word it says what is known, since when and from where."""
    code, text = say("index")
    assert code == 0
    kept, place, *_ = text.splitlines()
    assert kept.startswith("kept: ")
    assert " modules of " in kept
    assert place.endswith("known.toml")
    assert "Debian" in text


def test_show_names_the_candidates_of_a_module(say):
    """Each candidate has its source, its use and what it was proved with."""
    code, text = say("index", "show", "cv2")
    assert code == 0
    assert "cv2: opencv-python (kept, proved with" in text
    assert "a candidate only" in text
    assert "no index here knows frobnicore" in say("index", "show", "frobnicore")[1]


def test_an_own_index_is_built_and_shown(say, tmp_path):
    """What was built stands first, and machines read it as records."""
    (tmp_path / "ours.tsv").write_text("acme\tacme-core\n")
    code, text = say("index", "build", "--from", "ours.tsv")
    assert code == 0
    assert "own: 1 module of 1 distribution, " in text
    code, text = say("index", "show", "acme", "--json")
    record, result = [json.loads(line) for line in text.splitlines()]
    assert (code, result["verdict"]) == (0, "passed")
    assert (record["kind"], record["distribution"], record["source"]) == ("IndexEntry", "acme-core", "own")
    assert say("index", "build", "--from", "ours.tsv", "--to", "elsewhere.tsv")[0] == 0
    assert (tmp_path / "elsewhere.tsv").is_file()


@pytest.mark.parametrize(
    "words", [["shw"], ["build"], ["show", "a", "b"], ["show", "--to", "x"], ["build", "x"]]
)
def test_a_slip_is_a_usage_error(say, words):
    """What cannot be read is exit 2, with the two lines that can."""
    code, text = say("index", *words)
    assert code == 2
    assert "index build --from" in text
