"""How uv is asked to install."""

from __future__ import annotations

from dataclasses import replace

import benches
import pytest

from autoexec_magic.builder.installing import installed, uv_of
from autoexec_magic.errors import BuildError, MissingTool


@pytest.fixture
def bench(tmp_path):
    """Return a bench that asks no index."""
    return replace(benches.bench(tmp_path, level="open"), sources={"UV_OFFLINE": "1", "UV_NO_INDEX": "1"})


def test_without_a_line_nothing_is_started(tmp_path, bench):
    """Not even uv is looked for."""
    installed(["--target", "x"], [], replace(bench, uv=None), BuildError("x"), cwd=tmp_path)


def test_what_is_not_to_be_had_is_named(tmp_path, bench):
    """By the error that whoever asks has for it, with uv's reason."""
    into = ["--target", str(tmp_path / "made")]
    with pytest.raises(BuildError, match="what web needs") as failed:
        installed(into, ["pears-nowhere"], bench, BuildError("what web needs"), cwd=tmp_path)
    assert "pears-nowhere" in failed.value.why


def test_without_uv_it_says_what_to_install(bench):
    """It is no dependency of a kernel's own."""
    with pytest.raises(MissingTool) as failed:
        uv_of(replace(bench, uv=None))
    assert failed.value.fix
