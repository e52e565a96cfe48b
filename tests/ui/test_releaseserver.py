"""The routes of the releases: what they answer, to whom, and what they start, where and by which interpreter.

A real Jupyter server, and a real service on this machine that was deployed
twice; where what is started has to be looked at, the run on record has an
interpreter that writes down how it was called.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from lab import TOKEN, eventually
from panelserver import FOREIGN, Reply, Server

from autoexec_magic.deployer import Journal
from autoexec_magic.deployer.serving.client import Serving
from autoexec_magic.errors import RunTimeout, UsageError
from autoexec_magic.history import Meta, Owner, host, new_id, now_ms
from autoexec_magic.ledger import ledger_in
from autoexec_magic.releasefacts import Release, Spec, TargetKind
from autoexec_magic.ui.commanded import Origin, answered, origin_of

APP = Path(__file__).parents[2] / "notebooks" / "02_first_app.ipynb"
NAME = "app-02-first-app"
BASE = "/autoexec/releases"
ROUTES = {
    BASE: ["get"],
    f"{BASE}/ID/status": ["get"],
    f"{BASE}/ID/difference": ["get"],
    f"{BASE}/ID/logs": ["get"],
    f"{BASE}/ID/rollback": ["post"],
}
FAKE = """#!/bin/sh
pwd > "$0.called"
for word in "$@"; do echo "$word" >> "$0.called"; done
cat "$0.answer"
"""


class Served(NamedTuple):
    """A service that was deployed twice, by the ids of its releases, and the path of its routes."""

    server: Server
    serving: Serving
    first: str
    second: str
    path: str

    @property
    def live(self) -> str:
        """The release that answers, as the proxy itself says."""
        state = self.serving.state()
        return state.routes.shares[0].release_id if state and state.routes.shares else ""

    def back_to(self, release: str) -> Any:
        """Roll back, wait for the end, and return the run."""
        reply = self.server.post(f"{self.path}/rollback", {"to": release})
        assert reply.status == 202, reply
        run_id = reply.json["run_id"]
        run = eventually(
            lambda: (found := self.server.store.get(run_id)) and found.seconds is not None and found,
            "its end",
        )
        assert run.verdict == "passed", run
        return run


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a running server."""
    with Server(tmp_path_factory.mktemp("releases")) as server:
        server.patience = 120.0
        yield server


