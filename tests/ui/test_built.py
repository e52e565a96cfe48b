"""What a line `build` means: kinds first, then one path."""

from __future__ import annotations

import dataclasses

import pytest

from autoexec_magic import api
from autoexec_magic.errors import UsageError
from autoexec_magic.ui import verbs
from autoexec_magic.ui.built import _refuse_swallowed, _split


@pytest.mark.parametrize(
    ("words", "kinds", "path"),
    [
        ([], (), "."),
        (["wheel"], ("wheel",), "."),
        (["wheel", "image", "web"], ("wheel", "image"), "web"),
        (["all", "web"], (), "web"),
        (["app.ipynb"], (), "app.ipynb"),
        (["./image"], (), "./image"),
    ],
)
def test_kinds_come_first(words, kinds, path):
    """A folder that is called like one is written with ./"""
    assert _split(words) == (kinds, path)


def test_more_than_one_path_is_an_error():
    """It may be a kind that is misspelt."""
    with pytest.raises(UsageError, match="wheeel"):
        _split(["wheeel", "web"])


@pytest.mark.parametrize("option", ["--push", "--smoke"])
def test_a_kind_behind_an_option_is_not_its_value(option):
    """Else `build --push image` would send every kind to a registry called image."""
    options = verbs.parse(f"build {option} image").options
    with pytest.raises(UsageError, match="takes image") as raised:
        _refuse_swallowed(options.push, options.smoke)
    assert raised.value.fix == f"%autoexec build image {option}"


@pytest.mark.parametrize(("line", "ask"), [("--smoke", ""), ("--smoke /", "/"), ("", None)])
def test_a_url_is_asked_for_where_one_is_typed(line, ask):
    """Alone, the image is asked where it says that it is well."""
    assert verbs.parse(f"build image {line}").options.smoke == ask


@pytest.mark.parametrize(
    ("line", "push"),
    [
        ("build image", ""),
        ("build image --push", "registry"),
        ("build image --push localhost:5000/a", "localhost:5000/a"),
    ],
)
def test_push_without_a_value_means_the_setting(line, push):
    """As `repository` does for packages."""
    assert verbs.parse(line).options.push == push


def test_a_plan_is_a_value_that_a_cell_can_keep(tmp_path, monkeypatch):
    """`r = %autoexec build … --dry-run` is a list of plans, which is not shown a second time."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "pear"\nversion = "1"\n')
    spoken = verbs.parse(f"build wheel {tmp_path} --dry-run").run(api.PYTHON)
    assert isinstance(spoken.value, list)
    assert [plan.name for plan in spoken.value] == ["pear"]


def test_a_kind_that_is_misspelt_is_told(tmp_path, monkeypatch):
    """Unless a folder is called so."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    caller = dataclasses.replace(api.PYTHON, cwd=tmp_path)
    with pytest.raises(UsageError, match="no kind and no folder 'wheels'") as raised:
        verbs.parse("build wheels").run(caller)
    assert raised.value.fix == "%autoexec build wheel"
    (tmp_path / "wheels").mkdir()
    with pytest.raises(UsageError, match="nothing in wheels"):
        verbs.parse("build wheels").run(caller)
