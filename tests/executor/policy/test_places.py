"""Words that name files, addresses and other machines."""

from __future__ import annotations

import pytest

from autoexec_magic.executor.policy import places
from autoexec_magic.executor.policy.found import Found


@pytest.mark.parametrize(
    ("kind", "word", "answer", "reads", "writes", "urls"),
    [
        (places.read, "-", "allow", [], [], []),
        (places.write, "a", "allow", [], ["a"], []),
        (places.joined, "a:b::c", "allow", ["a", "b", "c"], [], []),
        (places.url, "https://e.org/a", "allow", [], [], ["https://e.org/a"]),
        (places.url, "e.org", "allow", [], [], ["e.org"]),
        (places.url, "HTTP://e.org", "allow", [], [], ["HTTP://e.org"]),
        (places.url, "file:///etc/passwd", "ask", ["/etc/passwd"], [], []),
        (places.url, "FILE:/etc/passwd", "ask", ["/etc/passwd"], [], []),
        (places.url, "gopher://e.org", "ask", [], [], ["gopher://e.org"]),
        (places.source, "a/b", "allow", ["a/b"], [], []),
        (places.source, "https://e.org/a", "allow", [], [], ["https://e.org/a"]),
        (places.source, "git@e.org:a/b", "allow", [], [], ["git@e.org:a/b"]),
        (places.source, "host:a", "ask", [], [], ["host:a"]),
        (places.source, "ext::sh -c id", "refuse", [], [], []),
        (places.origin, "origin", "allow", [], [], []),
        (places.place, "a", "allow", ["a"], [], []),
        (places.place, "me@host:a", "ask", [], [], ["me@host:a"]),
        (places.place, "host::module", "ask", [], [], ["host::module"]),
        (places.place, "./a:b", "allow", ["./a:b"], [], []),
        (places.target, "a", "allow", [], ["a"], []),
        (places.target, "host:a", "ask", [], [], ["host:a"]),
        (places.down, "s3://b/a", "ask", [], [], ["s3://b/a"]),
        (places.down, "a", "allow", [], ["a"], []),
        (places.media, "a.png", "allow", ["a.png"], [], []),
        (places.media, "msl:a", "ask", [], [], []),
        (places.media, "|id", "ask", [], [], []),
        (places.media, "xc:white", "allow", [], [], []),
        (places.output, "|sh", "ask", [], ["|sh"], []),
        (places.operand, "@a", "ask", ["a"], [], []),
        (places.lines, "+!id", "ask", [], [], []),
        (places.data, "a=b", "allow", [], [], []),
        (places.data, "mail=me@e.org", "allow", [], [], []),
        (places.data, "@a", "ask", ["a"], [], []),
        (places.data, "f=@a", "ask", ["a"], [], []),
        (places.cookie, "a=b", "allow", [], [], []),
        (places.cookie, "jar", "ask", ["jar"], [], []),
        (places.download, "https://e.org/b/a.csv#x", "allow", [], ["a.csv"], ["https://e.org/b/a.csv#x"]),
        (places.download, "e.org", "allow", [], [], ["e.org"]),
        (places.mirror, "e.org/a/b", "allow", [], ["b"], ["e.org/a/b"]),
        (places.mirror, "e.org/%2ea/b", "ask", [], ["b"], ["e.org/%2ea/b"]),
        (places.member, "./a/b", "allow", [], ["./a/b"], []),
        (places.member, "a/.git/b", "ask", [], ["a/.git/b"], []),
        (places.awk_file, "a", "allow", ["a"], [], []),
        (places.awk_file, "/inet/tcp/0/e.org/80", "ask", ["/inet/tcp/0/e.org/80"], [], []),
        (places.member, "@list", "ask", [], ["@list"], []),
        (places.http_download, "https://e.org/.envrc", "allow", [], [".envrc"], ["https://e.org/.envrc"]),
        (places.http_download, "POST", "allow", [], [], []),
        (places.tex, "\\write18{id}", "ask", [], [], []),
    ],
)
def test_a_word_names_a_place(kind, word, answer, reads, writes, urls):
    """What it reaches is noted; what leaves this machine unasked is a doubt."""
    found = Found()
    kind(word, found)
    assert (found.answer, found.reads, found.writes, found.urls) == (answer, reads, writes, urls)