@pytest.fixture(scope="module")
def served(server: Server) -> Iterator[Served]:
    """Deploy a notebook twice, the second time with another variable, and end it at the end."""
    shutil.copy(APP, server.notebooks)
    serving = Serving(server.data / "local" / NAME / "serving")
    try:
        ids = []
        for words in ("one", "two"):
            argv = [sys.executable, "-m", "autoexec_magic", "deploy", APP.name, "--bake", "1"]
            argv += ["--set", f"WORDS={words}"]
            done = subprocess.run(
                argv, env=server.environment, cwd=server.notebooks, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stdout + done.stderr
            state = serving.state()
            assert state is not None
            ids.append(state.routes.shares[0].release_id)
        yield Served(server, serving, ids[0], ids[1], f"{BASE}/local/{NAME}")
    finally:
        serving.end()


class Faked(NamedTuple):
    """A service of a platform that is not there, on record as deployed by an interpreter that only writes."""

    path: str
    release: str
    run_id: str
    interpreter: Path

    @property
    def called(self) -> list[str]:
        """How it was called last: its working directory, and its words."""
        path = Path(f"{self.interpreter}.called")
        found = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return found

    def answers(self, *records: object) -> None:
        """Let it say these records."""
        lines = "".join(json.dumps(record) + "\n" for record in records)
        Path(f"{self.interpreter}.answer").write_text(lines)


@pytest.fixture
def faked(server: Server, tmp_path: Path) -> Faked:
    """Return a service with one release on record."""
    return fake(server, tmp_path, f"web-{os.urandom(4).hex()}")


def fake(server: Server, folder: Path, name: str, target: TargetKind = "docker") -> Faked:
    """Put a service on record that was deployed in `folder`."""
    interpreter = folder / "python"
    interpreter.write_text(FAKE)
    interpreter.chmod(0o755)
    time.sleep(0.002)
    run_id = new_id()
    meta = Meta(
        run_id=run_id,
        verb="deploy",
        title=name,
        started=now_ms(),
        cage="workspace",
        owner=Owner(pid=1, start_time=1, host=host()),
        workspace=str(folder),
        interpreter=str(interpreter),
    )
    server.store.create(meta).close()
    spec = Spec(
        artifact="image", reference="web:1", digest="sha256:" + "5f0c" * 16, environment=(("A", "b"),)
    )
    release = Release(service=name, target=target, release_id=new_id(), spec=spec, notebook="shop.ipynb")
    journal = Journal(ledger=ledger_in(server.data), service=name, target=target, run_id=run_id)
    with journal.attempt(release, "") as attempt:
        attempt.note_before(None)
        attempt.end("deployed", live=release.release_id, is_good=True)
    found = Faked(f"{BASE}/{target}/{name}", release.release_id, run_id, interpreter)
    found.answers({"kind": "Result", "verb": "status", "verdict": "passed", "release_id": release.release_id})
    return found


# --- what is told


def test_the_services_are_listed_with_their_releases(served: Served):
    """From the record: the newest first, with who, and what was left live."""
    found = served.server.get(BASE).json
    (service,) = [each for each in found["services"] if each["service"] == NAME]
    assert [each["release_id"] for each in service["releases"]] == [served.second, served.first]
    assert service["live"] == served.second
    assert service["open"] == []
    newest = service["releases"][0]
    assert (newest["verdict"], newest["good"], newest["live"]) == ("deployed", True, True)
    assert newest["by"] == getpass.getuser()
    assert newest["digest"].startswith("sha256:")
    assert served.server.store.get(newest["run_id"]).verb == "deploy"
    (short,) = [
        each for each in served.server.get(f"{BASE}?limit=1").json["services"] if each["service"] == NAME
    ]
    assert (len(short["releases"]), short["more"]) == (1, True)


def test_the_record_is_read_without_asking_a_platform(server: Server, faked: Faked):
    """What is listed starts nothing."""
    assert server.get(BASE).json["services"][0]["releases"][0]["notebook"] == "shop.ipynb"
    assert faked.called == []


def test_the_status_is_what_the_platform_says(served: Served):
    """It names its release, and where it is."""
    found = served.server.get(f"{served.path}/status").json
    assert (found["release_id"], found["unwell"], found["drift"]) == (served.live, "", [])
    assert found["address"].startswith("http://127.0.0.1:")


def test_the_difference_is_field_by_field(served: Served):
    """From what is live to what would be; of itself there is none."""
    found = served.server.get(f"{served.path}/difference?to={served.first}").json
    assert [(each["name"], each["now"], each["new"]) for each in found["changes"]] == [
        ("env.WORDS", "two", "one")
    ]
    assert (found["live"], found["is_known"]) == (served.second, True)
    assert served.server.get(f"{served.path}/difference?to={served.second}").json["changes"] == []


def test_the_difference_to_what_the_record_does_not_have_is_all(server: Server, faked: Faked):
    """Somebody else's is live: each field is new, and it is said that this is why."""
    faked.answers({"kind": "Result", "release_id": "", "digest": "sha256:00", "drift": ["the image is x"]})
    found = server.get(f"{faked.path}/difference?to={faked.release}").json
    assert (found["is_known"], found["drift"]) == (False, ["the image is x"])
    assert {"kind": "Change", "name": "env.A", "now": "", "new": "b"} in found["changes"]


def test_the_logs_are_the_last_lines(served: Served):
    """No more than were asked for."""
    lines = served.server.get(f"{served.path}/logs?release={served.second}").json["lines"]
    assert any("listening on" in line for line in lines)
    last = served.server.get(f"{served.path}/logs?release={served.second}&lines=2").json["lines"]
    assert len(last) == 2


# --- what is started


def test_a_rollback_is_a_run_of_its_own(served: Served):
    """In the workspace and by the interpreter of the run that deployed it; then its release is live."""
    run = served.back_to(served.first)
    assert run.verb == "rollback"
    meta = served.server.store.meta(run.run_id)
    assert (meta.workspace, meta.interpreter) == (str(served.server.notebooks), sys.executable)
    assert served.live == served.first
    assert served.server.get(f"{served.path}/status").json["release_id"] == served.first
    served.back_to(served.second)
    assert served.live == served.second


def test_a_rollback_starts_what_serves_where_that_is_gone(served: Served):
    """As after the machine was started anew: what is asked for a person may start what outlives it."""
    served.serving.end()
    served.back_to(served.second)
    assert served.live == served.second


def test_what_is_started_is_the_recorded_interpreter_with_names_alone(server: Server, faked: Faked):
    """Word by word, in the recorded workspace; nothing of the request but ids that are on record."""
    name = faked.path.rpartition("/")[2]
    own = [str(faked.interpreter.parent), "-P", "-m", "autoexec_magic"]
    where = [name, "--target", "docker"]
    assert server.get(f"{faked.path}/status").status == 200
    assert faked.called == [*own, "status", "--json", *where]
    server.get(f"{faked.path}/logs?release={faked.release}&lines=9")
    assert faked.called == [*own, "logs", "--json", *where, "--release", faked.release, "--lines", "9"]
    server.post(f"{faked.path}/rollback", {"to": faked.release, "target": "local", "cwd": "/", "--yes": True})
    assert faked.called == [*own, "rollback", "--json", *where, "--to", faked.release]
    assert not list((server.data / "cache").glob("said-*"))


def test_what_a_platform_refuses_is_told_with_the_next_thing_to_do(server: Server, faked: Faked):
    """As the command line says it."""
    fault = {"error": "missing-tool", "what": "docker is not there", "why": "no socket", "fix": "dockerd &"}
    faked.answers({"kind": "Result", "verb": "status", **fault})
    told = {"code": "missing-tool", "what": "docker is not there", "why": "no socket", "fix": "dockerd &"}
    for path in ("status", f"difference?to={faked.release}", f"logs?release={faked.release}"):
        reply = server.get(f"{faked.path}/{path}")
        assert (reply.status, reply.json) == (409, told), path
    reply = server.post(f"{faked.path}/rollback", {"to": faked.release})
    assert (reply.status, reply.json) == (409, told)


def test_what_says_nothing_is_told(server: Server, faked: Faked):
    """With its last line: an interpreter that has no such package says that."""
    Path(f"{faked.interpreter}.answer").write_text("No module named autoexec_magic\n")
    reply = server.get(f"{faked.path}/status")
    assert (reply.status, reply.json["why"]) == (409, "No module named autoexec_magic")


def test_a_service_whose_runs_are_gone_is_told(server: Server, faked: Faked):
    """Nobody knows its interpreter: it is not guessed."""
    shutil.rmtree(server.store.folder_of(faked.run_id))
    for reply in (
        server.get(f"{faked.path}/status"),
        server.post(f"{faked.path}/rollback", {"to": faked.release}),
    ):
        assert reply.status == 409
        assert "where" in reply.json["what"]
        assert reply.json["fix"].startswith("%autoexec status")
    assert faked.called == []


def test_an_interpreter_that_is_gone_is_passed_over(server: Server, faked: Faked):
    """Nor is a path that is none taken for one."""
    faked.interpreter.unlink()
    with pytest.raises(UsageError):
        origin_of(server.store, [faked.run_id, "../..", ""], "web")


def test_what_does_not_answer_is_ended(server: Server, tmp_path: Path):
    """In time; nothing of it is left."""
    interpreter = tmp_path / "python"
    interpreter.write_text('#!/bin/sh\necho $$ > "$0.pid"\nsleep 600\n')
    interpreter.chmod(0o755)
    origin = Origin(interpreter=interpreter, workspace=tmp_path)
    with pytest.raises(RunTimeout):
        answered(server.store, origin, ("status", "web"), target="docker", timeout=2.0)
    pid = Path(f"{interpreter}.pid").read_text().strip()
    eventually(lambda: not Path(f"/proc/{pid}/cmdline").exists(), "its end")


def test_who_asks_at_the_same_time_is_told_the_same(server: Server, tmp_path: Path):
    """Ten tabs cost a platform no ten questions."""
    from concurrent.futures import ThreadPoolExecutor

    faked = fake(server, tmp_path, "web-slow")
    faked.interpreter.write_text(FAKE.replace("cat", 'echo >> "$0.count"; sleep 1; cat'))
    with ThreadPoolExecutor(10) as pool:
        replies = list(pool.map(lambda _: server.get(f"{faked.path}/status").status, range(10)))
    assert replies == [200] * 10
    assert len(Path(f"{faked.interpreter}.count").read_text()) <= 4


# --- to whom


def test_the_routes_are_these(server: Server):
    """Enumerated from the running app: one that is added is tried below, or fails here."""
    told = json.loads((server.told / "routes.json").read_text())
    ours = {pattern: methods for pattern, methods in told.items() if BASE in pattern}
    assert {re.sub(r"\(.*\)", "ID", name).rstrip("$"): methods for name, methods in ours.items()} == ROUTES


def aimed(faked: Faked) -> list[tuple[str, str, object]]:
    """Return every route as (method, path, body), aimed at a service."""
    return [
        ("GET", BASE, None),
        ("GET", f"{faked.path}/status", None),
        ("GET", f"{faked.path}/difference?to={faked.release}", None),
        ("GET", f"{faked.path}/logs?release={faked.release}", None),
        ("POST", f"{faked.path}/rollback", {"to": faked.release}),
    ]


CALLERS = {
    "without a token": {},
    "with a wrong token": {"Authorization": "token wrong"},
    "from a foreign origin": {"Authorization": f"token {TOKEN}", "Origin": FOREIGN},
    "from no origin at all": {"Authorization": f"token {TOKEN}", "Origin": "null"},
}


@pytest.mark.parametrize("headers", CALLERS.values(), ids=CALLERS)
def test_a_stranger_is_refused_everywhere(server: Server, faked: Faked, headers: dict[str, str]):
    """Nothing is told, and nothing is started."""
    for method, path, body in aimed(faked):
        reply = server.ask(method, path, body, **headers)
        assert is_refused(reply, faked), (method, path, reply)
    assert faked.called == []


def is_refused(reply: Reply, faked: Faked) -> bool:
    """Whether it was refused, and told nothing."""
    return reply.status in (302, 401, 403, 404) and faked.release.encode() not in reply.body


def test_another_sites_page_starts_nothing(server: Server, faked: Faked):
    """An image of that address sends the cookie along, and no origin."""
    for method, path, body in aimed(faked)[1:]:
        for site in ("cross-site", "same-site"):
            reply = server.ask(method, path, body, Authorization=f"token {TOKEN}", Sec_Fetch_Site=site)
            assert reply.status == 403, (method, path, reply)
    assert faked.called == []


@pytest.mark.parametrize(("authorizer", "listed"), [("DenyAll", 403), ("ReadOnly", 200)])
def test_who_may_not_is_refused(tmp_path: Path, authorizer: str, listed: int):
    """Who may only look is told what there is, and rolls nothing back."""
    (tmp_path / "workspace").mkdir()
    with Server(tmp_path, f"--ServerApp.authorizer_class=__main__.{authorizer}") as server:
        faked = fake(server, tmp_path / "workspace", "web")
        statuses = {
            path.partition("?")[0].rpartition("/")[2]: server.ask(
                method, path, body, Authorization=f"token {TOKEN}"
            ).status
            for method, path, body in aimed(faked)
        }
        looked = dict.fromkeys(("releases", "status", "difference", "logs"), listed)
        assert statuses == looked | {"rollback": 403}
        assert "rollback" not in faked.called


# --- by which names

NAMES = [
    "local/..",
    "local/../../runs",
    "local/%2e%2e",
    "local/web%2f..%2f..",
    "local/Web",
    "local/-web",
    "local/web_1",
    "local/" + "x" * 41,
    "local/web%00",
    "local/web%0a",
    "local/web;id",
    "local/--json",
    "moon/web",
    "/etc/passwd",
    "local/",
    "web",
    "1234",
]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[:40])
def test_what_is_no_name_is_not_found(server: Server, name: str):
    """On every route; no file is opened by it."""
    before = len(server.opened())
    for verb, method in (("status", "GET"), ("difference", "GET"), ("logs", "GET"), ("rollback", "POST")):
        reply = server.ask(method, f"{BASE}/{name}/{verb}", {} if method == "POST" else None)
        assert reply.status in (400, 403, 404), reply
        reply = server.ask(
            method,
            f"{BASE}/{name}/{verb}",
            {"to": "x"} if method == "POST" else None,
            Authorization=f"token {TOKEN}",
        )
        assert reply.status in (400, 404), reply
    assert "passwd" not in server.opened()[before:]


