"""The panel's routes: what they answer, to whom, and what they never open.

A real Jupyter server in a process of its own, asked over HTTP and WebSocket as
a browser asks; runs are made by the command line, or written into the store
that the server reads.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import websocket
from jupyter_client import BlockingKernelClient
from lab import TOKEN, eventually
from panelserver import FOREIGN, HANG_SECONDS, Reply, Server

from autoexec_magic import executor
from autoexec_magic.events import Asked, Output, RunFinished, RunStarted
from autoexec_magic.history import Meta, Owner, Recorder, host, new_id, now_ms
from autoexec_magic.values import Verdict

SECRET_TITLE = "a title that nobody else may see"
RELEASES = "/autoexec/releases"
ROUTES = {
    "/autoexec/runs": ["get"],
    "/autoexec/runs/ID/events": ["get"],
    "/autoexec/runs/ID/tail": ["get"],
    "/autoexec/runs/ID/cancel": ["post"],
    "/autoexec/runs/ID/answer": ["post"],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a running server with an empty store."""
    with Server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(autouse=True)
def sockets(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close what a test opened."""
    yield
    for name in {"server", "denying"} & set(request.fixturenames):
        opened = request.getfixturevalue(name).sockets
        while opened:
            opened.pop().shutdown()


@contextmanager
def recording(server: Server, *, kernel: str = "", alive: bool = True) -> Iterator[Recorder]:
    """Yield the recorder of a run in the server's store, owned by this process or by a dead one."""
    time.sleep(0.002)  # ids sort by the millisecond
    me = executor.identify(os.getpid())
    owner = Owner(pid=os.getpid(), start_time=me.start_time if alive else 1, host=host())
    meta = Meta(
        run_id=new_id(),
        verb="sh",
        title=SECRET_TITLE,
        started=now_ms(),
        cage="open",
        owner=owner,
        kernel=kernel,
    )
    recorder = server.store.create(meta)
    recorder.emit(RunStarted(verb="sh", title=SECRET_TITLE, cage="open"))
    yield recorder
    recorder.close()


def write(recorder: Recorder, *lines: str) -> None:
    """Put lines on record, an event each."""
    for line in lines:
        recorder.emit(Output(phase="run", stream="stdout", text=line + "\n"))


def numbers(text: str | bytes) -> list[int]:
    """Return the numbers of the events on the lines."""
    return [record["seq"] for record in map(json.loads, text.splitlines()) if "seq" in record]


# --- what it answers


def test_the_runs_are_listed_newest_first(server: Server):
    """Each with what the panel shows; a page at a time."""
    with recording(server) as first, recording(server) as second:
        page = server.get("/autoexec/runs?limit=1").json
        assert [run["run_id"] for run in page["runs"]] == [second.run_id]
        assert page["more"] is True
        run = page["runs"][0]
        assert (run["title"], run["verdict"], run["asks"], run["kernel"]) == (
            SECRET_TITLE,
            "running",
            False,
            "",
        )
        older = server.get(f"/autoexec/runs?before={second.run_id}").json
        assert older["runs"][0]["run_id"] == first.run_id
        second.emit(RunFinished(verdict=Verdict.FAILED, seconds=1.5, why="because"))
        again = server.get("/autoexec/runs").json["runs"][0]
        assert (again["verdict"], again["seconds"], again["why"], again["code"]) == (
            "failed",
            1.5,
            "because",
            1,
        )


def test_a_run_names_its_notebook_as_the_browser_does(server: Server):
    """The kernel is told an absolute path, the page knows one below the server's root."""
    owner = Owner(pid=os.getpid(), start_time=1, host=host())
    inside, outside = str(server.notebooks / "a" / "b.ipynb"), "/elsewhere/b.ipynb"
    for notebook, path in ((inside, "a/b.ipynb"), (outside, ""), ("", "")):
        meta = Meta(
            run_id=new_id(), verb="sh", title="t", started=0, cage="open", owner=owner, notebook=notebook
        )  # fmt: skip
        server.store.create(meta).close()
        assert server.get("/autoexec/runs?limit=1").json["runs"][0]["path"] == path


def test_the_events_come_a_line_each(server: Server):
    """As they are on record, from the one asked for on, and never as a page."""
    with recording(server) as run:
        write(run, "<script>alert(1)</script>", "b", "c")
        reply = server.get(f"/autoexec/runs/{run.run_id}/events")
        assert reply.status == 200
        assert reply.body == server.store.log(run.run_id).read_bytes()
        assert reply.headers["Content-Type"] == "application/x-ndjson; charset=utf-8"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert numbers(server.get(f"/autoexec/runs/{run.run_id}/events?after=1").body) == [2, 3]
        assert server.get(f"/autoexec/runs/{run.run_id}/events?after=99").body == b""


@pytest.mark.parametrize("query", ["after=x", "after=1.5", "after="])
def test_a_wrong_number_is_said(server: Server, query: str):
    """Not taken for another one."""
    with recording(server) as run:
        assert server.get(f"/autoexec/runs/{run.run_id}/events?{query}").status == 400
    assert server.get("/autoexec/runs?limit=many").status == 400
    assert server.get("/autoexec/runs?before=../x").status == 400


def test_a_tail_gives_what_was_and_what_comes(server: Server):
    """Then how it ended, and closes."""
    with recording(server) as run:
        write(run, "before")
        tail = server.tail(run.run_id)
        assert numbers(tail.recv()) == [0, 1]
        for number in range(2, 6):
            write(run, f"line {number}")
            assert numbers(tail.recv()) == [number]
        run.emit(RunFinished(verdict=Verdict.PASSED, seconds=1.0))
        assert numbers(tail.recv()) == [6]
        assert json.loads(tail.recv())["run"]["verdict"] == "passed"
        assert tail.recv() == ""
        tail.close()


@pytest.mark.parametrize("after", [-1, 0, 3, 4, 99])
def test_a_tail_resumes(server: Server, after: int):
    """Who was cut off goes on after the last event it has; also where that was the end."""
    with recording(server) as run:
        write(run, "1", "2", "3")
        run.emit(RunFinished(verdict=Verdict.PASSED, seconds=1.0))
        tail = server.tail(run.run_id, after)
        found = ""
        while text := tail.recv():
            found += text
        assert numbers(found) == list(range(5))[after + 1 :]
        assert json.loads(found.splitlines()[-1])["run"]["verdict"] == "passed"


def test_a_tail_says_when_the_owner_died(server: Server):
    """A killed kernel writes no last event: the run is lost, and the panel hears of it."""
    with recording(server, alive=False) as run:
        tail = server.tail(run.run_id)
        assert numbers(tail.recv()) == [0]
        assert json.loads(tail.recv())["run"]["verdict"] == "lost"


def test_a_tail_of_a_fast_writer_loses_nothing(server: Server):
    """20,000 events as fast as they can be written, seen by two at once."""
    count = 20_000
    with recording(server) as run:
        tails = [server.tail(run.run_id) for _ in range(2)]

        def speak() -> None:
            for number in range(count):
                run.emit(Output(phase="run", stream="stdout", text=f"{number}\n"))
            run.emit(RunFinished(verdict=Verdict.PASSED, seconds=1.0))

        speaker = threading.Thread(target=speak)
        speaker.start()
        for tail in tails:
            found: list[int] = []
            while text := tail.recv():
                found += numbers(text)
            assert found == list(range(count + 2))
        speaker.join()


def test_many_tails_end_with_their_sockets(server: Server):
    """Who goes away leaves no task behind that reads on."""
    with recording(server) as run:
        for _ in range(20):
            server.tail(run.run_id).close()
        time.sleep(0.5)
        before = server.opened().count(run.run_id)
        time.sleep(1)
        assert server.opened().count(run.run_id) == before  # one that went on would open the log 50 times


def test_a_disk_that_hangs_does_not_hold_the_server(server: Server):
    """A log that cannot be read just now (a pipe here) blocks a thread, not the loop."""
    with recording(server) as run:
        log = server.store.log(run.run_id)
        log.unlink()
        os.mkfifo(log)
        asking = threading.Thread(target=server.get, args=(f"/autoexec/runs/{run.run_id}/events",))
        asking.start()
        try:
            started = time.monotonic()
            for _ in range(5):
                assert server.get("/api/status").status == 200
            assert time.monotonic() - started < 5
        finally:
            for _ in range(20):  # let every reader go
                try:
                    os.close(os.open(log, os.O_WRONLY | os.O_NONBLOCK))
                except OSError:
                    time.sleep(0.05)
                if not asking.is_alive():
                    break
            log.unlink()
            asking.join(HANG_SECONDS)


# --- cancel

TALK = "import time\nprint('begun', flush=True)\nwhile True: time.sleep(1)"


def running(server: Server) -> tuple[Any, str, int]:
    """Start a command with the server's store; return it, its run and its child's pid."""
    process = server.autoexec("sh", sys.executable, "-c", TALK, "--yes")
    process = process if process.poll() is None else pytest.fail("it did not start")

    def begun() -> tuple[str, int] | None:
        for run_id in server.store.ids():
            meta = server.store.meta(run_id)
            if (
                meta
                and meta.child
                and meta.owner.pid == process.pid
                and b"begun" in server.store.log(run_id).read_bytes()
            ):
                return run_id, meta.child[0]
        return None

    run_id, child = eventually(begun, "the run")
    return process, run_id, child


def test_cancel_ends_the_processes_of_a_run(server: Server):
    """At once; the run's verdict is cancelled; a second time there is nothing to end."""
    process, run_id, child = running(server)
    started = time.monotonic()
    reply = server.post(f"/autoexec/runs/{run_id}/cancel", {})
    assert (reply.status, reply.json["run"]["run_id"]) == (202, run_id)
    assert time.monotonic() - started < 10
    assert executor.identify(child) is None or not executor.is_alive(executor.identify(child))
    assert process.wait(HANG_SECONDS) == 130
    assert server.store.get(run_id).verdict == Verdict.CANCELLED
    again = server.post(f"/autoexec/runs/{run_id}/cancel", {})
    assert (again.status, again.json["code"]) == (409, "usage")


def test_cancel_of_a_run_whose_pid_is_somebody_elses_ends_nobody(server: Server):
    """The pid was given to another process since: its start time tells."""
    stranger = server.autoexec("sh", sys.executable, "-c", TALK, "--yes")
    try:
        with recording(server) as run:
            run.note_child(stranger.pid, 1)
            server.post(f"/autoexec/runs/{run.run_id}/cancel", {})
            time.sleep(0.3)
            assert stranger.poll() is None
    finally:
        stranger.terminate()
        stranger.wait(HANG_SECONDS)


def test_cancel_of_a_cell_interrupts_its_kernel(server: Server):
    """The cell ends with KeyboardInterrupt, the kernel lives on, the run is cancelled."""
    kernel = start_kernel(server)
    file = Path(server.environment["JUPYTER_RUNTIME_DIR"]) / f"kernel-{kernel}.json"
    client = BlockingKernelClient(connection_file=str(file))
    client.load_connection_file()
    client.start_channels()
    try:
        client.wait_for_ready(HANG_SECONDS)
        client.execute("%load_ext autoexec_magic", reply=True, timeout=HANG_SECONDS)
        request = client.execute("%%autoexec\nimport time\nprint('begun')\ntime.sleep(600)")

        def begun() -> str:
            found = [run for run in server.get("/autoexec/runs").json["runs"] if run["kernel"] == kernel]
            return (
                found[0]["run_id"]
                if found and b"begun" in server.store.log(found[0]["run_id"]).read_bytes()
                else ""
            )

        run_id = eventually(begun, "the cell's run")
        assert server.post(f"/autoexec/runs/{run_id}/cancel", {}).status == 202
        reply = client.get_shell_msg(timeout=HANG_SECONDS)
        while reply["parent_header"].get("msg_id") != request:
            reply = client.get_shell_msg(timeout=HANG_SECONDS)
        assert (reply["content"]["status"], reply["content"]["ename"]) == ("error", "KeyboardInterrupt")
        assert eventually(lambda: server.store.get(run_id).verdict != "running", "the end of the run")
        assert server.store.get(run_id).verdict == Verdict.CANCELLED
        assert client.execute("1", reply=True, timeout=HANG_SECONDS)["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        stop_kernel(server, kernel)


# --- answer, and who is in sight


def test_an_answer_is_handed_over_once(server: Server):
    """The first click counts; the second one is told so."""
    with recording(server) as run:
        question = new_id()
        run.emit(Asked(question=question, text="run it ?", place="panel"))
        path = f"/autoexec/runs/{run.run_id}/answer"
        assert server.post(path, {"question": question, "answer": "maybe"}).status == 409
        assert server.post(path, {"question": new_id(), "answer": "yes"}).status == 409
        assert not list(run.folder.glob("answer*"))
        assert server.post(path, {"question": question, "answer": "no"}).status == 200
        assert (run.folder / f"answer-{question}").read_text() == "no\n"
        late = server.post(path, {"question": question, "answer": "yes"})
        assert (late.status, late.json["what"]) == (409, f"run {run.run_id[-8:]} has its answer already")


@pytest.mark.parametrize(
    "body", [None, [], 7, "yes", {}, {"question": 1, "answer": "yes"}, {"question": "q"}, {"answer": "yes"}]
)
def test_a_body_that_is_none_is_refused(server: Server, body: object):
    """With 400, whatever it is."""
    with recording(server) as run:
        assert server.post(f"/autoexec/runs/{run.run_id}/answer", body).status == 400
        raw = server.ask("POST", f"/autoexec/runs/{run.run_id}/answer", Authorization=f"token {TOKEN}")
        assert raw.status == 400


def test_an_ended_run_takes_no_answer(server: Server):
    """Its owner is dead, and would never read it."""
    with recording(server, alive=False) as run:
        question = new_id()
        run.emit(Asked(question=question, text="run it ?", place="panel"))
        reply = server.post(f"/autoexec/runs/{run.run_id}/answer", {"question": question, "answer": "yes"})
        assert reply.status == 409
        assert not list(run.folder.glob("answer*"))


@pytest.fixture
def kernel(server: Server) -> Iterator[str]:
    """Return the id of a kernel of the server's."""
    found = start_kernel(server)
    yield found
    stop_kernel(server, found)


def start_kernel(server: Server) -> str:
    """Have the server start a kernel and return its id."""
    return str(server.post("/api/kernels", {"name": "python3"}).json["id"])


def stop_kernel(server: Server, kernel: str) -> None:
    """Have the server end a kernel."""
    assert server.ask("DELETE", f"/api/kernels/{kernel}", Authorization=f"token {TOKEN}").status == 204


def watched(server: Server) -> list[str]:
    """Return the kernels whose panels are in sight, as far as the store knows."""
    panels = server.data / "panels"
    return sorted(os.listdir(panels)) if panels.exists() else []


def test_who_may_answer_is_noted_as_in_sight(server: Server, kernel: str):
    """For the kernel that it names, and only when it names one."""
    server.get("/autoexec/runs")
    assert kernel not in watched(server)
    server.get(f"/autoexec/runs?kernel={kernel}")
    assert kernel in watched(server)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "token wrong"},
        {"Authorization": f"token {TOKEN}", "Origin": FOREIGN},
        {"Authorization": f"token {TOKEN}", "Sec_Fetch_Site": "same-site"},
        {"Authorization": f"token {TOKEN}", "Sec_Fetch_Site": "cross-site"},
    ],
    ids=["wrong-token", "foreign-origin", "another-port", "another-site"],
)
def test_a_strangers_panel_is_not_in_sight(server: Server, kernel: str, headers: dict[str, str]):
    """It would turn the prompt of somebody else's notebook into a question that nobody sees."""
    server.ask("GET", f"/autoexec/runs?kernel={kernel}", **headers)
    assert kernel not in watched(server)


