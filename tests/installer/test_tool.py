"""The programs that install: plans are read whole, and a stopped install is all or nothing."""

from __future__ import annotations

import signal
import time

import pytest
from index import wheel

from autoexec_magic import executor
from autoexec_magic.errors import InstallError
from autoexec_magic.installer.kept import Store
from autoexec_magic.installer.sources import Sources
from autoexec_magic.installer.tool import Toolbox, Uv, _uv_cache, uv_path

MANY = 40
FEW = 12
SOON_SECONDS = 20.0


def toolbox(url, emit):
    """Return tools whose only index is at `url`."""
    return Toolbox(sources=Sources(indexes=(url,)), emit=emit, ask=lambda question: False)


@pytest.mark.limit(120)
def test_a_large_plan_is_read_whole(environment, index):
    """Forty dependencies, one of them called like a token, are all pinned to what was looked into."""
    names = [f"dep-{number}" for number in range(MANY)] + ["pypi-attestation-models"]
    files = {name: wheel(name) for name in names}
    for name, file in files.items():
        index.add(name, file)
    index.add("PyYAML", wheel("PyYAML", files={"yaml/__init__.py": ""}, requires=names))
    answer = environment.heal("import yaml")
    assert answer.error is None
    hashes = {item["distribution"]: item["sha256"] for item in answer.installed}
    assert {name: hashes[name] for name in names} == {name: file.sha256 for name, file in files.items()}


def test_a_plan_that_is_cut_is_no_plan(emit, index, monkeypatch):
    """Where output was dropped nobody knows what is missing from it."""
    run = executor.run
    monkeypatch.setattr(executor, "run", lambda argv, **how: run(argv, **{**how, "keep_bytes": 4}))
    index.add("frob", wheel("frob"))
    with pytest.raises(InstallError, match="too long to be read"):
        Uv(uv_path(), toolbox(index.url, emit)).plan(["frob==1.0"])


@pytest.mark.limit(120)
@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.1, 0.3])
def test_a_stopped_install_is_all_or_nothing(environment, index, delay):
    """Ctrl-C while a dozen wheels are unpacked leaves all of them or none, and says which."""
    names = [f"dep-{number}" for number in range(FEW)]
    for name in names:
        stem = name.replace("-", "_")
        index.add(name, wheel(name, files={f"{stem}/m{number}.py": "x = 1\n" for number in range(200)}))
    top = wheel("PyYAML", files={"yaml/__init__.py": ""}, requires=names)
    index.add("PyYAML", top)
    before = environment.files
    child = environment.start({"verb": "heal", "source": "import yaml", "answer": None})
    until = time.monotonic() + SOON_SECONDS
    while index.downloads(top) < 2 and child.poll() is None and time.monotonic() < until:
        time.sleep(0.002)
    time.sleep(delay)
    child.send_signal(signal.SIGINT)
    answer = environment.finish(child)
    if answer.installed:
        assert set(environment.distributions) == {"PyYAML", *names}
        assert answer.error is None or "installed: " in answer.error["text"]
    else:
        assert environment.files == before
        assert answer.error["class"] == "Cancelled"
        assert "nothing was installed" in answer.error["text"]


def test_whoever_has_no_home_has_a_cache_all_the_same(tmp_path, monkeypatch):
    """uv refuses to work without one; a home that can be written is left to it."""
    monkeypatch.delenv("UV_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    store = Store(tmp_path / "cache" / "wheels")
    tools = Toolbox(sources=Sources(indexes=()), emit=print, ask=bool, store=store)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert _uv_cache(tools) == {}
    monkeypatch.setenv("HOME", "/dev/null/nobody")
    found = _uv_cache(tools)
    assert found == {"UV_CACHE_DIR": str(tools.store.wheels.folder.parent / "uv")}
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path))
    assert _uv_cache(tools) == {}
