"""What strangers try: nothing of it is installed, nothing of it runs, and each gets a clear sentence."""

from __future__ import annotations

import http.server
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
from npm_registry import entry, tarball

from autoexec_magic.errors import InstallError, NeedsPerson, PolicyRefused, RunTimeout
from autoexec_magic.installer import child, node

pytestmark = pytest.mark.limit(120)


def only(resolutions):
    """Return the one resolution."""
    [resolution] = resolutions
    return resolution


def test_a_stranger_of_the_same_name_is_a_question(served, registry):
    """A name that nobody knows is asked about, though it exists, is old and holds what is imported."""
    registry.publish("stranger-one")
    before = served.files
    with pytest.raises(NeedsPerson) as caught:
        served.heal("stranger-one")
    assert "stranger-one is only the same name, which is no evidence" in served.questions[0].evidence
    assert caught.value.fix == "npm install --ignore-scripts stranger-one@1.0.0"
    assert served.files == before


def test_a_typo_is_a_question_that_names_the_known_one(served, registry):
    """`expresss` exists, and the card says which name it is spelt like."""
    registry.publish("expresss")
    found = only(served.resolve("expresss"))
    assert found.decision == "ask"
    assert "express is spelt nearly so, and is known" in found.evidence


def test_an_install_script_does_not_run(served, registry):
    """A person says yes to a stranger: it is installed, and its scripts leave no canary."""
    canary = served.folder / "canary"
    registry.publish("scripted", scripts={"postinstall": f"touch {canary}", "preinstall": f"touch {canary}"})
    served.answer = True
    resolutions, installed = served.heal("scripted")
    assert [each.distribution for each in installed] == ["scripted"]
    assert any("do not run" in line for line in only(resolutions).evidence)
    assert not canary.exists()


def test_a_project_cannot_switch_scripts_on(served, registry):
    """The project's own `.npmrc` with `ignore-scripts=false` changes nothing."""
    canary = served.folder / "canary"
    registry.publish("scripted-two", scripts={"postinstall": f"touch {canary}"})
    served.put(".npmrc", "ignore-scripts=false\nglobal=true\nforeground-scripts=true\n")
    served.answer = True
    served.heal("scripted-two")
    assert (served.folder / "node_modules" / "scripted-two").is_dir()
    assert not canary.exists()


def test_a_project_names_no_program_that_npm_starts(served, registry):
    """The project's `.npmrc` cannot make a file of its own the `git` that npm runs, scripts or none."""
    canary, program = served.folder / "canary", served.folder / "git.sh"
    program.write_text(f"#!/bin/sh\ntouch {canary}\nexit 1\n")
    program.chmod(0o755)
    served.put(
        ".npmrc", f'git={program}\n"git"={program}\ngi${{NOBODY?}}t={program}\nscript-shell={program}\n'
    )
    wants = {"by-git": "git+https://127.0.0.1:9/by-git.git"}
    served.put("package.json", json.dumps({"name": "mine", "version": "1.0.0", "dependencies": wants}))
    registry.publish("gitty")
    served.answer = True
    with pytest.raises(InstallError):  # the address of the other dependency answers nobody
        served.heal("gitty")
    assert not canary.exists()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ([entry("package/../../outside.js")], "would land outside its folder"),
        ([entry("/etc/outside.js")], "would land outside its folder"),
        ([entry("package/a\\..\\..\\b.js")], "would land outside its folder"),
        ([entry("package/link", type=b"2", linkname="/etc/passwd")], "which is a link"),
        ([entry("package/hard", type=b"1", linkname="package/index.js")], "which is a link"),
        ([entry("package/pipe", type=b"6")], "neither a file nor a folder"),
        ([entry("package/index.js", size=3)], "has index.js twice"),
        ([entry("other/index.js", size=3)], "has index.js twice"),
    ],
)
def test_a_tarball_that_lands_elsewhere_is_refused(served, registry, made, said, request):
    """Paths upwards, absolute ones, links, devices and files that are there twice: whoever says yes."""
    name = f"tar-{abs(hash(request.node.name)) % 10**8}"
    registry.publish(name, raw=made)
    served.answer = True
    resolutions, installed = served.heal(name)
    assert only(resolutions).decision == "refuse"
    assert said in " ".join(only(resolutions).evidence)
    assert installed == []
    assert served.questions == []