NO_KERNELS = ["../x", "..%2fx", "0c4e1d3a-7b60-4f0f-9f52-1f6f0d2b9a11", "%00", "%2e%2e", "a" * 500]


@pytest.mark.parametrize("name", NO_KERNELS, ids=lambda name: name[:20])
def test_only_a_kernel_of_this_server_is_noted(server: Server, name: str):
    """No name of a file comes from a request: nothing is made anywhere in the data folder."""
    before = sorted(server.data.rglob("*"))
    assert server.get(f"/autoexec/runs?kernel={name}").status in (200, 400)
    assert sorted(server.data.rglob("*")) == before


def test_the_panel_does_not_keep_an_idle_server_alive(server: Server):
    """A hub ends a server that nobody uses: a tab that was forgotten is nobody."""
    with recording(server) as run:
        before = server.get("/api/status").json["last_activity"]
        server.get("/autoexec/runs")
        server.get(f"/autoexec/runs/{run.run_id}/events")
        assert server.get("/api/status").json["last_activity"] == before
        server.post(f"/autoexec/runs/{run.run_id}/answer", {"question": new_id(), "answer": "yes"})
        assert server.get("/api/status").json["last_activity"] > before  # a click is somebody


def test_a_run_that_goes_on_is_told_though_many_are_newer(server: Server):
    """Also that it has ended, for a minute: a list that shows it running would go on showing it."""

    def told() -> dict[str, str]:
        page = server.get("/autoexec/runs?limit=1").json
        return {run["run_id"]: run["verdict"] for run in page["running"]}

    with recording(server) as old, recording(server), recording(server):
        assert told()[old.run_id] == "running"
        old.emit(RunFinished(verdict=Verdict.PASSED, seconds=1.0))
        assert told()[old.run_id] == "passed"
        assert server.get(f"/autoexec/runs?before={old.run_id}").json["running"] == []


