"""No secret and no escape gets through, however the text is cut; everything else does."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import time

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from autoexec_magic.events import Asked, Displayed, Output, PhaseFinished, Resolved
from autoexec_magic.redact import (
    MASK,
    MIN_SECRET_CHARS,
    Cleaner,
    cleaned,
    harmless,
    mask,
    one_line,
    secrets_in,
)
from autoexec_magic.values import Candidate, Resolution, Verdict

SECRET = "hunter2hunter2"
PEM = "-----BEGIN KEY-----\nMIIEvQ+/\n-----END KEY-----\n"
HELD_CHARS = 8_192  # what a stream may hold back, twice the longest token that is looked for
PIECE_CHARS = 10_000
MEGABYTE = 1_000_000
QUICK_SECONDS = 0.5  # linear work takes a hundredth of it
PROBING = settings(max_examples=100, deadline=None, database=None)
EASY = settings(max_examples=60, deadline=None, database=None)

A36 = "a1B2c3D4e5" * 3 + "F6g7H8"
TOKENS = {
    **{f"github-{letter}": f"gh{letter}_{A36}" for letter in "pousr"},
    "github-fine-grained": f"github_pat_{A36}",
    "gitlab": "glpat-x_9-" + "a" * 17,
    "aws-user": "AKIAIOSFODNN7EXAMPLE",
    "aws-session": "ASIAIOSFODNN7EXAMPLE",
    "openai": "sk-proj-" + "aB3_-" * 6,
    **{f"slack-{letter}": f"xox{letter}-1234567890-abcdef" for letter in "abeprs"},
    "pypi": "pypi-AgEIcHlwaS5vcmcCJDAw",
    "npm": f"npm_{A36}",
    "google": "AIza" + "Sy_-5" * 7,
    "hugging-face": "hf_" + "aBcDeF" * 6,
    "docker": "dckr_pat_" + "a_-4" * 6,
}
NOT_TOKENS = [
    "sk-short",
    "disk-abcdefghijklmnopqrstuvwxyz",
    "ghp_",
    "ghp_tooshort",
    "AKIA",
    "AKIAlowercaseisnone1",
    "MYAKIAIOSFODNN7EXAMPLE",
    "npm_run_build",
    "hf_hub",
    "pypi-server",
    "task-1",
]

OSC, DCS, SOS, PM, APC = "\x1b]", "\x1bP", "\x1bX", "\x1b^", "\x1b_"
REMOVED = {
    "title": f"{OSC}0;title\x07",
    "title-ended-by-ST": f"{OSC}0;title\x1b\\",
    "title-ended-by-C1-ST": f"{OSC}0;title\x9c",
    "clipboard": f"{OSC}52;c;cm0gLXJmIH4=\x07",
    "clipboard-C1": "\x9d52;c;cm0gLXJmIH4=\x07",
    "link-opened": f"{OSC}8;;http://evil.example\x1b\\",
    "device-string": f"{DCS}$q q\x1b\\",
    "device-string-C1": "\x90$q q\x9c",
    "start-of-string": f"{SOS}anything\x1b\\",
    "privacy-message": f"{PM}anything\x1b\\",
    "program-command": f"{APC}Gi=31;AAAA\x1b\\",
    "cancelled-string": f"{OSC}0;title\x18",
    "substituted-string": f"{OSC}0;title\x1a",
    "cursor-position-query": "\x1b[6n",
    "device-attributes-query": "\x1b[c",
    "secondary-attributes-query": "\x1b[>0c",
    "alternate-screen": "\x1b[?1049h",
    "bracketed-paste": "\x1b[?2004h",
    "private-colour-query": "\x1b[?4m",
    "key-modifiers": "\x1b[>4;2m",
    "window-resize": "\x1b[8;1;1t",
    "scroll-region": "\x1b[1;5r",
    "soft-reset": "\x1b[!p",
    "cursor-style": "\x1b[4 q",
    "full-reset": "\x1bc",
    "character-set": "\x1b(0",
    "save-cursor": "\x1b7",
    "erase-what-was-scrolled-away": "\x1b[3J",
    "erase-what-was-scrolled-away-with-zeros": "\x1b[003J",
    "erase-what-was-scrolled-away-among-others": "\x1b[2;3J",
    "repeat-a-character": "\x1b[9999b",
    "status-query-of-a-setting": f"{DCS}$qm\x1b\\",
    "private-status-query": "\x1b[?6n",
    "link-to-a-script": f"{OSC}8;;javascript:alert(1)\x07",
    "lone-escape-before-a-newline": "\x1b",
}
KEPT = {
    "colour": "\x1b[31m",
    "colour-of-24-bits": "\x1b[38;2;255;100;0m",
    "colour-with-colons": "\x1b[4:3m",
    "reset": "\x1b[0m",
    "erase-line": "\x1b[2K",
    "erase-screen": "\x1b[2J",
    "cursor-up": "\x1b[1A",
    "cursor-up-as-progress-bars-write-it": "\x1b[A",
    "cursor-down": "\x1b[B",
    "cursor-forward": "\x1b[10C",
    "cursor-back": "\x1b[D",
    "next-line": "\x1b[E",
    "previous-line": "\x1b[F",
    "column": "\x1b[1G",
    "position": "\x1b[1;1H",
    "position-too": "\x1b[1;1f",
    "row": "\x1b[3d",
}
C1_CSI = {"query": "\x9b6n", "private": "\x9b?25h"}


def pieces(text: str, cuts: list[int]) -> list[str]:
    """Return `text` cut at `cuts`, wherever they lie."""
    places = sorted({cut % (len(text) + 1) for cut in cuts})
    return [text[start:end] for start, end in itertools.pairwise([0, *places, len(text)])]


def streamed(*parts: str, secrets: tuple[str, ...] = ()) -> str:
    """Return all that a stream of `parts` lets through."""
    cleaner = Cleaner(secrets)
    return "".join(map(cleaner.feed, parts)) + cleaner.flush()


def every_cut(text: str) -> list[tuple[str, ...]]:
    """Return `text` cut at every place, at every two of them, and into characters."""
    once = [(text[:i], text[i:]) for i in range(len(text) + 1)]
    twice = [(text[:i], text[i:j], text[j:]) for i in range(len(text)) for j in range(i, len(text))]
    return [*once, *twice, tuple(text)]


@st.composite
def leaks(draw: st.DrawFn, gaps: st.SearchStrategy[str]) -> tuple[tuple[str, ...], str, list[int]]:
    """Return secrets of few letters, a text of them, their parts and `gaps`, and where to cut it."""
    secrets = draw(st.lists(st.text("ab-\n", min_size=MIN_SECRET_CHARS, max_size=12), min_size=1, max_size=3))
    parts = st.one_of(
        st.sampled_from(secrets),
        st.builds(lambda s, n: s[:n], st.sampled_from(secrets), st.integers(1, 11)),
        st.builds(lambda s, n: s[n:], st.sampled_from(secrets), st.integers(1, 11)),
        st.builds(lambda s, n, x: s[:n] + x + s[n:], st.sampled_from(secrets), st.integers(1, 11), gaps),
        gaps,
    )
    text = "".join(draw(st.lists(parts, min_size=1, max_size=8)))
    return tuple(secrets), text, draw(st.lists(st.integers(0, 200), max_size=8))


@PROBING
@given(leaks(st.text("ab-\n é🙂", max_size=4)))
def test_no_secret_gets_through_however_it_is_cut(leak):
    """What comes out holds no secret, and is the same as if the text had come in one piece."""
    secrets, text, cuts = leak
    out = streamed(*pieces(text, cuts), secrets=secrets)
    assert not any(secret in out for secret in secrets)
    assert out == streamed(text, secrets=secrets) == mask(text, secrets)


@PROBING
@given(leaks(st.sampled_from(["\x00", "\x1b[6n", "\x1b]0;a\x07", "\x9b6n", "\x1bc", "\x1b\x1b[6n[6n", "\n"])))
def test_no_escape_hides_a_secret(leak):
    """What removing a control character puts together is a secret, too, however it is cut."""
    secrets, text, cuts = leak
    out = streamed(*pieces(text, cuts), secrets=secrets)
    assert not any(secret in out for secret in secrets)


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(("hun\x00ter2hunter2 ",), id="in-one-piece"),
        pytest.param(("hun\x00", "ter2hunter2 "), id="cut-behind-the-control"),
        pytest.param(("hun\x1b[6n", "ter2hunter2 "), id="cut-behind-the-query"),
        pytest.param(("hun\x1b]0;x", "\x07ter2hunter2 "), id="cut-in-the-title"),
    ],
)
def test_a_secret_around_an_escape_is_masked(parts):
    """What is removed from the middle of a secret leaves a secret."""
    assert streamed(*parts, secrets=(SECRET,)) == f"{MASK} "


SHAPES = {
    "PGPASSWORD=abc psql": "PGPASSWORD=*** psql",
    "export DB_PASSWORD='a b' x": "export DB_PASSWORD=*** x",
    'MY_TOKEN="a b" y': "MY_TOKEN=*** y",
    "X_TOKEN=abc;ls": "X_TOKEN=***;ls",
    "TOKEN=a TOKEN=b": "TOKEN=*** TOKEN=***",
    "--password xyz z": "--password *** z",
    "--password=xyz": "--password=***",
    "--db-password 'a b' z": "--db-password *** z",
    "--token xyz --api-key abc": "--token *** --api-key ***",
    "--user me:pw x": "--user me:*** x",
    "Authorization: Bearer abc.def": "Authorization: Bearer ***",
    "authorization: Basic dXNlcjpwYXNz, x": "authorization: Basic ***, x",
    '"Authorization": "Bearer abc"': '"Authorization": "Bearer ***"',
    "curl -H 'Authorization: token abcd' x": "curl -H 'Authorization: token ***' x",
    "Bearer abcdefghijklmnop1": "Bearer ***",
    "curl -u me:secret http://x": "curl -u me:*** http://x",
    "curl -ume:secret x": "curl -ume:*** x",
    "curl -u 'me:secret' x": "curl -u 'me:***' x",
    "curl --oauth2-bearer abc x": "curl --oauth2-bearer *** x",
    "mysql -u root -psecret db": "mysql -u root -p*** db",
    "mysqldump -h db -p'a b' x": "mysqldump -h db -p*** x",
    "sshpass -p x ssh me@host": "sshpass -p *** ssh me@host",
    "aws_secret_access_key = wJalr/XU+b x": "aws_secret_access_key = *** x",
    'x {"password": "a \\" b", "c": "d"}': 'x {"password": "***", "c": "d"}',
    "{'api_key':'abc'}": "{'api_key':'***'}",
    "//registry.npmjs.org/:_authToken=abc-1 x": "//registry.npmjs.org/:_authToken=*** x",
    "curl -H 'X-Api-Key: abc' x": "curl -H 'X-Api-Key: ***' x",
    "x-auth-token: abc x": "x-auth-token: *** x",
    "GET /a?token=abc&b=c x": "GET /a?token=***&b=c x",
    "/a?b=c&access_token=abc#d": "/a?b=c&access_token=***#d",
    "/a?key=abc&sig=d%3D x": "/a?key=***&sig=*** x",
}
NO_SECRETS = [
    *("PASS=3 WARN=0", "TOKEN=true", "SECRET=", "COUNT=12345", "MODE=fast", "name=value", "a=b --c=d"),
    *("--tokens 5", "--password --other", "--user 1000:1000 x", "--users a:b", "-p x", "--"),
    *("docker run -u 1000:1000 x", "python -u tool.py", "tar -pxf a", "token: 5 tokens", "password= "),
    *("Password: ", '{"tokens": "5"}', "mkdir -p a/b", "mysql -p db", "x-axis: time", "sort -u a b:c"),
    *("mysql -h x; cp -pr a b", "monkey=1&b=2", "the secret: none", "ls -u /a:b"),
    *("bearer of news", "Bearer short", "the author: Jane", "authorization was given"),
]


@pytest.mark.parametrize(("text", "want"), SHAPES.items(), ids=SHAPES)
def test_what_stands_where_a_secret_stands_is_masked_at_every_cut(text, want):
    """Behind a name, an option or a header that says so, whatever the value looks like."""
    assert mask(text) == want
    for index in range(len(text) + 1):
        assert streamed(text[:index], f"{text[index:]} ") == f"{want} ", index
    assert streamed(*text, " ") == f"{want} "


@pytest.mark.parametrize("text", NO_SECRETS)
def test_what_only_looks_like_such_a_place_is_kept(text):
    """A count of passed tests, an option without a value, a word of a sentence."""
    assert mask(text) == text
    for index in range(len(text) + 1):
        assert streamed(text[:index], f"{text[index:]} ") == f"{text} ", index


@pytest.mark.parametrize("secret", [SECRET, PEM, "ababababab", "ghp_looks_like", "äöü-ÄÖÜ-🙂"])
def test_a_secret_is_masked_at_every_cut(secret):
    """A secret in the middle of a text is one mask, wherever the pieces end."""
    text = f"x {secret} y"
    for index in range(len(text) + 1):
        assert streamed(text[:index], text[index:], secrets=(secret,)) == f"x {MASK} y"
    assert streamed(*text, secrets=(secret,)) == f"x {MASK} y"


def test_a_secret_within_another_leaves_nothing_of_the_longer():
    """Secrets that overlap are masked as one."""
    secrets = ("abcdefgh", "efghijkl", "cdefghij")
    for parts in every_cut(" abcdefghijkl "):
        assert streamed(*parts, secrets=secrets) == f" {MASK} "


def test_a_secret_that_overlaps_itself_leaves_nothing_of_either():
    """Two of them in one another are masked from the first character to the last."""
    for parts in every_cut(" ababababababab "):
        assert streamed(*parts, secrets=("ababababab",)) == f" {MASK} "


def test_a_line_is_not_held_back():
    """A line goes out at once, whatever it ends with: a beginning of a secret has no newline."""
    assert Cleaner([SECRET]).feed("hunter2\n") == "hunter2\n"


def test_a_secret_of_several_lines_holds_lines_back():
    """With such a secret a line may be the beginning of it, and waits."""
    cleaner = Cleaner([PEM])
    assert cleaner.feed("log\n-----BEGIN KEY-----\n") == "log\n"
    assert cleaner.feed(PEM.partition("\n")[2]) == MASK


@st.composite
def ordinary(draw: st.DrawFn) -> str:
    """Return text that holds no escape, no token and no URL with a password."""
    text = draw(st.text(st.characters(exclude_categories=["Cc"]) | st.sampled_from("\t\n\r\b")))
    assume("://" not in text)
    return text


@PROBING
@given(ordinary(), st.lists(st.integers(0, 200), max_size=6))
@example("sk- gh ghp_ x AKI https:/ 🙂 e\u0301 \u200d \ufeff שלום \udc80", [1, 2, 3, 5, 8])
def test_ordinary_text_is_untouched(text, cuts):
    """Without a secret or an escape, what comes out is what came in."""
    assert streamed(*pieces(text, cuts), secrets=(SECRET,)) == text
    assert harmless(text) == text


@EASY
@given(st.text(st.sampled_from("\x1b\x9b\x9d[]()?>;:0169mnhAHc\\\x07\x18\x9c\x00\n x")))
@example("\x1b\x1b[6n[?4m")
@example("\x1b\x1b]0;t\x07[6n")
def test_harmless_text_is_harmless_at_once(text):
    """Nothing is put together by removing what stood between."""
    once = harmless(text)
    assert harmless(once) == once


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\x1b\x1b[6n[?4m", id="private-colour"),
        pytest.param("\x1b\x1b[6n[>4;2m", id="key-modifiers"),
        pytest.param("\x1b\x1b[c[6n", id="query"),
        pytest.param("\x1b\x1b]0;t\x07[6n", id="query-around-a-title"),
    ],
)
def test_an_escape_around_an_escape_is_removed(text):
    """Removing the inner one leaves no outer one that does more than draw."""
    assert "\x1b" not in harmless(text)


@pytest.mark.parametrize("sequence", REMOVED.values(), ids=REMOVED)
def test_what_does_more_than_draw_is_removed(sequence):
    """Titles, clipboard, links, queries and modes leave nothing, wherever the pieces end."""
    text = f"a{sequence}\nb"
    assert harmless(text) == "a\nb"
    for parts in every_cut(text):
        assert streamed(*parts) == "a\nb", parts


@pytest.mark.parametrize("sequence", KEPT.values(), ids=KEPT)
def test_what_draws_is_kept(sequence):
    """Colours, cursor movement and erasing go through whole, wherever the pieces end."""
    text = f"a{sequence}b\n"
    assert harmless(text) == text
    for parts in every_cut(text):
        assert streamed(*parts) == text, parts


@pytest.mark.parametrize("sequence", C1_CSI.values(), ids=C1_CSI)
def test_a_one_byte_control_is_removed_at_every_cut(sequence):
    """The control that is one character long is cut as well as the one of two."""
    assert harmless(f"a{sequence}b") == "ab"
    for parts in every_cut(f"a{sequence}b"):
        assert streamed(*parts) == "ab", parts


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0)], ids=hex)
def test_a_control_character_is_kept_only_if_it_places_text(code):
    """Backspace, tab, newline and carriage return stay; every other control character goes."""
    kept = chr(code) if chr(code) in "\b\t\n\r" else ""
    assert harmless(f"a{chr(code)}\nb") == f"a{kept}\nb"


def test_a_string_that_is_never_closed_ends_with_its_line():
    """A program that dies in the middle of a title does not swallow all that follows."""
    assert streamed("a\x1b]0;title", " goes on\nb") == "a\nb"
    assert streamed("a\x1b]0;title") == "a"


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_a_token_is_masked_at_every_cut(token):
    """The shapes that vendors document are masked without being named."""
    for text in (f"key={token}", f"'{token}', 1", f"{token}\n"):
        want = text.replace(token, MASK)
        assert mask(text) == want
        for index in range(len(text) + 1):
            assert streamed(text[:index], text[index:]) == want, index
        assert streamed(*text) == want


@pytest.mark.parametrize("before", ["x-", "my_", "a-b_"])
def test_a_token_after_a_dash_is_masked_at_every_cut(before):
    """A token that is the end of a longer word is one, in whatever pieces it comes."""
    token = TOKENS["github-p"]
    text = f" {before}{token} "
    assert mask(text) == f" {before}{MASK} "
    for index in range(len(text) + 1):
        assert streamed(text[:index], text[index:]) == f" {before}{MASK} ", index


@pytest.mark.parametrize("text", NOT_TOKENS)
def test_what_only_begins_like_a_token_is_kept(text):
    """Too short, of other letters, or the end of a longer word: no token."""
    assert mask(f" {text} ") == f" {text} "
    for parts in every_cut(f" {text} "):
        assert streamed(*parts) == f" {text} ", parts


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param("https://me:pass@host/simple", "https://me:***@host/simple", id="user-and-password"),
        pytest.param("https://:pass@host", "https://:***@host", id="no-user"),
        pytest.param("see ftp://a:b@c, ok", "see ftp://a:***@c, ok", id="within-a-sentence"),
        pytest.param("x://a:b@c y://d:e@f", "x://a:***@c y://d:***@f", id="two"),
        pytest.param("https://host:8080/a@b", "https://host:8080/a@b", id="port-is-none"),
        pytest.param("https://me@host/", "https://me@host/", id="no-password"),
        pytest.param("https://host/a:b@c", "https://host/a:b@c", id="within-a-path"),
        pytest.param("https://user:pa:ss@host/", "https://user:***@host/", id="colon-in-the-password"),
    ],
)
def test_a_password_in_a_url_is_masked_at_every_cut(text, want):
    """User and host stay readable; the password between them never is."""
    assert mask(text) == want
    for parts in every_cut(f"{text} "):
        assert streamed(*parts) == f"{want} ", parts


@pytest.mark.parametrize(
    "flood",
    [
        pytest.param("\x1b]0;" + "x" * MEGABYTE, id="title-without-end"),
        pytest.param("\x9d" + "x" * MEGABYTE, id="one-byte-title-without-end"),
        pytest.param("\x1bP" + "q" * MEGABYTE, id="device-string-without-end"),
        pytest.param("\x1b[" + "0" * MEGABYTE, id="parameters-without-end"),
        pytest.param("\x1b[" + " " * MEGABYTE, id="intermediates-without-end"),
        pytest.param("ghp_" + "a" * MEGABYTE, id="token-without-end"),
        pytest.param("https://me:" + "a" * MEGABYTE, id="password-without-end"),
        pytest.param("x" * MEGABYTE, id="word-without-end"),
        pytest.param("hunter2" * (MEGABYTE // 7), id="beginnings-of-a-secret"),
    ],
)
def test_what_is_held_back_is_bounded(flood):
    """A program that never ends a line, a word or an escape does not fill the memory."""
    cleaner = Cleaner([SECRET + "!"])
    began = time.process_time()
    for start in range(0, len(flood), PIECE_CHARS):
        cleaner.feed(flood[start : start + PIECE_CHARS])
    assert cleaner.discard() <= HELD_CHARS
    assert time.process_time() - began < 10 * QUICK_SECONDS


def test_a_secret_that_repeats_itself_is_not_held_back_without_end():
    """Of zeroes without a newline and the secret 00000000, no more is held than of anything else."""
    cleaner = Cleaner(["0" * MIN_SECRET_CHARS])
    for _ in range(10):
        cleaner.feed("0" * 1_000)
    cleaner.feed("0" * 1_000)
    assert cleaner.discard() <= HELD_CHARS


FLOODS = {
    "strings-begun-one-byte": "\x9d" * 6_000 + "\x07x",
    "strings-begun-one-byte-none-ended": "\x9d" * 6_000,
    "strings-begun": "\x1b]" * 30_000 + "x",
    "sequences-begun": "\x1b[0" * 20_000,
    "escapes": "\x1b" * 60_000,
    "one-byte-controls": "\x9b" * 60_000,
    "tokens-begun": "ghp_" * 15_000,
    "tokens-begun-in-one-word": "sk-" * 20_000,
    "urls-begun": "://a:" * 12_000,
    "names-begun": "A_TOKEN='" * 7_000,
    "options-begun": '--password "' * 5_000,
    "dashes": "-" * 60_000,
    "equals-signs": "=" * 60_000,
    "headers-begun": "Authorization: a " * 4_000,
    "beginnings-of-a-secret": "hunter2" * 9_000,
    "texts-begun": '"password": "' * 5_000,
    "text-that-never-ends": '"password": "' + "\\\\a" * 20_000,
    "parameters-begun": "?token=" * 8_000,
    "own-headers-begun": "X-a-a-a-" * 8_000,
    "users-begun": " -u a:" * 10_000,
    "short-passwords-begun": "mysql -p" * 8_000,
    "short-options": " -px" * 15_000,
    "spaces": "_auth" + " " * 60_000,
}


@pytest.mark.parametrize(
    "clean",
    [harmless, lambda text: mask(text, [SECRET + "!"]), lambda text: streamed(text, secrets=(SECRET + "!",))],
    ids=["harmless", "mask", "cleaner"],
)
@pytest.mark.parametrize("text", FLOODS.values(), ids=FLOODS)
def test_the_time_grows_with_the_text(clean, text):
    """A read of 64 KiB made for it takes no longer than another: the reader is the user's kernel."""
    began = time.process_time()
    clean(text)
    assert time.process_time() - began < QUICK_SECONDS


