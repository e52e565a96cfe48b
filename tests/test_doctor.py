"""What works on this machine, tried."""

from __future__ import annotations

from autoexec_magic import doctor


def test_each_part_is_tried(monkeypatch, tmp_path):
    """What is needed works here; what does not says what to type."""
    checks = {check.name: check for check in doctor.examine()}
    assert all(check.works for check in checks.values() if check.needed)
    assert checks["processes"].what.startswith("started and ended one")
    assert checks["uv"].what.startswith("uv ")
    assert not checks["cage sealed"].works
    assert all(
        check.fix for name, check in checks.items() if not check.works and name.startswith(("extra", "cage"))
    )


def test_a_data_folder_that_cannot_be_written_is_said(monkeypatch, tmp_path):
    """With the variable that moves it."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(blocked / "autoexec"))
    check = next(check for check in doctor.examine() if check.name == "data folder")
    assert not check.works
    assert "AUTOEXEC_DATA_DIR" in check.fix


def test_an_index_is_shown_without_its_password(monkeypatch):
    """`doctor` is what people paste into an issue."""
    monkeypatch.setenv("AUTOEXEC_INDEX_URL", "https://me:hunter2hunter2@index.example/simple")
    check = next(check for check in doctor.examine() if check.name == "package index")
    assert "hunter2" not in check.what
    assert "https://index.example/simple" in check.what
