"""The file of secrets: who may read it, and that nothing of it is told."""

from __future__ import annotations

import json

import pytest
import serviced

from autoexec_magic.deployer.serving.secretfile import secrets_of
from autoexec_magic.errors import UsageError


def written(folder, text, mode=0o600):
    """Return an instance with this file of secrets."""
    path = folder / "secrets.json"
    path.write_text(text)
    path.chmod(mode)
    return serviced.instance(folder, "web", secrets_file=str(path))


def test_the_values_are_read(tmp_path):
    assert secrets_of(written(tmp_path, '{"KEY": "hunter2"}')) == {"KEY": "hunter2"}


def test_no_file_has_no_values(tmp_path):
    assert secrets_of(serviced.instance(tmp_path, "web")) == {}


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ('{"KEY": "hunter2"}', 0o640),
        ('{"KEY": "hunter2"}', 0o604),
        ('{"KEY": "hunter2"', 0o600),
        ('["hunter2"]', 0o600),
        ('{"KEY": ["hunter2"]}', 0o600),
        ('{"A KEY": "hunter2"}', 0o600),
        (json.dumps({"KEY": "hunter2\0"}), 0o600),
    ],
)
def test_what_cannot_be_used_is_refused_and_not_told(tmp_path, text, mode):
    with pytest.raises(UsageError) as caught:
        secrets_of(written(tmp_path, text, mode))
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(UsageError):
        secrets_of(serviced.instance(tmp_path, "web", secrets_file=str(tmp_path / "none.json")))