def test_discard_forgets_and_counts_bytes():
    """What was held is gone, and counted as the bytes that it was."""
    cleaner = Cleaner(["geheimüü-und-mehr"])
    assert cleaner.feed("a geheimüü") == "a "
    assert cleaner.discard() == len("geheimüü".encode())
    assert cleaner.flush() == ""


def test_flush_lets_out_what_was_held():
    """At the end of the stream a beginning of a secret is only text."""
    cleaner = Cleaner([SECRET])
    assert cleaner.feed("a hunter2") == "a "
    assert cleaner.flush() == "hunter2"
    assert cleaner.flush() == ""


@pytest.mark.parametrize(
    "name",
    [
        *("GITHUB_TOKEN", "my_token_2", "DB_PASSWORD", "passwd", "CLIENT_SECRET", "AWS_SECRET_ACCESS_KEY"),
        *("API_KEY", "apikey", "OPENAIKEY", "KEY_ID", "GOOGLE_CREDENTIALS"),
    ],
)
def test_a_variable_named_like_a_secret_is_one(name):
    """The name says it, in any case."""
    assert secrets_in({name: SECRET}) == (SECRET,)


@pytest.mark.parametrize("name", ["HOME", "MONKEYS", "PATH", "AUTHOR", "PASSWORT"])
def test_any_other_variable_is_none_unless_it_is_named(name):
    """Masking what is no secret would make output unreadable; who knows better says so."""
    assert secrets_in({name: SECRET}) == ()
    assert secrets_in({name: SECRET}, [name]) == (SECRET,)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("AWS_*", True),
        ("*_PROFILE", True),
        ("AWS_PROFIL?", True),
        ("AWS_", False),
        ("*", False),
        ("?*", False),
    ],
)
def test_a_pattern_of_names_names_secrets(pattern, found):
    """What is passed on by a pattern is as secret as by its name; a pattern of everything says nothing."""
    assert bool(secrets_in({"AWS_PROFILE": SECRET}, [pattern])) is found


