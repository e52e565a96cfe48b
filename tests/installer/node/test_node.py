"""The door of Node's installer: what is missing, what each name is, what a message may and may not do."""

from __future__ import annotations

import json

import pytest

from autoexec_magic.errors import UsageError
from autoexec_magic.installer import node
from autoexec_magic.values import as_record

pytestmark = pytest.mark.limit(120)


def test_missing_reads_the_project_s_own_files(project):
    """Builtins, files and what is installed are not missing; what tools put there is not read."""
    project.put("src/a.ts", "import x from 'left-one'\nimport fs from 'node:fs'\nimport './b'\n")
    project.put("src/b.js", "function f() { require('maybe-one') }\nrequire('here')\n")
    project.put("node_modules/here/package.json", json.dumps({"name": "here", "version": "1.0.0"}))
    project.put("node_modules/here/index.js", "require('not-mine')\n")
    project.put("dist/bundle.js", "require('bundled')\n")
    found = {use.module: (use.place, use.required) for use in node.missing(project.folder)}
    assert found == {"left-one": ("src/a.ts:1", True), "maybe-one": ("src/b.js:1", False)}


def test_a_folder_without_a_project_says_how_to_make_one(tmp_path):
    """No package.json anywhere above."""
    (tmp_path / ".git").mkdir()
    with pytest.raises(UsageError) as caught:
        node.missing(tmp_path)
    assert caught.value.fix == "npm init -y"


def test_resolve_offline_asks_nobody(project):
    """Without the registry a known name says what would follow, with `proved` open."""
    [known, unknown, builtin] = project.resolve("express", "who-is-this", "fs", online=False)
    assert (known.decision, known.proved) == ("install", None)
    assert (unknown.decision, unknown.proved) == ("ask", None)
    assert (builtin.cls, builtin.decision) == ("stdlib", "nothing")


def test_the_json_is_python_s(project):
    """One vocabulary: the same fields and words for `resolve --json`."""
    [record] = [as_record(each) for each in project.resolve("express", online=False)]
    assert set(record) >= {
        "kind",
        "module",
        "class",
        "distribution",
        "candidates",
        "proved",
        "decision",
        "evidence",
    }
    assert (record["kind"], record["class"]) == ("Resolution", "third-party")


def test_a_real_error_of_node_heals(served, registry):
    """What Node itself prints, for `require`: the file it names asks for it, so it counts."""
    registry.publish("chalk", "4.0.0")
    served.put("app.js", "const c = require('chalk')\nconsole.log(c)\n")
    failed = served.run("require('./app.js')")
    assert "Cannot find module 'chalk'" in failed.stderr
    _, installed = node.heal(failed.stderr, served.folder, served.context)
    assert [each.distribution for each in installed] == ["chalk"]
    assert served.run("require('./app.js')").returncode == 0


def test_a_real_error_of_an_es_module_heals(served, registry):
    """The same for `import`."""
    registry.publish("nanoid", "5.0.0")
    served.put("app.mjs", "import n from 'nanoid'\nconsole.log(n)\n")
    failed = served.run("import('./app.mjs')")
    assert "ERR_MODULE_NOT_FOUND" in failed.stderr
    _, installed = node.heal(failed.stderr, served.folder, served.context)
    assert [each.distribution for each in installed] == ["nanoid"]


@pytest.mark.parametrize(
    "text",
    [
        "Error: Cannot find module 'express'",
        "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'express' imported from {folder}/app.js",
        "src/app.ts(1,8): error TS2307: Cannot find module 'express' or its corresponding type declarations.",
        "Module not found: Error: Can't resolve 'express' in '{folder}'",
    ],
)
def test_a_name_that_only_a_message_says_is_refused(served, registry, text):
    """Any code can print such a line: what no file of the user's asks for is not even looked up."""
    served.put("app.js", "console.log('hello')\n")
    [resolution], installed = node.heal(text.format(folder=served.folder), served.folder, served.context)
    assert (resolution.decision, installed) == ("refuse", [])
    assert resolution.evidence == ("none of your own files asks for express",)


def test_what_only_an_installed_package_asks_for_is_refused_and_named(served):
    """A library's own missing dependency: the sentence says whose it is."""
    served.put("node_modules/lib-x/package.json", json.dumps({"name": "lib-x", "version": "1.0.0"}))
    text = f"Error: Cannot find module 'peer-y'\nRequire stack:\n- {served.folder}/node_modules/lib-x/i.js\n"
    [resolution], _ = node.heal(text, served.folder, served.context)
    assert resolution.decision == "refuse"
    assert "lib-x, which is installed, does" in resolution.evidence[0]