def test_a_tarball_that_is_not_the_named_one_is_refused(served, registry):
    """The bytes have another SHA-512 than the registry says: nothing is installed."""
    registry.publish("koa")
    registry.replace_tarball("koa", "1.0.0", tarball({"package.json": "{}"}))
    before = served.files
    with pytest.raises(InstallError) as caught:
        served.heal("koa")
    assert "not the one it names" in caught.value.why
    assert served.files == before


def test_a_tarball_of_another_package_is_refused(served, registry):
    """The tarball says that it is something else than what the registry serves it as."""
    registry.publish("named-other", files={"package.json": json.dumps({"name": "evil", "version": "1.0.0"})})
    found = only(served.resolve("named-other"))
    assert found.decision == "refuse"
    assert "says that it is evil" in " ".join(found.evidence)


def test_a_truncated_tarball_is_refused(served, registry):
    """Half a tarball, with the digest of that half."""
    registry.publish("half-one")
    import base64
    import hashlib

    content = tarball({"package.json": json.dumps({"name": "half-one", "version": "1.0.0"})})[:100]
    digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
    registry.change(
        "half-one", lambda page: page["versions"]["1.0.0"]["dist"].update(integrity=f"sha512-{digest}")
    )
    registry.replace_tarball("half-one", "1.0.0", content)
    found = only(served.resolve("half-one"))
    assert found.decision == "refuse"
    assert "it is cut short" in " ".join(found.evidence)


def test_a_fresh_release_is_not_taken(served, registry):
    """The release of an hour ago is passed over for the one before."""
    registry.publish("axios", "1.0.0")
    registry.publish("axios", "1.1.0", days=0.04)
    found = only(served.resolve("axios"))
    assert (found.decision, found.chosen.version) == ("install", "1.0.0")


def test_a_package_of_yesterday_is_a_question(served, registry):
    """Known by name, and first published a day ago: somebody may have got the name."""
    registry.publish("got", days=1)
    found = only(served.resolve("got"))
    assert found.decision == "ask"
    assert "less than 3 days is fresh" in " ".join(found.evidence)
    assert "less than 90 days is fresh" in " ".join(found.evidence)


def test_a_fresh_dependency_is_a_question(served, registry):
    """What a known package needs was published an hour ago: that is asked, and no is no."""
    registry.publish("dep-fresh", days=0.04)
    registry.publish("yargs", dependencies={"dep-fresh": "*"})
    before = served.files
    served.answer = False
    with pytest.raises(PolicyRefused) as caught:
        served.heal("yargs")
    assert "dep-fresh 1.0.0 was published" in caught.value.why
    assert served.files == before


def test_a_harmful_dependency_refuses_the_whole(served, registry):
    """A dependency whose tarball has a path upwards is found before anything is installed."""
    registry.publish("dep-bad", raw=[entry("package/../../x")])
    registry.publish("yup", dependencies={"dep-bad": "*"})
    before = served.files
    with pytest.raises(InstallError) as caught:
        served.heal("yup")
    assert "would land outside" in caught.value.why
    assert "dep-bad" in caught.value.what
    assert served.files == before


def test_a_dependency_from_a_repository_is_refused(served, registry):
    """A package that pulls in an address goes round the registry."""
    registry.publish("pulls-git", dependencies={"x": "git+https://example.org/x.git"})
    found = only(served.resolve("pulls-git"))
    assert found.decision == "refuse"
    assert "does not come from the registry" in " ".join(found.evidence)


def test_a_deprecated_package_is_a_question(served, registry):
    """What its owner says of it is shown, without what could harm a terminal."""
    registry.publish("request-old", deprecated="use \x1b]52;c;eA==\x07fetch")
    found = only(served.resolve("request-old"))
    assert found.decision == "ask"
    assert any("is deprecated: use" in line and "\x1b" not in line for line in found.evidence)


def test_what_the_registry_took_away_is_refused(served, registry):
    """`0.0.1-security` is what stands in the place of harmful code."""
    registry.publish("taken-away", "0.0.1-security")
    found = only(served.resolve("taken-away"))
    assert found.decision == "refuse"


def test_a_description_that_differs_from_the_tarball_is_a_question(served, registry):
    """npm goes by the registry's description, a reader by the tarball: who differs hides something."""
    registry.publish("moment", described={"dependencies": {"hidden": "1"}})
    found = only(served.resolve("moment"))
    assert found.decision == "ask"
    assert "other dependencies" in " ".join(found.evidence)