def test_secrets_are_long_enough_unique_and_longest_first():
    """A short value would mask half of the output; one that begins another comes after it."""
    environment = {
        "A_TOKEN": "1234567",
        "B_TOKEN": "12345678",
        "C_TOKEN": "123456789",
        "D_TOKEN": "12345678",
        "E_TOKEN": "",
    }
    assert secrets_in(environment) == ("123456789", "12345678")


def test_a_secret_of_several_lines_is_known_with_carriage_returns():
    """A terminal writes a newline as two characters."""
    found = secrets_in({"TLS_KEY": PEM})
    assert set(found) >= {PEM, PEM.replace("\n", "\r\n")}
    assert mask(f"a {PEM.replace(chr(10), chr(13) + chr(10))}b", found) == f"a {MASK}b"


@pytest.mark.parametrize(
    ("value", "want"),
    [
        pytest.param(f"say {SECRET}\x1b[6n", f"say {MASK}", id="text"),
        pytest.param((SECRET, 1, None), (MASK, 1, None), id="tuple"),
        pytest.param({SECRET: (SECRET,)}, {MASK: (MASK,)}, id="dict"),
        pytest.param(
            Asked(question="q", text=SECRET, evidence=("a", f"b {SECRET}")),
            Asked(question="q", text=MASK, evidence=("a", f"b {MASK}")),
            id="event",
        ),
        pytest.param(
            Resolved(
                resolution=Resolution(
                    module="m",
                    cls="third-party",
                    decision="ask",
                    candidates=(Candidate(distribution="d", index=f"https://me:{SECRET}@host/"),),
                )
            ),
            Resolved(
                resolution=Resolution(
                    module="m",
                    cls="third-party",
                    decision="ask",
                    candidates=(Candidate(distribution="d", index=f"https://me:{MASK}@host/"),),
                )
            ),
            id="value-within-a-value",
        ),
        pytest.param(
            Displayed(phase="run", mimes={"text/plain": 3}),
            Displayed(phase="run", mimes={"text/plain": 3}),
            id="numbers",
        ),
    ],
)
def test_every_text_within_a_value_is_cleaned(value, want):
    """Titles, questions and reasons hold secrets and escapes as output does."""
    assert cleaned(value, (SECRET,)) == want


