"""The verb as a function: what cannot be built is said before anything runs."""

from __future__ import annotations

import pytest

from autoexec_magic import api
from autoexec_magic.errors import UsageError


def test_a_folder_that_is_nothing_is_an_error_with_the_kinds(tmp_path, monkeypatch):
    """And what to type."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="can be built") as wrong:
        api.build(tmp_path / "empty")
    assert "wheel" in wrong.value.fix