def test_a_private_scope_never_falls_through(served, registry, tmp_path):
    """`@corp` has a registry of its own, which has it not: the other one, which has, is not asked."""
    registry.publish("@corp/tool")
    with quiet_server(404) as private:
        (tmp_path / "npmrc").write_text(f"registry={registry.url}\n@corp:registry={private.url}\n", "utf-8")
        found = only(served.resolve("@corp/tool"))
    assert (found.cls, found.decision) == ("invented", "nothing")
    assert private.url in found.evidence[0]
    assert private.asked == ["/@corp%2Ftool"]


def test_a_scope_that_the_lock_has_from_elsewhere_is_a_question(served, registry):
    """The lock has `@corp` from a company's registry that nobody configured here."""
    registry.publish("@corp/util")
    served.put(
        "package-lock.json",
        json.dumps(
            {
                "lockfileVersion": 3,
                "packages": {
                    "node_modules/@corp/core": {
                        "version": "1.0.0",
                        "resolved": "https://npm.corp.example/@corp/core/-/core-1.0.0.tgz",
                    }
                },
            }
        ),
    )
    found = only(served.resolve("@corp/util"))
    assert found.decision == "ask"
    assert "the lock has @corp from npm.corp.example" in found.evidence[0]


def test_a_registry_that_only_the_project_names_is_a_question(project, registry):
    """Where packages come from is for the person to say: a project's `.npmrc` alone is asked about."""
    registry.publish("debug")
    project.put(".npmrc", f"registry={registry.url}\n")
    found = only(project.resolve("debug"))
    assert found.decision == "ask"
    assert "only the project's own .npmrc says" in found.evidence[0]


def test_a_login_is_sent_where_it_belongs_and_never_shown(served, tmp_path, emit):
    """The token of the person's `.npmrc` goes to that registry, and into no evidence and no event."""
    with quiet_server(500) as private:
        host = private.url.partition(":")[2]
        (tmp_path / "npmrc").write_text(f"registry={private.url}\n{host}:_authToken=s3cr3t-token\n", "utf-8")
        found = served.resolve("debug")
    assert private.logins == ["Bearer s3cr3t-token"]
    assert "s3cr3t-token" not in repr(found)
    assert "s3cr3t-token" not in repr(emit)


def test_a_registry_that_fails_is_a_clear_sentence(served, tmp_path):
    """500 is not "there is no such package"."""
    with quiet_server(500) as broken:
        (tmp_path / "npmrc").write_text(f"registry={broken.url}\n", "utf-8")
        with pytest.raises(InstallError) as caught:
            served.heal("debug")
    assert "answered 500" in caught.value.why
    assert caught.value.fix == "check the registry: npm config get registry"


def test_a_registry_that_hangs_is_ended(served, tmp_path, monkeypatch):
    """Nobody waits longer than the limit."""
    monkeypatch.setattr(child, "SECONDS", 3.0)
    with quiet_server(0) as hanging:
        (tmp_path / "npmrc").write_text(f"registry={hanging.url}\n", "utf-8")
        started = time.monotonic()
        with pytest.raises(RunTimeout) as caught:
            served.resolve("debug")
    assert time.monotonic() - started < 10
    assert "3 s" in caught.value.what


def test_a_registry_that_is_not_there_says_so_soon(served, tmp_path):
    """Offline: within five seconds, and with what to look at."""
    (tmp_path / "npmrc").write_text("registry=http://127.0.0.1:9/\n", "utf-8")
    started = time.monotonic()
    with pytest.raises(InstallError) as caught:
        served.heal("debug")
    assert time.monotonic() - started < 5
    assert "cannot be reached" in caught.value.why


def test_a_registry_without_tls_is_not_asked(served, tmp_path):
    """Anybody on the way could answer."""
    (tmp_path / "npmrc").write_text("registry=http://npm.example/\n", "utf-8")
    found = only(served.resolve("debug"))
    assert found.decision == "ask"
    assert "has no TLS" in found.evidence[0]


def test_an_offline_setting_is_kept(served, registry, tmp_path):
    """npm's `offline=true` asks nobody."""
    (tmp_path / "npmrc").write_text(f"registry={registry.url}\noffline=true\n", "utf-8")
    assert "offline" in only(served.resolve("debug")).evidence[0]