# --- to whom


def test_the_routes_are_these(server: Server):
    """Enumerated from the running app: one that is added is tried below, or fails here."""
    told = json.loads((server.told / "routes.json").read_text())
    ours = {pattern: methods for pattern, methods in told.items() if "autoexec" in pattern}
    plain = {re.sub(r"\(.*\)", "ID", pattern).rstrip("$"): methods for pattern, methods in ours.items()}
    runs = {route: methods for route, methods in plain.items() if not route.startswith(RELEASES)}
    assert runs == ROUTES  # the others are tried in test_releaseserver.py


class Victim(NamedTuple):
    """A run that a stranger would like to end, or to answer for."""

    process: Any
    run_id: str
    question: str
    path: str

    def is_unharmed(self, server: Server) -> bool:
        """Whether nothing of what the routes do has happened."""
        names = os.listdir(server.store.folder_of(self.run_id))
        return self.process.poll() is None and sorted(names) == ["events.jsonl", "meta.json"]


@contextmanager
def victim(server: Server) -> Iterator[Victim]:
    """Yield a run that runs, with an open question on its record."""
    process, run_id, _ = running(server)
    question = new_id()
    recorder = Recorder(server.store.folder_of(run_id), server.store.meta(run_id), seq=1000)
    recorder.emit(Asked(question=question, text=SECRET_TITLE, place="panel"))
    recorder.close()
    try:
        yield Victim(process, run_id, question, f"/autoexec/runs/{run_id}")
    finally:
        process.terminate()
        process.wait(HANG_SECONDS)