@pytest.mark.parametrize(
    "value",
    [
        5,
        1.5,
        None,
        True,
        b"hunter2hunter2",
        Output,
        PhaseFinished(phase="run", verdict=Verdict.PASSED, seconds=1.0),
    ],
)
def test_what_holds_no_text_stays_as_it_is(value):
    """A verdict is a text, too, and stays a verdict."""
    found = cleaned(value, (SECRET, "passed"))
    assert found == value
    assert type(getattr(found, "verdict", Verdict.PASSED)) is Verdict


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param("one line", "one line", id="as-it-is"),
        pytest.param(" a\r\n\n\tb\n", "a b", id="line-ends"),
        pytest.param("\x1b[31ma\x1b[0m\x1b[2Jb", "a b", id="colours-and-erasing"),
        pytest.param("a\x1b]0;title\x07b", "ab", id="title"),
        pytest.param("a\u202eb\u200bc\u2028d", "a b c d", id="direction-and-no-width"),
        pytest.param("a\udc80b", "a b", id="half-a-character"),
        pytest.param("Grüße 🙂 שלום", "Grüße 🙂 שלום", id="ordinary"),
        pytest.param("\n\x1b[0m ", "", id="nothing"),
    ],
)
def test_one_line_is_what_is_seen(text, want):
    """A name or a question in one line: nothing in it moves, hides or turns what stands beside it."""
    assert one_line(text) == want


