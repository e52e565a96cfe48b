"""An app's folder as a zip."""

from __future__ import annotations

import io
import os
import zipfile

import pytest

from autoexec_magic.deployer.aws import zipped
from autoexec_magic.errors import DeployError


def test_the_same_files_make_the_same_bytes(tmp_path):
    """Whenever they were written, and in whatever order."""
    one, two = tmp_path / "one", tmp_path / "two"
    for folder, names in ((one, ("a.py", "b.py")), (two, ("b.py", "a.py"))):
        folder.mkdir()
        for name in names:
            (folder / name).write_text(name)
        (folder / "__pycache__").mkdir()
        (folder / "__pycache__" / "a.pyc").write_text(str(folder))
    os.utime(two / "a.py", (1, 1))
    assert zipped.zip_of(one) == zipped.zip_of(two)
    with zipfile.ZipFile(io.BytesIO(zipped.zip_of(one).content)) as opened:
        assert opened.namelist() == ["a.py", "b.py"]


def test_what_is_too_large_is_refused_before_it_is_sent(tmp_path, monkeypatch):
    """Unzipped and zipped; with the way out."""
    (tmp_path / "a.bin").write_bytes(os.urandom(4096))
    monkeypatch.setattr(zipped, "UNZIPPED_BYTES", 4095)
    with pytest.raises(DeployError, match="too large") as caught:
        zipped.zip_of(tmp_path)
    assert "unzipped" in caught.value.why
    monkeypatch.setattr(zipped, "UNZIPPED_BYTES", 2**20)
    monkeypatch.setattr(zipped, "ZIPPED_BYTES", 4000)
    with pytest.raises(DeployError) as caught:
        zipped.zip_of(tmp_path)
    assert "image" in caught.value.fix


def test_a_link_that_leads_out_is_refused(tmp_path):
    """What it means is nobody's to upload."""
    folder = tmp_path / "app"
    folder.mkdir()
    (tmp_path / "key").write_text("x")
    (folder / "key").symlink_to(tmp_path / "key")
    with pytest.raises(DeployError, match="leads out"):
        zipped.zip_of(folder)


@pytest.mark.parametrize("name", ["gone", "empty"])
def test_nothing_is_no_app(tmp_path, name):
    """Neither no folder nor one without files."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(DeployError):
        zipped.zip_of(tmp_path / name)