def routes_of(target: Victim) -> list[tuple[str, str, object]]:
    """Return every route as (method, path, body) aimed at a run; the tail as a plain GET, too."""
    answer = {"question": target.question, "answer": "yes"}
    bodies = {"cancel": {}, "answer": answer}
    found = []
    for route, methods in ROUTES.items():
        path = route.replace("ID", target.run_id)
        found += [(method.upper(), path, bodies.get(route.rpartition("/")[2])) for method in methods]
    return found


CALLERS = {
    "without a token": {},
    "with a wrong token": {"Authorization": "token wrong"},
    "with a wrong token in the query": {"query": "token=wrong"},
    "from a foreign origin": {"Authorization": f"token {TOKEN}", "Origin": FOREIGN},
    "from a foreign origin, token in the query": {"query": f"token={TOKEN}", "Origin": FOREIGN},
    "from a foreign origin that looks alike": {"Authorization": f"token {TOKEN}", "Origin": "http://127.0.0.1.evil.example"},
    "from no origin at all": {"Authorization": f"token {TOKEN}", "Origin": "null"},
}  # fmt: skip


def refused(reply: Reply) -> bool:
    """Whether it was refused and nothing was told."""
    return reply.status in (302, 401, 403, 404) and SECRET_TITLE.encode() not in reply.body


@pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS)
def test_a_stranger_is_refused_everywhere(server: Server, caller: dict[str, str]):
    """Every route: nothing is told, nothing happens, and nobody counts as in sight."""
    headers = {name: value for name, value in caller.items() if name != "query"}
    with victim(server) as target:
        for method, path, body in routes_of(target):
            query = f"?{caller['query']}" if "query" in caller else ""
            reply = server.ask(method, path + query, body, **headers)
            assert refused(reply), (method, path, reply)
        assert target.is_unharmed(server)
        token = TOKEN if TOKEN in headers.get("Authorization", "") else "wrong" if headers else ""
        with pytest.raises(websocket.WebSocketBadStatusException) as error:
            server.tail(target.run_id, token=token, origin=headers.get("Origin"))
        assert error.value.status_code in (403, 404)


def test_who_may_gets_through(server: Server):
    """The twin: each of the same requests, with the token, does what it says."""
    with victim(server) as target:
        statuses = {}
        for method, path, body in routes_of(target):
            if not path.endswith("tail"):
                statuses[path.rpartition("/")[2]] = server.ask(
                    method, path, body, Authorization=f"token {TOKEN}"
                ).status
        assert statuses == {"runs": 200, "events": 200, "cancel": 202, "answer": 409}  # cancelled by then
        assert not target.is_unharmed(server)


