"""Exactly what was proved is installed, and nothing else is left behind."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace

import pytest
from npm_registry import tarball

from autoexec_magic import executor
from autoexec_magic.errors import Cancelled, InstallError, PolicyRefused
from autoexec_magic.installer import node

pytestmark = pytest.mark.limit(120)


def test_a_known_package_is_installed_with_what_it_needs(served, registry):
    """Known, proved and aged: no question, the lock has the proved digests, Node can import it."""
    registry.publish("inst-dep", "1.2.0")
    integrity = registry.publish("express", "4.1.0", dependencies={"inst-dep": "^1.0.0"})
    served.write(index_js="const e = require('express')\n")
    resolutions, installed = served.heal("express")
    assert [(each.module, each.cls, each.decision) for each in resolutions] == [
        ("express", "third-party", "install")
    ]
    assert {(each.distribution, each.version) for each in installed} == {
        ("express", "4.1.0"),
        ("inst-dep", "1.2.0"),
    }
    assert served.questions == []
    lock = json.loads((served.folder / "package-lock.json").read_text())
    assert lock["packages"]["node_modules/express"]["integrity"] == integrity
    assert json.loads((served.folder / "package.json").read_text())["dependencies"] == {"express": "^4.1.0"}
    assert served.run("require('express')").returncode == 0


def test_a_failed_install_leaves_everything_as_it_was(served, registry):
    """The registry loses a dependency's tarball after the proof: manifest, lock and modules are as before."""
    registry.publish("fails-dep")
    registry.publish("fails-dep", "2.0.0")
    registry.publish("fails-old", dependencies={"fails-dep": "1.0.0"})
    registry.publish("fails-new", dependencies={"fails-dep": "2.0.0"})
    served.answer = True
    served.heal("fails-old")
    before = served.files

    def lose(question):
        registry.replace_tarball("fails-dep", "2.0.0", b"gone")
        registry.replace_tarball("fails-new", "1.0.0", b"gone")
        return True

    served.ask = lose
    with pytest.raises(InstallError) as caught:
        served.heal("fails-new")
    assert "not as before" not in caught.value.why
    assert served.files == before


def test_what_was_swapped_after_the_proof_is_taken_back(served, registry):
    """Other bytes, with their own right digest, under the proved version: taken back."""
    registry.publish("swapped")
    before = served.files

    def swap(question):
        content = tarball(
            {"package.json": json.dumps({"name": "swapped", "version": "1.0.0"}), "evil.js": ""}
        )
        digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
        registry.change(
            "swapped", lambda page: page["versions"]["1.0.0"]["dist"].update(integrity=f"sha512-{digest}")
        )
        registry.replace_tarball("swapped", "1.0.0", content)
        return True

    served.ask = swap
    with pytest.raises(InstallError) as caught:
        served.heal("swapped")
    assert "something else than what was proved" in caught.value.what
    assert served.files == before


def test_replacing_what_is_installed_is_a_question(served, registry):
    """A newer version in the place of the one that is there: which, and by which, is said before."""
    registry.publish("repl-dep", "1.0.0")
    registry.publish("pino", dependencies={"repl-dep": ">=1"})
    served.heal("pino")
    registry.publish("repl-dep", "2.0.0")
    registry.publish("yaml", dependencies={"repl-dep": ">=2"})
    before = served.files
    served.answer = False
    with pytest.raises(PolicyRefused) as caught:
        served.heal("yaml")
    assert "it replaces repl-dep 1.0.0 by 2.0.0" in caught.value.why
    assert served.files == before


def test_what_cannot_go_together_says_why(served, registry):
    """npm's own reason, in one line, and nothing changed."""
    registry.publish("peer-of", "1.0.0")
    registry.publish("semver", peerDependencies={"peer-of": "^1"})
    registry.publish("peer-of", "2.0.0")
    served.put("package.json", json.dumps({"name": "mine", "dependencies": {"peer-of": "^2"}}))
    before = served.files
    with pytest.raises(InstallError) as caught:
        served.heal("semver")
    assert "ERESOLVE" in caught.value.why
    assert "peer-of" in caught.value.why
    assert served.files == before


def test_a_workspace_gets_its_own_dependency(served, registry):
    """In a monorepo the package whose file asks for it gets it, and the root's lock says so."""
    registry.publish("clsx", "2.0.0")
    served.put("package.json", json.dumps({"name": "root", "private": True, "workspaces": ["packages/*"]}))
    served.put("packages/a/package.json", json.dumps({"name": "a", "version": "1.0.0"}))
    served.put("packages/b/package.json", json.dumps({"name": "b", "version": "1.0.0"}))
    served.put("packages/a/index.js", "require('clsx'); require('b')\n")
    text = f"Error: Cannot find module 'clsx'\nRequire stack:\n- {served.folder}/packages/a/index.js\n"
    resolutions, installed = node.heal(text, served.folder, served.context)
    assert [each.decision for each in resolutions] == ["install"]
    assert [each.distribution for each in installed] == ["clsx"]
    assert "clsx" in (served.folder / "packages" / "a" / "package.json").read_text()
    assert "clsx" not in (served.folder / "package.json").read_text()
    assert "node_modules/clsx" in (served.folder / "package-lock.json").read_text()


def test_without_a_lock_the_very_version_is_written(served, registry):
    """Where npm is told to keep no lock, package.json is what pins."""
    registry.publish("ms", "2.1.0")
    served.put(".npmrc", "package-lock=false\n")
    served.heal("ms")
    assert json.loads((served.folder / "package.json").read_text())["dependencies"] == {"ms": "2.1.0"}
    assert not (served.folder / "package-lock.json").exists()


def test_a_stop_before_the_install_changes_nothing(served, registry):
    """Cancelled while the question stood: nothing was installed."""
    registry.publish("stopped")
    cancel = executor.Cancel()
    before = served.files

    def stop(question):
        cancel.set()
        return True

    context = replace(served.context, ask=stop, cancel=cancel)
    with pytest.raises(Cancelled):
        node.heal(["stopped"], served.folder, context)
    assert served.files == before
