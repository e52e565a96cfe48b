"""Characters that XML cannot hold, there and back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.testrunner.junit.escapes import escape, shown, unescape


@given(st.text(st.characters() | st.sampled_from("#x1B;0A")))
def test_every_text_comes_back(text):
    """Also one that looks like our own notation, and lone surrogates."""
    written = escape(text)
    assert unescape(written) == text
    assert all(character in "\t\n\r" or ord(character) >= 0x20 for character in written)


def test_a_number_that_is_no_character_stays():
    """Somebody else may have written it."""
    assert unescape("#x110000;") == "#x110000;"


def test_what_is_shown_is_as_pytest_writes_it():
    """For who cannot read our notation; what XML holds is left as it is."""
    assert shown("\x00\x1b#x1B;\ud800é\n") == "#x00#x1B#x1B;#xD800é\n"