def test_a_service_that_nobody_deployed_is_not_found(server: Server):
    """By a name that could be one."""
    assert server.get(f"{BASE}/local/nobodys/status").status == 404
    assert server.post(f"{BASE}/local/nobodys/rollback", {"to": new_id()}).status == 404


def test_a_release_is_named_by_its_id_on_record(server: Server, faked: Faked):
    """Not by a part of it, not by another service's, and not by what is none."""
    other = new_id()
    for to, status in ((other, 404), (faked.release[-8:], 400), ("../x", 400), ("", 400), ("--yes", 400)):
        assert server.get(f"{faked.path}/difference?to={to}").status == status, to
        assert server.get(f"{faked.path}/logs?release={to}").status == status, to
        assert server.post(f"{faked.path}/rollback", {"to": to}).status == status, to
    assert faked.called == []


@pytest.mark.parametrize("body", [None, [], "x", {}, {"to": 7}, {"to": None}])
def test_a_body_that_is_none_is_refused(server: Server, faked: Faked, body: object):
    """Nothing is started."""
    assert server.post(f"{faked.path}/rollback", body).status == 400
    assert faked.called == []


def test_a_ledger_that_cannot_be_read_is_told(tmp_path: Path):
    """And nothing else of the server stops."""
    with Server(tmp_path) as server:
        server.data.mkdir(exist_ok=True)
        (server.data / "ledger.db").write_bytes(b"this is no database" * 100)
        reply = server.get(BASE)
        assert reply.status == 409
        assert reply.json["what"]
        assert server.get("/autoexec/runs").status == 200
