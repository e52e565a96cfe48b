"""Why an exception of the kernel was raised."""

from __future__ import annotations

import pytest
from anytext import ANY_TEXT, is_shown_on_one_line
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.diagnosis import diagnose_exception


@given(
    ANY_TEXT, st.sampled_from([KeyError, ValueError, ModuleNotFoundError, OSError, SyntaxError, Exception])
)
def test_any_message_of_an_exception_is_answered_on_one_line(message, cls):
    """The same for an exception of the kernel."""
    is_shown_on_one_line(diagnose_exception(cls(message), is_user_frame=lambda name: True))


def test_an_exception_of_the_kernel_is_explained():
    """Its root cause, at the user's own last line."""

    def setting():
        try:
            return {}["port"]
        except KeyError as error:
            raise RuntimeError("no setting") from error

    with pytest.raises(RuntimeError) as caught:
        setting()
    seen = diagnose_exception(caught.value, is_user_frame=lambda name: name == __file__)
    assert (seen.code, seen.confidence) == ("key-not-found", "certain")
    assert seen.why == "the key 'port' is not there"
    assert seen.where.startswith(f"{__file__}:")
    assert seen.bytes is None
