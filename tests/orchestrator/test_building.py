"""The phase of a build: a builder's work on the run's record and the ledger."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from autoexec_magic import api, builder
from autoexec_magic.builder import BuildPlan, Wish, inputs
from autoexec_magic.errors import BuildError
from autoexec_magic.events import Built, Progress, Recorded, RunStarted
from autoexec_magic.values import Artifact


def plan(source, bench):
    """Plan a file of one line."""
    found = inputs.inputs_of(source.folder)
    return BuildPlan(
        kind="app", name="pear", version="1", source=source, inputs=found, warnings=("look out",)
    )


def build(plan, bench):
    """Build it."""
    return (
        Artifact(
            artifact="app",
            name=plan.name,
            version=plan.version,
            reference=str(plan.source.out / "pear"),
            digest="sha256:" + "a" * 64,
            bytes=1,
            inputs_digest=plan.inputs_digest,
            provenance=(("commit", "c" * 40),),
        ),
    )


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Return a project whose only builder is the one above."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    home = tmp_path / "home"
    home.mkdir()
    (home / "pyproject.toml").touch()
    own = SimpleNamespace(fits=lambda path: True, plan=plan, build=build)
    monkeypatch.setattr(builder, "builder_of", lambda kind: own)
    return home


def test_what_was_built_is_on_the_ledger(home):
    """By its digests, and without the name of a home."""
    heard = []
    report = api.build(home, kinds=["app"], caller=api.Caller(emit=heard.append))
    assert [artifact.name for artifact in report.artifacts] == ["pear"]
    assert [type(event) for event in heard if isinstance(event, Recorded | Built)] == [Recorded, Built]
    assert any(isinstance(event, Progress) and "look out" in event.text for event in heard)
    rows = api.ledger_rows(kind="build")
    assert rows[0].body["reference"] == "dist/pear"
    assert rows[0].body["inputs_digest"] == report.planned[0].inputs_digest
    assert rows[0].body["provenance"] == {"commit": "c" * 40}
    assert str(home) not in str(rows[0].body)


def test_a_dry_run_builds_nothing(home):
    """And says so; to have planned it is all that was asked for."""
    heard = []
    report = api.build(home, kinds=["app"], dry_run=True, caller=api.Caller(emit=heard.append))
    assert report.verdict == "passed"
    assert [each.text for each in heard if isinstance(each, Progress)] == [
        "planned; a dry run builds nothing"
    ]
    assert next(each for each in heard if isinstance(each, RunStarted)).title.endswith(" --dry-run")
    assert report.artifacts == ()
    assert report.planned[0].inputs[0].path == "pyproject.toml"
    assert api.ledger_rows(kind="build") == []


def test_what_cannot_be_built_is_a_failed_run(home, monkeypatch):
    """With what is on the ledger as before."""

    def broken(plan, bench):
        raise BuildError("it cannot be built", why="no reason", fix="none")

    own = SimpleNamespace(fits=lambda path: True, plan=plan, build=broken)
    monkeypatch.setattr(builder, "builder_of", lambda kind: own)
    with pytest.raises(BuildError, match="it cannot be built"):
        api.build(home, kinds=["app"], wish=Wish(tests=False))
    assert api.ledger_rows(kind="build") == []


def test_what_a_killed_build_left_is_removed_by_the_next(home, tmp_path, monkeypatch):
    """Also by one that needs no folder of its own."""
    monkeypatch.setattr("autoexec_magic.builder.scratch._FRESH_SECONDS", -1.0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left = tmp_path / "autoexec-build-left"
    left.mkdir()
    api.build(home, kinds=["app"], dry_run=True)
    assert left.is_dir()
    api.build(home, kinds=["app"])
    assert not left.exists()


def test_what_a_caged_process_finds_is_known(home, monkeypatch):
    """A variable that is passed on, and its value: what was built with another one is not the same."""
    seen = []
    own = SimpleNamespace(
        fits=lambda path: True,
        plan=plan,
        build=lambda plan, bench: (seen.append(bench.setting), build(plan, bench))[1],
    )
    monkeypatch.setattr(builder, "builder_of", lambda kind: own)
    for flavour, env in (("a", ()), ("a", ("FLAVOUR",)), ("b", ("FLAVOUR",)), ("b", ("FLAVOUR",)), ("b", ())):
        monkeypatch.setenv("FLAVOUR", flavour)
        api.build(home, kinds=["app"], env=env)
    assert len(set(seen)) == 3
    assert seen[2] == seen[3]
    assert seen[0] == seen[4]
    assert not any("FLAVOUR" in each for each in seen)