def blocking(context, *names):
    """Return the surroundings of somebody who blocks packages."""
    settings = SimpleNamespace(blocked=names, release_age_days=3.0, project_age_days=90.0)
    return replace(context, config=settings)


def test_a_blocked_package_is_refused(served, registry):
    """However it is spelt, known or not, and whoever says yes; it is not even looked for."""
    registry.publish("webpack")
    served.answer = True
    resolutions, installed = node.heal(["webpack"], served.folder, blocking(served.context, "WebPack"))
    assert (only(resolutions).decision, installed) == ("refuse", [])
    assert only(resolutions).evidence == ("unproved: webpack is on your block list (setting `blocked`)",)


def test_a_blocked_dependency_refuses_the_whole(served, registry):
    """Also what only comes along."""
    registry.publish("dep-blocked")
    registry.publish("rollup", dependencies={"dep-blocked": "*"})
    before = served.files
    with pytest.raises(InstallError) as caught:
        node.heal(["rollup"], served.folder, blocking(served.context, "dep-blocked"))
    assert "block list" in caught.value.why
    assert served.files == before


NEVER = [
    *(
        "./util",
        "../x",
        "/x",
        ".",
        "..",
        "#inner",
        "mine",
        "mine/sub",
        "@me/a",
        "@app/x",
        "helper",
        "~/x",
        "@/x",
    ),
    *(
        "$lib/x",
        "~",
        "fs",
        "node:fs",
        "path",
        "stream/web",
        "node:test",
        "process",
        "util/types",
        "assert/strict",
    ),
    *(
        "node:nothing",
        "node:",
        "freelist",
        "smalloc",
        "v8/tools/splaytree",
        "https://x/y.js",
        "http://x/y.js",
    ),
    *(
        "npm:koa",
        "jsr:@a/b",
        "bun:sqlite",
        "bun",
        "vscode",
        "cloudflare:workers",
        "astro:content",
        "virtual:x",
    ),
    *("data:text/javascript,1", "file:///x.js", "deno:x", "some:thing", "atom", "uxp", "photoshop", "$app/x"),
    *(
        "a b",
        "_private",
        ".hidden",
        "koa\n",
        "x" * 300,
        "@scope",
        "@/",
        "@x/",
        "koa;rm -rf /",
        "$(id)",
        "koa@1.0.0",
    ),
    *(
        "-g",
        "--global",
        "koa --force",
        "@a/b@1",
        "git+https://x/y.git",
        "a/../b",
        "%2e%2e/x",
        "node_modules",
        "",
    ),
    *("here/gone", "here/lib/none", "sealed/secret", "here/package.jso", "sealed/i", "here/../../x"),
    *(f"nobody-made-this-{number}" for number in range(30)),
]


def test_what_is_none_of_the_registry_s_is_never_installed(served, registry):
    """A hundred names: local, Node's, another platform's, drifted, made up; a person who says yes to all."""
    for name, manifest in {"here": {}, "sealed": {"exports": "./i.js"}}.items():
        served.put(
            f"node_modules/{name}/package.json", json.dumps({"name": name, "version": "1.0.0", **manifest})
        )
    served.put(
        "package.json", json.dumps({"name": "mine", "workspaces": ["a"], "imports": {"#inner": "./x.js"}})
    )
    served.put("a/package.json", json.dumps({"name": "@me/a"}))
    served.put("tsconfig.json", '{"compilerOptions": {"baseUrl": ".", "paths": {"@app/*": ["x/*"]}}}')
    served.put("helper.ts", "")
    for namesake in ("helper", "mine", "freelist", "vscode", "bun", "atom", "@me/a"):
        registry.publish(namesake)
    served.answer = True
    resolutions, installed = served.heal(*NEVER)
    assert len(NEVER) >= 100
    assert [each.module for each in resolutions if each.decision == "install"] == []
    assert (installed, served.questions) == ([], [])


class Quiet(http.server.ThreadingHTTPServer):
    """A server that answers everything with one status, or never (0)."""

    daemon_threads = True

    def __init__(self, status):
        self.status, self.asked, self.logins = status, [], []
        self.over = threading.Event()
        super().__init__(("127.0.0.1", 0), _Answers)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"


class _Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        self.server.logins.append(self.headers.get("Authorization"))
        if not self.server.status:
            self.server.over.wait(30)
            return
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def quiet_server(status):
    """Run a `Quiet` while the block runs."""
    with Quiet(status) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()