def old_harmless(text: str) -> str:
    """Return what the first version did: slow, since it asked Python about each colour."""
    drawing = frozenset("mKJABCDEFGHfd")

    def keep(match: re.Match[str]) -> str:
        parameters, final = match.groups()
        private = parameters.startswith(("?", ">", "<", "="))
        if final == "J" and parameters not in ("", "0", "1", "2"):
            return ""
        return match.group() if final in drawing and not private else ""

    string = r"(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])"
    text = re.sub(rf"{string}[^\x07\x18\x1a\x1b\x9c\n]*(?:[\x07\x18\x1a\x9c]|\x1b\\|(?=[\x1b\n]))", "", text)
    text = re.sub(r"(?:\x1b\[|\x9b)([0-?]*)[ -/]*([@-~])", keep, text)
    text = re.sub(r"\x1b(?!\[[0-?]*[mKJABCDEFGHfd])[ -/]*[0-~]?", "", text)
    return re.sub(r"[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f\x80-\x9f]", "", text)


@PROBING
@given(
    st.lists(
        st.sampled_from([*REMOVED.values(), *KEPT.values(), *C1_CSI.values(), "\x1b[?25l", "\x1b8", "\x1b[s"])
        | st.text("aé[m;0\n\t\r\b\x00\x7f\x85", max_size=5)
    )
)
def test_one_pattern_does_what_four_did(parts):
    """Of whole sequences between ordinary text, the fast way removes exactly what the slow one did."""
    text = "".join(f"{part}\n" for part in parts)
    assert harmless(text) == old_harmless(text)


