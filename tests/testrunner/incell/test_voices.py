"""Who speaks while the tests run."""

from __future__ import annotations

import sys


def test_with_s_what_tests_write_comes_at_once(run, capsys):
    """Each voice apart; what another thread writes comes in this one."""
    heard = run(
        "import sys, threading\nprint('top')\ndef test_a():\n    print('in')\n    sys.stderr.write('err')\n"
        "    thread = threading.Thread(target=print, args=('aside',))\n    thread.start(); thread.join()\n"
        "def test_b(): pass",
        "-s",
    )
    said = {
        voice: "".join(text for each, text in heard.text if each == voice) for voice in ("stdout", "stderr")
    }
    assert said == {"stdout": "top\nin\naside\n", "stderr": "err"}


def test_captured_it_is_the_cases_own(run):
    """And pytest's words are pytest's."""
    heard = run("def test_a(): print('in')", "-v")
    assert heard.cases[0].said.stdout == "in\n"
    assert {voice for voice, _ in heard.text} == {"pytest"}
    assert "cell::test_a PASSED" in "".join(text for _, text in heard.text)


def test_who_is_told_writes_where_the_kernel_does(tmp_path, monkeypatch, capfd):
    """Not into what is captured for the test."""
    from autoexec_magic.testrunner import incell

    monkeypatch.chdir(tmp_path)
    incell.run("def test_a(): print('in')", {}, on_case=lambda case: print("told", case.name))
    assert "told test_a" in capfd.readouterr().out


def test_streams_that_a_test_closes_stay_open(run):
    """What comes after is captured, too."""
    heard = run(
        "import sys\ndef test_a(): sys.stdout.close(); sys.stderr.close(); print('on')\n"
        "def test_b(): print('b')"
    )
    assert [case.said.stdout for case in heard.cases] == ["on\n", "b\n"]
    heard = run("import sys\ndef test_a(): sys.stdout.close(); print('on')", "-s")
    assert ("stdout", "on") in heard.text
    assert not sys.stdout.closed
