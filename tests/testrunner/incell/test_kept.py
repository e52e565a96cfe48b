"""What is put back, whatever happens while it is."""

from __future__ import annotations

import os
import sys
import warnings

import pytest

from autoexec_magic.testrunner.incell import kept


def test_each_row_can_be_put_back_without_a_change():
    """Looking and putting back changes nothing, for all rows."""
    before = dict(vars(sys)), dict(os.environ), list(warnings.filters), os.getcwd()
    for look in kept.KEPT.values():
        look()()
    assert before == (dict(vars(sys)), dict(os.environ), list(warnings.filters), os.getcwd())


def test_a_row_that_fails_does_not_keep_the_others(monkeypatch, caplog):
    """It is logged by its name."""

    def bad():
        raise ValueError("no")

    rows = {name: kept.KEPT[name] for name in ("environment", "signals")}
    monkeypatch.setattr(kept, "KEPT", {**rows, "two": lambda: bad})
    with kept.as_found():
        os.environ["AUTOEXEC_SPOILT"] = "1"
    assert "AUTOEXEC_SPOILT" not in os.environ
    assert "two could not be put back: no" in caplog.text


def test_it_is_put_back_after_an_error():
    """Of any kind."""
    here = os.getcwd()

    def leave():
        with kept.as_found():
            os.chdir("/")
            raise SystemExit

    with pytest.raises(SystemExit):
        leave()
    assert os.getcwd() == here


def test_an_interrupt_while_it_is_put_back_comes_when_all_is_done(monkeypatch):
    """Nothing stays half done."""
    import signal

    def row():
        return lambda: signal.raise_signal(signal.SIGINT)

    rows = {"signals": kept.KEPT["signals"], "environment": kept.KEPT["environment"], "one": row}
    monkeypatch.setattr(kept, "KEPT", rows)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), kept.as_found():  # the interrupt comes at its end
        os.environ["AUTOEXEC_SPOILT"] = "1"
    assert "AUTOEXEC_SPOILT" not in os.environ
    assert signal.getsignal(signal.SIGINT) is handler