def test_coloured_text_costs_little():
    """A colour is left alone without asking Python; 64 KiB of them took 6 ms."""
    text = "".join(f"\x1b[3{number % 8}mword\x1b[0m\n" for number in range(4_000))
    began = time.process_time()
    for _ in range(10):
        harmless(text)
    assert time.process_time() - began < QUICK_SECONDS / 5


def test_a_wildcard_for_every_variable_names_none():
    """`--env '*'` passes the whole environment on; to mask `PATH` and `HOME` would mask the output."""
    assert secrets_in({"LICENCE_SERVER": SECRET}, ["*", "**", "?*"]) == ()
    assert secrets_in({"LICENCE_SERVER": SECRET}, ["LICENCE_*"]) == (SECRET,)


@pytest.mark.parametrize(
    "name", ["PGPASS", "SSH_PASSPHRASE", "MYSQL_PWD", "HTTP_AUTH", "SENTRY_DSN", "COOKIE"]
)
def test_more_names_of_secrets(name):
    """Passwords, connection strings and cookies have other names, too."""
    assert secrets_in({name: SECRET}) == (SECRET,)


@pytest.mark.parametrize(
    "name", ["PWD", "OLDPWD", "SSH_AUTH_SOCK", "PASSENGER", "GIT_AUTHOR_NAME", "XAUTHORITY"]
)
def test_folders_and_people_are_no_secrets(name):
    """The working directory is not a password."""
    assert secrets_in({name: SECRET}) == ()


