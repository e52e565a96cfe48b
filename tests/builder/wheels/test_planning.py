"""The plan of a wheel: what is read, run and made, before anything runs."""

from __future__ import annotations

import pytest

from autoexec_magic import builder
from autoexec_magic.builder import wheels
from autoexec_magic.errors import UsageError


def test_a_plan_runs_nothing_and_writes_nothing(bed):
    """It names inputs by digest, commands, outputs and labels."""
    bed.own(more="\nopen('/tmp/it-ran', 'w')\n")
    bed.write("dist/old.whl", "x")
    bed.write("build/lib/pear/stale.py", "x")
    bed.write("src/build/here.py", "x")
    bed.write("pear/__pycache__/x.pyc", "x")
    before = sorted(bed.folder.rglob("*"))
    plan = bed.plan()
    assert sorted(bed.folder.rglob("*")) == before
    assert [each.path for each in plan.inputs] == [
        *("own_backend.py", "pear/__init__.py", "pyproject.toml", "src/build/here.py")
    ]
    assert plan.outputs == ("dist/pear-1.0.tar.gz", "dist/pear-1.0-*.whl")
    assert [words[:3] for words in plan.commands[:2]] == [
        ("uv", "build", "--sdist"),
        ("uv", "build", "--wheel"),
    ]
    assert plan.labels["inputs"] == plan.inputs_digest
    assert bed.events == []


def test_a_dynamic_version_is_said(bed):
    """And no file's name is made up."""
    bed.own('name = "pear"\ndynamic = ["version"]\n')
    plan = bed.plan()
    assert plan.version == "dynamic"
    assert plan.outputs[0] == "dist/pear-*.tar.gz"
    assert "dynamic" in plan.warnings[0]


def test_a_link_out_of_the_folder_counts_by_what_it_leads_to(bed):
    """Within the workspace: a licence that projects share; elsewhere only its target's name counts."""
    bed.own()
    (bed.tmp_path / "LICENSE").write_text("one")
    (bed.folder / "LICENSE").symlink_to("../LICENSE")
    source = builder.source_of(bed.folder, bed.tmp_path)
    before = wheels.plan(source, bed.bench)
    (bed.tmp_path / "LICENSE").write_text("two")
    assert wheels.plan(source, bed.bench).inputs_digest != before.inputs_digest
    narrow = bed.plan().inputs_digest
    (bed.tmp_path / "LICENSE").write_text("three")
    assert bed.plan().inputs_digest == narrow


def test_a_secret_in_the_folder_is_a_warning(bed):
    """It is refused only where it gets into a package."""
    bed.own()
    bed.write(".env", "TOKEN=hunter2hunter2")
    [said] = bed.plan().warnings
    assert said.startswith(".env is a secret")


@pytest.mark.parametrize(
    "word",
    [
        "no-such-name",
        "ftp://a.b/",
        "http://pears.example/",
        "https://me:hunter2@a.b/",
        "repository",
    ],
)
def test_a_repository_that_is_none_is_refused_in_the_plan(bed, word):
    """Before anything is built, and without showing a login."""
    bed.own()
    with pytest.raises(UsageError) as refused:
        bed.plan(publish=word)
    assert refused.value.fix
    assert "hunter2" not in str(refused.value)


def test_what_fits(bed):
    """A project does, an empty folder and a file do not."""
    assert not wheels.fits(bed.folder)
    bed.own()
    assert wheels.fits(bed.folder)
    assert not wheels.fits(bed.folder / "pyproject.toml")


def test_a_link_to_itself_is_a_link(bed):
    """It leads nowhere, and is no fault of the plan's."""
    bed.own()
    (bed.folder / "loop").symlink_to("loop")
    assert "loop" in [each.path for each in bed.plan().inputs]