def test_the_own_origin_gets_through(server: Server):
    """As the page of this very server asks."""
    own = f"http://127.0.0.1:{server.port}"
    assert server.get("/autoexec/runs", Origin=own).status == 200
    with recording(server) as run:
        assert numbers(server.tail(run.run_id, origin=own).recv()) == [0]


def logged_in(server: Server) -> dict[str, str]:
    """Return the cookies of a browser that has logged in."""
    found: dict[str, str] = {}
    for path in ("login", f"login?token={TOKEN}"):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=HANG_SECONDS)
        connection.request("GET", server.base_url + path, headers={"Cookie": joined(found)})
        for cookie in connection.getresponse().headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.split(";")[0].partition("=")
            found[name] = value
        connection.close()
    return found


def joined(cookies: dict[str, str]) -> str:
    """Return cookies as a browser sends them."""
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def test_a_post_needs_the_xsrf_token(server: Server):
    """A form on another site sends the cookie along; it does not know the token beside it."""
    cookies = logged_in(server)
    xsrf = cookies["_xsrf"]
    assert server.ask("GET", "/autoexec/runs", Cookie=joined(cookies)).status == 200
    with victim(server) as target:
        for name, body in (("answer", {"question": target.question, "answer": "yes"}), ("cancel", {})):
            for wrong in ({}, {"X_XSRFToken": "wrong"}, {"Referer": FOREIGN}):
                reply = server.ask("POST", f"{target.path}/{name}", body, Cookie=joined(cookies), **wrong)
                assert reply.status == 403, (name, wrong, reply)
        assert target.is_unharmed(server)
        right = server.ask("POST", f"{target.path}/cancel", {}, Cookie=joined(cookies), X_XSRFToken=xsrf)
        assert right.status == 202, right