@pytest.mark.parametrize("text", ["half a", "an ERROR", "Bear", "Authoriz", "a --", "x --pass", "b"])
def test_a_word_that_is_no_value_is_not_held_back(text):
    """A prompt, or half a line, is seen at once: the name before a secret is none."""
    assert Cleaner([SECRET]).feed(text) == text


def test_a_password_that_holds_an_at_sign_is_masked_whole():
    """Up to the last one before the path."""
    assert mask("https://me:p@ss@host/x@y") == "https://me:***@host/x@y"


HARD = [
    'with"quote-4711',
    "with'both\"-4711",
    "back\\slash-4711",
    "two 4711 lines\n4711 are here",
    "ü-4711-4711",
]
WAYS = [repr, json.dumps, lambda value: json.dumps(value, ensure_ascii=False), str]


@pytest.mark.parametrize("secret", HARD)
@pytest.mark.parametrize("written", WAYS)
def test_a_secret_is_known_as_a_repr_and_json_write_it(secret, written):
    """An assertion shows the `repr` of an environment, and a reporter writes JSON."""
    secrets = secrets_in({"API_TOKEN": secret})
    assert "4711" not in mask(f"environ({{'API_TOKEN': {written(secret)}, 'A': 1}})", secrets)


def test_a_field_that_takes_no_part_in_comparing_is_cleaned_too():
    """What is equal to what it was may still hold another text."""

    @dataclasses.dataclass(frozen=True)
    class Inner:
        text: str

    @dataclasses.dataclass(frozen=True)
    class Outer:
        inner: Inner = dataclasses.field(compare=False)
        more: tuple[Inner, ...] = dataclasses.field(default=(), compare=False)

    @dataclasses.dataclass(frozen=True)
    class Around:
        outer: Outer

    secret = "hunter2-hunter2"
    value = Outer(Inner(f"a {secret}"), (Inner(secret),))
    assert secret not in repr(cleaned((value, {"a": value}, Around(value)), [secret]))
    clean = Outer(Inner("a"), (Inner("b"),))
    assert cleaned(clean, [secret]) is clean


