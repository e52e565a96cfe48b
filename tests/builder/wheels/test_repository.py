"""What a repository is, and what its index says, whoever answers."""

from __future__ import annotations

import hashlib
import http.server
import threading

import pytest

from autoexec_magic.builder.wheels import repository
from autoexec_magic.errors import BuildError, UsageError

LOGIN = repository.Login(user="me", password="hunter2hunter2")


@pytest.fixture
def server():
    """Serve answers by path on loopback: (status, headers, body); what was asked is kept with its login."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            status, headers, body = self.server.answers.get(self.path, (404, {}, b""))
            self.server.asked.append((self.path, self.headers.get("Authorization")))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as made:
        made.answers, made.asked = {}, []
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        made.url = f"http://127.0.0.1:{made.server_address[1]}/"
        yield made
        made.shutdown()
        thread.join()


def of(server):
    """Return the repository that is served."""
    return repository.Repository(name="here", upload=server.url, index=f"{server.url}simple/")


@pytest.mark.parametrize(
    ("word", "upload", "index"),
    [
        ("pypi", "https://upload.pypi.org/legacy/", "https://pypi.org/simple/"),
        ("https://test.pypi.org/legacy/", "https://test.pypi.org/legacy/", "https://test.pypi.org/simple/"),
        ("https://a.b/pears", "https://a.b/pears/", "https://a.b/pears/simple/"),
        ("https://a.b/pears/legacy/", "https://a.b/pears/legacy/", "https://a.b/pears/simple/"),
        ("http://127.0.0.1:80/", "http://127.0.0.1:80/", "http://127.0.0.1:80/simple/"),
        ("mine", "https://mine.example/up/", "https://mine.example/up/simple/"),
    ],
)
def test_where_is_sent_and_asked(bed, monkeypatch, word, upload, index):
    """Names that everybody knows, names of ~/.pypirc, and addresses."""
    home = bed.tmp_path / "home"
    home.mkdir()
    (home / ".pypirc").write_text("[mine]\nrepository = https://mine.example/up/\npassword = hunter2\n")
    monkeypatch.setenv("HOME", str(home))
    bed.own()
    found = repository.named(word, bed.source())
    assert (found.upload, found.index) == (upload, index)
    assert "hunter2" not in repr(found)


def test_an_open_line_is_refused_with_the_other_address(bed):
    """Which can be typed as it stands."""
    bed.own()
    with pytest.raises(UsageError, match="open line") as raised:
        repository.named("http://a.example/p?a&b", bed.source())
    assert raised.value.fix == "--publish 'https://a.example/p?a&b'"


def test_an_index_is_read_in_either_form(server):
    """JSON and HTML; a digest that is not said is that of the file."""
    body = b'{"files": [{"filename": "pear-1.tar.gz", "url": "x", "hashes": {"sha256": "%s"}}]}' % (b"a" * 64)
    kind = {"Content-Type": "application/vnd.pypi.simple.v1+json"}
    server.answers["/simple/pear/"] = (200, kind, body)
    assert repository.digests(of(server), "Pear", LOGIN) == {"pear-1.tar.gz": "a" * 64}
    page = b'<a href="../../f/pear-1.tar.gz#md5=00">x</a><a href="/f/pear%%2B1.whl#sha256=%s">y</a>' % (
        b"b" * 64
    )
    server.answers["/simple/pear/"] = (200, {"Content-Type": "text/html"}, page.replace(b"%%", b"%"))
    server.answers["/f/pear-1.tar.gz"] = (200, {}, b"bytes")
    want = {"pear-1.tar.gz": hashlib.sha256(b"bytes").hexdigest(), "pear+1.whl": "b" * 64}
    assert repository.digests(of(server), "pear", LOGIN) == want


def test_another_host_is_no_answer_and_gets_no_login(server):
    """Some servers send who asks for what they lack on to the public index."""
    elsewhere = {"Location": f"http://localhost:{server.server_address[1]}/public/pear/"}
    server.answers["/simple/pear/"] = (302, elsewhere, b"")
    server.answers["/public/pear/"] = (200, {"Content-Type": "text/html"}, b'<a href="pear-1.tar.gz">x</a>')
    assert repository.digests(of(server), "pear", LOGIN) == {}
    assert [path for path, _ in server.asked] == ["/simple/pear/"]
    server.answers["/simple/pear/"] = (302, {"Location": "/public/pear/"}, b"")
    server.answers["/public/pear-1.tar.gz"] = (200, {}, b"x")
    server.answers["/public/pear/pear-1.tar.gz"] = (200, {}, b"x")
    assert list(repository.digests(of(server), "pear", LOGIN)) == ["pear-1.tar.gz"]
    assert server.asked[-1][1] == LOGIN.header


def test_a_file_elsewhere_gets_no_login(server):
    """Files are often on another host than the page."""
    link = f'<a href="http://localhost:{server.server_address[1]}/f/pear-1.tar.gz">x</a>'.encode()
    server.answers["/simple/pear/"] = (200, {"Content-Type": "text/html"}, link)
    server.answers["/f/pear-1.tar.gz"] = (200, {}, b"x")
    repository.digests(of(server), "pear", LOGIN)
    assert server.asked == [("/simple/pear/", LOGIN.header), ("/f/pear-1.tar.gz", None)]


@pytest.mark.parametrize("answer", [(500, {}, b""), (401, {}, b""), (200, {"Content-Type": "x/json"}, b"[]")])
def test_what_is_no_answer_is_a_failure(server, answer):
    """Not to know is not the same as not there."""
    server.answers["/simple/pear/"] = answer
    with pytest.raises(BuildError) as failed:
        repository.digests(of(server), "pear", LOGIN)
    assert "hunter2" not in str(failed.value)


def test_nobody_there_is_a_failure():
    """A closed port is named by its host."""
    gone = repository.Repository(name="x", upload="http://127.0.0.1:9/", index="http://127.0.0.1:9/simple/")
    with pytest.raises(BuildError, match=r"127\.0\.0\.1:9"):
        repository.digests(gone, "pear", None)


def test_a_file_of_this_machine_is_no_answer(server, tmp_path):
    """An index may name any address for a file; a digest of the person's files is nobody's."""
    link = f'<a href="{(tmp_path / "pear-1.tar.gz").as_uri()}">x</a>'.encode()
    (tmp_path / "pear-1.tar.gz").write_text("secret")
    server.answers["/simple/pear/"] = (200, {"Content-Type": "text/html"}, link)
    with pytest.raises(BuildError) as failed:
        repository.digests(of(server), "pear", LOGIN)
    assert "no address of http" in failed.value.why


def test_only_what_is_wanted_is_read(server):
    """An index that says no digest has old files, too."""
    page = b'<a href="/f/pear-1.tar.gz">x</a><a href="/f/pear-2.tar.gz">x</a>'
    server.answers["/simple/pear/"] = (200, {"Content-Type": "text/html"}, page)
    server.answers["/f/pear-2.tar.gz"] = (200, {}, b"x")
    assert list(repository.digests(of(server), "pear", LOGIN, only={"pear-2.tar.gz"})) == ["pear-2.tar.gz"]


def test_a_page_has_a_limit(server, monkeypatch):
    """It is read whole."""
    monkeypatch.setattr(repository, "_PAGE_BYTES", 100)
    server.answers["/simple/pear/"] = (200, {"Content-Type": "text/html"}, b" " * 101)
    with pytest.raises(BuildError) as failed:
        repository.digests(of(server), "pear", LOGIN)
    assert "100 bytes" in failed.value.why
