"""What an image says of itself: true, the same for the same inputs, and of nobody's machine."""

from __future__ import annotations

from autoexec_magic.builder.commit import Commit
from autoexec_magic.builder.image import provenance
from autoexec_magic.builder.image.project import Project

SHA = "a" * 40


def test_labels_are_of_inputs_and_commit():
    """A clean commit has a time, which is its own; what is not known is not said."""
    project = Project(kind="python", name="x", notebook=("a.ipynb", "sha256:n"))
    found = provenance.labels_of(
        project, "1", Commit(sha=SHA, seconds=86400, is_dirty=False), inputs="sha256:i", lock=""
    )
    assert found["org.opencontainers.image.created"] == "1970-01-02T00:00:00Z"
    assert found["autoexec.dirty"] == "false"
    assert found["autoexec.notebook"] == "a.ipynb"
    assert "autoexec.lock-digest" not in found
    assert list(found) == sorted(found)


def test_what_is_dirty_has_no_time():
    """And without a commit there is no word of one."""
    project = Project(kind="python", name="x")
    dirty = provenance.labels_of(
        project, "1", Commit(sha=SHA, seconds=1, is_dirty=True), inputs="i", lock="l"
    )
    assert dirty["autoexec.dirty"] == "true"
    assert "org.opencontainers.image.created" not in dirty
    assert "autoexec.commit" not in provenance.labels_of(project, "1", None, inputs="i", lock="l")


def test_a_version_is_said_or_the_day_and_the_commit_or_the_inputs():
    """The same inputs have the same."""
    commit = Commit(sha=SHA, seconds=86400, is_dirty=True)
    assert provenance.version_of("1", commit, "sha256:i") == "1"
    assert provenance.version_of("", commit, "sha256:i") == "19700102-aaaaaaaa-dirty"
    assert provenance.version_of("", None, "sha256:" + "b" * 64) == "b" * 12


def test_a_difference_is_named():
    """The first one."""
    assert provenance.difference({"a": "1"}, {"a": "1", "b": "2"}) == ""
    assert "a is '2'" in provenance.difference({"a": "1"}, {"a": "2"})
    assert "missing" in provenance.difference({"a": "1"}, None)
