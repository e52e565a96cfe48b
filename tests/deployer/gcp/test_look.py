"""One look at a URL: what is well, what is not, who is not let in, and an identity where it is needed."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler

import pytest
from deployer.gcp.backing import Quiet
from google.auth import exceptions
from google.oauth2 import id_token

from autoexec_magic.deployer.gcp.asking import Asking
from autoexec_magic.deployer.gcp.look import Looking, identity
from autoexec_magic.deployer.gcp.place import place_of

OPTIONS = {"project": "my-project", "region": "europe-west1"}


@pytest.fixture
def server():
    class Door(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append((self.path, self.headers.get("Authorization", "")))
            if self.path == "/slow":
                time.sleep(3)
            status = int(self.path[1:]) if self.path[1:].isdecimal() else 404
            self.send_response(status)
            self.send_header("Location", "/200")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words):
            pass

    seen: list[tuple[str, str]] = []
    made = Quiet(("127.0.0.1", 0), Door)
    threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{made.server_address[1]}", seen
    made.shutdown()
    made.server_close()


def looking():
    return Looking(asking=Asking(place=place_of("web", {**OPTIONS, "endpoint": "127.0.0.1:1"}, {})))


@pytest.mark.parametrize(
    ("status", "is_well"), [(200, True), (204, True), (302, True), (404, False), (503, False)]
)
def test_what_is_well_with_a_path(server, status, is_well):
    """2xx and 3xx are, and are not followed."""
    url, seen = server
    why = looking().at(url, f"/{status}", 5)
    assert (why == "") is is_well
    assert is_well or f"HTTP {status}" in why
    assert len(seen) == 1


def test_without_a_path_any_answer_of_its_own_is_well(server):
    """404 is the release's own; 503 is what Cloud Run says where nothing answers."""
    url, seen = server
    assert looking().at(url, "", 5) == ""
    assert seen[0][0] == "/"


def test_a_look_has_a_limit(server):
    """The gate's."""
    url, _ = server
    assert "no answer within 0.3 s" in looking().at(url, "/slow", 0.3)


def test_nobody_there_is_no_answer():
    """It is a reason, and no error."""
    assert looking().at("http://127.0.0.1:1", "/", 1).startswith("GET /: ")


@pytest.mark.parametrize("status", [401, 403])
def test_who_is_not_let_in_is_told_which_role(server, status):
    """Or that it is to be public."""
    url, _ = server
    assert "roles/run.invoker" in looking().at(url, f"/{status}", 5)


class Person:
    """Credentials of a person: one token for all."""

    id_token = "a.person.token"


def test_a_token_for_the_service_is_shown_and_kept(server, monkeypatch):
    """It is fetched once for many looks."""
    url, seen = server
    made, asked = looking(), []

    def fetch(request, audience):
        asked.append(audience)
        return "a.token"

    monkeypatch.setattr(id_token, "fetch_id_token", fetch)
    made.asking.place = place_of("web", OPTIONS, {})
    made.asking._credentials = object()
    for _ in range(3):
        made.at(url, "/200", 5, audience="https://web.example")
    assert asked == ["https://web.example"]
    assert {authorization for _, authorization in seen} == {"Bearer a.token"}


def test_a_persons_own_token_is_taken():
    """The login has one."""
    assert identity(Person(), "https://web.example") == "a.person.token"


def test_credentials_that_give_no_identity_give_none(monkeypatch):
    """The look is made all the same: a public service needs none."""

    def fetch(request, audience):
        raise exceptions.DefaultCredentialsError("none")

    monkeypatch.setattr(id_token, "fetch_id_token", fetch)
    assert identity(object(), "https://web.example") == ""
