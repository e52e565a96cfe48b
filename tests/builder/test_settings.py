"""What a project says of its builds: a wrong word is an error with the nearest one."""

from __future__ import annotations

import pytest

from autoexec_magic import config
from autoexec_magic.builder import settings
from autoexec_magic.errors import UsageError


def test_settings_are_read_from_the_folder(tmp_path):
    """From pyproject.toml, and from autoexec.toml, which wins."""
    (tmp_path / "pyproject.toml").write_text("[tool.autoexec.build]\nout = 'here'\nport = 80\n")
    (tmp_path / "autoexec.toml").write_text("[build]\nout = 'there'\n")
    source = settings.source_of(tmp_path, tmp_path)
    assert source.settings == {"out": "there", "port": 80}
    assert source.out == tmp_path / "there"
    assert config.load(tmp_path).workspace == tmp_path  # which knows that they are not its own


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("prot = 80", "did you mean port?"),
        ("port = '80'", "a whole number"),
        ("port = true", "a whole number"),
        ("command = 'python'", "a list of texts"),
        ("command = [1]", "a list of texts"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, line, said):
    """With what it should be."""
    (tmp_path / "autoexec.toml").write_text(f"[build]\n{line}\n")
    with pytest.raises(UsageError) as wrong:
        settings.read(tmp_path)
    assert said in str(wrong.value)


def test_a_path_that_is_not_there_is_said(tmp_path):
    """Before anything is looked for in it."""
    with pytest.raises(UsageError, match="there is no"):
        settings.source_of(tmp_path / "no", tmp_path)