@pytest.mark.parametrize("shown", ["'{}...{}' == 'x'", "…{1} {0}…", "[{0}...", "a...{1}]", "{0}...{0}...{1}"])
def test_a_secret_without_its_middle_is_masked(shown):
    """As pytest shortens a value of an assertion; a word that is alike by chance stays."""
    secret = "abcdefghijklmnopqrstuvwxyz0123456789"
    text = cleaned(shown.format(secret[:13], secret[-14:]), [secret])
    assert "abcdef" not in text
    assert "456789" not in text
    assert cleaned("loading... done.... and 9...", [secret]) == "loading... done.... and 9..."


def test_dots_cost_no_time():
    """A test may print a million of them."""
    text = "." * 1_000_000 + "…" * 1_000 + "a..." * 10_000
    assert cleaned(text, ["secret-secret-" * 50]) == text


def test_each_long_line_of_a_secret_is_one():
    """A key is shown by lines, in a diff; what begins and ends it says nothing."""
    found = secrets_in({"TLS_KEY": "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nab\n-----END KEY-----\n"})
    assert "MIIEvQIBADANBgkq" in found
    assert not {"ab", "-----BEGIN KEY-----"} & set(found)
    assert mask("+ MIIEvQIBADANBgkq\n+ ab", found) == "+ ***\n+ ab"


def test_a_key_of_stripe_is_masked_however_it_is_cut():
    """It is a token by its form alone, and one piece of it says as much."""
    token = "sk" + "_live_" + "a1B2" * 6
    assert mask(f"x {token} y") == "x *** y"
    for cut in range(1, len(token)):
        cleaner = Cleaner()
        shown = cleaner.feed(f"x {token[:cut]}") + cleaner.feed(f"{token[cut:]} y") + cleaner.flush()
        assert shown == "x *** y", cut