def test_missing_types_are_those_of_their_own_scope(served, registry):
    """TS7016 names what has no types: `@types/…` is what has them."""
    registry.publish("@types/express", main="", files={"index.d.ts": "export = 1\n"}, types="index.d.ts")
    served.put("src/app.ts", "import e from 'express'\n")
    text = (
        "src/app.ts(1,15): error TS7016: Could not find a declaration file for module 'express'. "
        "'/p/node_modules/express/index.js' implicitly has an 'any' type."
    )
    resolutions, installed = node.heal(text, served.folder, served.context)
    assert [each.decision for each in resolutions] == ["install"]
    assert [each.distribution for each in installed] == ["@types/express"]


@pytest.mark.parametrize(
    ("lock", "command"),
    [
        ("pnpm-lock.yaml", "pnpm add uuid@9.0.0"),
        ("yarn.lock", "yarn add uuid@9.0.0"),
        ("bun.lock", "bun add uuid@9.0.0"),
    ],
)
def test_another_keeper_gets_its_own_command(served, registry, lock, command):
    """A project that pnpm keeps is not touched by npm: the line to type names the proved version."""
    registry.publish("uuid", "9.0.0", days=500) if lock == "pnpm-lock.yaml" else None
    served.put(lock, "")
    before = served.files
    [resolution], installed = served.heal("uuid")
    assert (resolution.decision, resolution.fix, installed) == ("ask", command, [])
    assert served.files == before


def test_a_version_of_the_lock_is_the_one_that_is_taken(served, registry):
    """Cloned, never installed: the lock says which version, and its digest must be the registry's."""
    integrity = registry.publish("dayjs", "1.0.0")
    registry.publish("dayjs", "1.5.0")
    served.put("package.json", json.dumps({"name": "mine", "dependencies": {"dayjs": "^1.0.0"}}))
    lock = {"version": "1.0.0", "resolved": "", "integrity": integrity}
    served.put(
        "package-lock.json", json.dumps({"lockfileVersion": 3, "packages": {"node_modules/dayjs": lock}})
    )
    [found] = served.resolve("dayjs")
    assert (found.decision, found.chosen.version) == ("install", "1.0.0")
    lock["integrity"] = "sha512-" + "A" * 86 + "=="
    served.put(
        "package-lock.json", json.dumps({"lockfileVersion": 3, "packages": {"node_modules/dayjs": lock}})
    )
    [found] = served.resolve("dayjs")
    assert found.decision == "refuse"
    assert "another digest" in found.evidence[0]


@pytest.mark.parametrize(
    "spec", ["git+https://example.org/x.git", "https://example.org/x.tgz", "github:a/b", "file:../x", "a/b"]
)
def test_a_dependency_that_is_no_registry_s_is_refused(project, spec):
    """What package.json takes from an address is not ours to fetch."""
    project.put("package.json", json.dumps({"name": "mine", "dependencies": {"from-git": spec}}))
    [found] = project.resolve("from-git")
    assert found.decision == "refuse"
    assert "which is no registry" in found.evidence[0]


def test_an_alias_is_told_and_left_to_a_person(served, registry):
    """`npm:` gives a package another name: what would be looked up is not what is meant."""
    registry.publish("nick", "1.0.0")
    served.put("package.json", json.dumps({"name": "mine", "dependencies": {"nick": "npm:real-one@^1"}}))
    served.answer = True
    [resolution], installed = served.heal("nick")
    assert (resolution.decision, installed) == ("ask", [])
    assert "package.json takes real-one@^1 by the name nick" in resolution.evidence[0]


def test_an_import_that_may_fail_is_no_reason_to_stop(served, registry):
    """A stranger in a function that may never run: nobody is there to ask, and the rest goes on."""
    registry.publish("optional-x")
    served.put("app.js", "function f() { return require('optional-x') }\nf()\n")
    text = f"Error: Cannot find module 'optional-x'\nRequire stack:\n- {served.folder}/app.js\n"
    resolutions, installed = node.heal(text, served.folder, served.context)
    assert ([each.decision for each in resolutions], installed) == (["ask"], [])


def test_an_older_node_than_the_package_asks_for_is_a_question(served, registry, monkeypatch):
    """`engines` says what npm would only warn of."""
    registry.publish("zod", "3.0.0", engines={"node": ">=99"})
    [found] = served.resolve("zod")
    assert found.decision == "ask"
    assert "asks for Node >=99" in " ".join(found.evidence)
