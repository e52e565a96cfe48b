"""What a Dockerfile says is read, with its line: bases, copies, and what only BuildKit reads."""

from __future__ import annotations

import pytest

from autoexec_magic.builder.image import parsed


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("# syntax=docker/dockerfile:1\nFROM a", "line 1: # syntax=docker/dockerfile:1"),
        ("FROM a\nRUN --mount=type=cache,target=/x pip install y", "line 2: RUN --mount"),
        ("FROM a\nrun --network=none true", "line 2: RUN --network"),
        ("FROM a\nCOPY --chmod=755 x /x", "line 2: COPY --chmod"),
        ("FROM a\nCOPY --link x /x", "line 2: COPY --link"),
        ("FROM a\nRUN <<EOT\nset -e\nEOT\n", "line 2: RUN <<"),
        ("FROM a\nRUN echo --mount", ""),
        ("FROM a\n# syntax=later\nRUN true", ""),
        ("FROM a\nRUN a && \\\n  # why\n\n  b --mount", ""),
        ("FROM a\nCOPY --chown=1:1 x /x", ""),
    ],
)
def test_what_only_buildkit_reads(text, reason):
    """A `RUN --mount`, a syntax, a heredoc, newer options; the words alone are nothing."""
    assert parsed.read(text).needs_buildkit == reason


def test_bases_are_images_and_no_stages():
    """With the values of the ARGs before them; `scratch` is none."""
    said = parsed.read(
        "ARG V=3.11\nARG K\nFROM python:${V}-slim${K:+-x} AS one\n"
        "FROM --platform=linux/amd64 node:${K:-22} AS two\n"
        "FROM one\nCOPY --from=two /a /b\nCOPY --from=busybox:1 /a /b\nFROM scratch\n"
    )
    assert said.bases == ["python:3.11-slim", "node:22", "busybox:1"]


def test_copies_are_those_out_of_the_context():
    """In both forms, and with their line."""
    said = parsed.read('FROM a\nCOPY a b /x/\nADD ["c d", "/y"]\nCOPY --from=a .env /z\n')
    assert [(copy.line, copy.sources) for copy in said.copies] == [(2, ("a", "b")), (3, ("c d",))]


def test_what_counts_is_the_last_stage():
    """Its port and its user; a health check is no fault."""
    said = parsed.read("FROM a\nEXPOSE 1\nHEALTHCHECK CMD x\nUSER root\nFROM b\nexpose 8080/tcp 9\nUSER 5\n")
    assert (said.port, said.user) == (8080, "5")


def test_another_escape_is_heeded():
    """As Windows' files have it."""
    assert parsed.read("# escape=`\nFROM a\nRUN x `\n --mount=y\nEXPOSE 7\n").port == 7
