"""Parts of secrets beside a cut, whatever the cut went through."""

from __future__ import annotations

import pytest

from autoexec_magic.redact import cleaned
from autoexec_magic.secretparts import parts

SECRET = "Zq7.Xw9 Vk3-Jp5_Bn2~Hd8"
LONG = "".join(f"{number:04d}" for number in range(1500))  # longer than anything that is kept of a value


def shows(text, secret, least=4):
    """Whether a text holds that many characters of a secret in a row."""
    return any(secret[at : at + least] in text for at in range(len(secret) - least + 1))


@pytest.mark.parametrize("secret", [SECRET, LONG], ids=["short", "long"])
@pytest.mark.parametrize("mark", ["…", "\n…\n"], ids=["within-a-line", "as-a-line"])
def test_wherever_a_cut_goes_through_a_secret_nothing_of_it_stays(secret, mark):
    """At a blank, at a dot, and where more is left of it than a line has."""
    for at in range(1, len(secret)) if len(secret) < 100 else (1, 3, 4, 5, 199, 201, 2999, 5996, 5999):
        before = cleaned(f"said: {secret[:at]}{mark}", (secret,))
        behind = cleaned(f"{mark}{secret[at:]} was said", (secret,))
        both = cleaned(f"said: {secret[:at]}{mark}{secret[at:]} was said", (secret,))
        assert not any(shows(text, secret) for text in (before, behind, both))
        assert before.startswith("said: ")
        assert behind.endswith(" was said")


def test_a_secret_that_repeats_itself_is_found_as_far_as_it_goes():
    """The longest part, not the first that fits."""
    secret = "abcdabcdabcdX"
    assert parts("abcdabcd…", (secret,)) == [(0, 8)]
    assert parts("…dabcdX abcdX", (secret,)) == [(1, 7)]
    assert cleaned("zabcdabcda…", (secret,)) == "z***…"


def test_what_is_beside_no_cut_stays():
    """And so do parts that are too short to say anything, and words beside three dots."""
    assert cleaned("Zq7.X and …Hd8, Zq7…", (SECRET,)) == "Zq7.X and …Hd8, Zq7…"
    assert cleaned("a…b", ("hunter2hunter2",)) == "a…b"
    assert cleaned("load...", ("loader-4711-x",)) == "load..."
    assert cleaned("load…", ("loader-4711-x",)) == "***…"
    assert parts("abc…", ()) == []


def test_a_value_that_node_shortened_shows_nothing_either():
    """It puts the quote before the dots, and says how much it left out."""
    told = cleaned("'AAhunter2hun'... 3015 more characters\n- 'x'", ("hunter2hunter2",))
    assert told == "'AA***'... 3015 more characters\n- 'x'"