@pytest.fixture(scope="module")
def denying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server that lets nobody do anything."""
    option = "--ServerApp.authorizer_class=__main__.DenyAll"
    with Server(tmp_path_factory.mktemp("denying"), option) as server:
        yield server


def test_who_may_nothing_is_refused_everywhere(denying: Server):
    """With a good token, by the authorizer."""
    with victim(denying) as target:
        for method, path, body in routes_of(target):
            reply = denying.ask(method, path, body, Authorization=f"token {TOKEN}")
            assert (reply.status, refused(reply)) == (403, True), (method, path, reply)
        with pytest.raises(websocket.WebSocketBadStatusException) as error:
            denying.tail(target.run_id)
        assert error.value.status_code == 403
        assert target.is_unharmed(denying)


def test_who_may_look_only_changes_nothing(tmp_path: Path):
    """Reading is allowed, ending and answering are not; and no question is asked there."""
    option = "--ServerApp.authorizer_class=__main__.ReadOnly"
    with Server(tmp_path, option, base_url="/user/somebody/") as server, victim(server) as target:
        statuses = {
            path.rpartition("/")[2]: server.ask(method, path, body, Authorization=f"token {TOKEN}").status
            for method, path, body in routes_of(target)
            if not path.endswith("tail")
        }
        assert statuses == {"runs": 200, "events": 200, "cancel": 403, "answer": 403}
        assert numbers(server.tail(target.run_id).recv())[0] == 0
        server.sockets.pop().shutdown()
        assert target.is_unharmed(server)
        kernel = start_kernel(server)
        assert server.get(f"/autoexec/runs?kernel={kernel}").status == 200
        assert watched(server) == []
        stop_kernel(server, kernel)


# --- by which names

NAMES = [
    "..",
    "../canary",
    "..%2fcanary",
    "%2e%2e%2fcanary",
    "%2e%2e/canary",
    "..%5ccanary",
    "....//canary",
    "/etc",
    "%2fetc",
    "%2Fetc%2Fpasswd",
    "//etc/passwd",
    "~",
    "canary",
    ".",
    "",
    "%00",
    "*",
    "-1",
    "1234",
    "%252e%252e%252fcanary",
    "01a21c59-4fbf-7b7b-9b26-864fabab679d%2f..%2f..%2fcanary",
    "01a21c59-4fbf-7b7b-9b26-864fabab679d%0a",
    "01a21c59-4fbf-7b7b-9b26-864fabab679d%20",
    "01A21C59-4FBF-7B7B-9B26-864FABAB679D",
    "01a21c59-4fbf-1b7b-9b26-864fabab679d",
    "{01a21c59-4fbf-7b7b-9b26-864fabab679d}",
    "01a21c594fbf7b7b9b26864fabab679d",
    "%D9%A0%D9%A1a21c59-4fbf-7b7b-9b26-864fabab679d",
    "x" * 5000,
]


@pytest.fixture(scope="module")
def canary(server: Server) -> Path:
    """Put something that looks like a run where no run is."""
    folder = server.data / "canary"
    folder.mkdir(parents=True)
    owner = {"pid": os.getpid(), "start_time": 0, "host": host()}
    fields = {
        "run_id": "canary",
        "verb": "sh",
        "title": SECRET_TITLE,
        "started": 0,
        "cage": "open",
        "owner": owner,
    }
    (folder / "meta.json").write_text(json.dumps(fields))
    (folder / "events.jsonl").write_text(
        json.dumps({"seq": 0, "event": {"kind": "Output", "text": SECRET_TITLE}}) + "\n"
    )
    return folder


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[:60] or "empty")
def test_what_is_no_id_is_not_found_and_nothing_is_opened(server: Server, canary: Path, name: str):
    """On every route, as it stands and with its dots and slashes encoded."""
    before = len(server.opened())
    for route, methods in ROUTES.items():
        if "ID" not in route:
            continue
        path = route.replace("ID", name)
        for method in methods:
            reply = server.ask(
                method.upper(), path, {} if method == "post" else None, Authorization=f"token {TOKEN}"
            )
            assert reply.status in (404, 414, 400), (path, reply)
            assert SECRET_TITLE.encode() not in reply.body
    new = server.opened()[before:]
    assert "canary" not in new
    assert "passwd" not in new
    assert str(server.store.folder) not in new


def test_an_id_that_nobody_has_is_not_found(server: Server):
    """A well-formed one, on every route."""
    missing = new_id()
    for route, methods in ROUTES.items():
        if "ID" in route:
            path = route.replace("ID", missing)
            for method in methods:
                reply = server.ask(
                    method.upper(),
                    path,
                    {"question": missing, "answer": "yes"},
                    Authorization=f"token {TOKEN}",
                )
                assert reply.status == 404, path
    assert not server.store.folder_of(missing).exists()


def test_the_extension_is_loaded_and_says_where_it_reads(server: Server):
    """One line in the server's log."""
    assert f"autoexec_magic: the panel reads {server.store.folder}" in server.log() + server._log.read_text()
