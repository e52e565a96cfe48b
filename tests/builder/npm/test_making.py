"""The copy that is built: what was planned, and nothing that leads elsewhere."""

from __future__ import annotations

import os

import pytest

from autoexec_magic.builder.inputs import inputs_of
from autoexec_magic.builder.npm import making
from autoexec_magic.errors import BuildError


def test_what_is_copied_is_what_was_planned(tmp_path):
    """A file that is another one by then ends the build, as does one that is gone."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.js").write_text("1")
    planned = inputs_of(root)
    making.copy(planned, root, tmp_path / "first")
    assert (tmp_path / "first" / "a.js").read_text() == "1"
    (root / "a.js").write_text("2")
    with pytest.raises(BuildError, match=r"a\.js was changed"):
        making.copy(planned, root, tmp_path / "second")
    (root / "a.js").unlink()
    with pytest.raises(BuildError, match=r"a\.js cannot be copied"):
        making.copy(planned, root, tmp_path / "third")


def test_links_that_lead_out_are_not_copied(tmp_path):
    """One inside of it is."""
    root = tmp_path / "root"
    (root / "lib").mkdir(parents=True)
    (root / "lib" / "a.js").write_text("1")
    (root / "in.js").symlink_to("lib/a.js")
    (root / "out.js").symlink_to("../../etc/passwd")
    (root / "whole.js").symlink_to(root / "lib" / "a.js")
    making.copy(inputs_of(root), root, tmp_path / "work")
    assert (tmp_path / "work" / "in.js").read_text() == "1"
    assert not (tmp_path / "work" / "out.js").is_symlink()
    assert not (tmp_path / "work" / "whole.js").is_symlink()


def test_npm_gets_of_a_project_s_settings_what_is_harmless(tmp_path):
    """In every folder; and the project's own file stays as it is."""
    root = tmp_path / "root"
    (root / "in").mkdir(parents=True)
    for place in (root, root / "in"):
        (place / ".npmrc").write_text("git=./evil\nlegacy-peer-deps=true\n")
    making.copy(inputs_of(root), root, tmp_path / "work")
    for place in (tmp_path / "work", tmp_path / "work" / "in"):
        assert (place / ".npmrc").read_text() == "legacy-peer-deps=true\n"
    assert "evil" in (root / ".npmrc").read_text()


def test_a_git_that_the_project_names_is_not_started(package):
    """npm would start it for a dependency by git, whatever it is told of scripts."""
    package.manifest(devDependencies={"x": "git+https://127.0.0.1:1/x.git"}).put("index.js", "1")
    package.put("evil", "#!/bin/sh\necho I-WAS-STARTED >&2\nexit 1\n").put(".npmrc", "git=./evil\n")
    (package.folder / "evil").chmod(0o755)
    with pytest.raises(BuildError, match=r"package\.json needs x from 'git") as caught:
        package.build()
    assert "I-WAS-STARTED" not in package.said() + str(caught.value)
    assert package.events == []


def test_no_git_is_started_for_what_a_package_of_a_registry_needs(package, registry, monkeypatch):
    """Nothing pins it, so nobody can see it before: npm has no git, no shell, and no scripts."""
    monkeypatch.setenv("npm_config_registry", registry.url)
    registry.publish("needs-git", dependencies={"x": "git+https://127.0.0.1:1/x.git"})
    package.manifest(devDependencies={"needs-git": "1"}).put("index.js", "1")
    with pytest.raises(BuildError, match="what pear needs") as caught:
        package.build()
    assert "ls-remote" not in package.said() + str(caught.value)


def test_the_line_that_says_what_is_wrong_is_the_reason(package):
    """It stands above the trace, and Node's version below it says nothing."""
    package.manifest(scripts={"build": "node b.js"}).put("b.js", "\n\nthrow new RangeError('too many pears')")
    with pytest.raises(BuildError) as caught:
        package.build()
    assert caught.value.why == "RangeError: too many pears"
    assert not any("Node.js v" in line or "too many" in line for line in caught.value.evidence)


def test_what_the_cage_kept_a_script_from_is_said_with_what_would_allow_it(package):
    """It wanted the network."""
    package.manifest(scripts={"build": "node b.js"}).put("b.js", "fetch('http://127.0.0.1:80/')")
    with pytest.raises(BuildError) as caught:
        package.build()
    assert "use the network" in caught.value.why
    assert "--net 80" in caught.value.fix


def test_what_became_a_pipe_is_not_waited_for(tmp_path):
    """Since it was planned."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.js").write_text("1")
    planned = inputs_of(root)
    (root / "a.js").unlink()
    os.mkfifo(root / "a.js")
    with pytest.raises(BuildError, match=r"a\.js cannot be read"):
        making.copy(planned, root, tmp_path / "work")
