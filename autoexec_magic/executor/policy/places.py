"""Words that name files, addresses and other machines."""

from __future__ import annotations

import re
from urllib.parse import unquote

from .found import Found

_SCHEME = re.compile(
    r"([A-Za-z][\w+.-]*):(?=//|:)|(file|data|javascript|dict|gopher|ldap|ext):", re.ASCII | re.IGNORECASE
)


_HOST_PATH = re.compile(r"(?:[^/:@\s]+@)?\[?[^/\s\[\]]*\]?:(?!//)")


def read(word: str, found: Found) -> None:
    """Take a path to read; `-` is the standard input."""
    if word != "-":
        found.reads.append(word)


def chdir(word: str, found: Found) -> None:
    """Take the folder in which the inner command runs."""
    found.cwd = word
    found.reads.append(word)


def tree(word: str, found: Found) -> None:
    """Take a folder that is read with all that is below it."""
    found.trees.append(word)


def write(word: str, found: Found) -> None:
    """Take a path to write, to make or to remove; `-` is the standard output."""
    if word != "-":
        found.writes.append(word)


def change(word: str, found: Found) -> None:
    """Take a path to read and to write."""
    if word != "-":
        found.changes.append(word)


def archive(word: str, found: Found) -> None:
    """Take an archive to read or to write; `host:file` is on another machine."""
    if _HOST_PATH.match(word):
        place(word, found)
    else:
        change(word, found)


def member(word: str, found: Found) -> None:
    """Take what is unpacked of an archive by its name; hidden folders hold what runs later, and settings."""
    if any(part[:1] == "." and part != "." for part in word.split("/")):
        found.doubt(f"it unpacks {word}, which is hidden, or is elsewhere")
    if word.startswith("@"):
        found.doubt(f"{word} holds further arguments")
    found.writes.append(word.lstrip("/") or ".")


def awk_file(word: str, found: Found) -> None:
    """Take a file for awk, or `name=value`; the names of connections are no files."""
    if word.startswith("/inet"):
        found.doubt(f"{word} is a connection to another machine")
    read(word, found)


def joined(word: str, found: Found) -> None:
    """Take paths to read with colons between them."""
    found.reads += [path for path in word.split(":") if path]
    found.runs += [path.removesuffix("/*") for path in word.split(":") if path]


def url(word: str, found: Found) -> None:
    """Take an address; a bare host is one too."""
    scheme = _SCHEME.match(word)
    name = ((scheme[1] or scheme[2]) if scheme else "http").lower()
    if name == "file":
        found.reads.append(re.sub(r"file:(?://[^/]*)?", "", word, flags=re.IGNORECASE))
    else:
        found.urls.append(word)
    if name not in ("http", "https"):
        found.doubt(f"the address {word} is not http or https")


def download(word: str, found: Found) -> None:
    """Take an address of which the last part becomes the name of a file here."""
    url(word, found)
    path = re.sub(r"[?#].*", "", re.sub(r"^[A-Za-z][\w+.-]*:/*|^//", "", word))
    name = path.rpartition("/")[2] if "/" in path else ""
    found.writes += dict.fromkeys(part for part in (name, unquote(name)) if part)


def mirror(word: str, found: Found) -> None:
    """Take an address of which all parts become folders here."""
    download(word, found)
    path = re.sub(r"^[A-Za-z][\w+.-]*:/*|^//", "", unquote(word)).partition("/")[2]
    if any(part.startswith(".") for part in path.split("/")):
        found.doubt(f"it makes hidden folders or files, as {word} says")


def source(word: str, found: Found) -> None:
    """Take an address or a path to read."""
    if "::" in word:
        found.doubt(f"{word} names a helper program", answer="refuse")
    elif _SCHEME.match(word):
        url(word, found) if word.lower().startswith(("http", "file")) else _remote(word, found)
    elif _HOST_PATH.match(word):
        _remote(word, found)
    else:
        read(word, found)


def origin(word: str, found: Found) -> None:
    """Take a remote of the repository by name, or an address."""
    if "/" in word or ":" in word:
        source(word, found)


def _remote(word: str, found: Found) -> None:
    found.urls.append(word)
    if not word.startswith(("git@", "ssh://git@", "git://")):
        found.doubt(f"{word} is on another machine")


def place(word: str, found: Found) -> None:
    """Take a path here, or `host:path` on another machine, which is a question."""
    if "::" in word or _HOST_PATH.match(word) or "://" in word:
        found.urls.append(word)
        found.doubt(f"{word} is on another machine")
    else:
        read(word, found)


def target(word: str, found: Found) -> None:
    """Take a path to write, or `host:path` on another machine, which is a question."""
    if "::" in word or _HOST_PATH.match(word) or "://" in word:
        place(word, found)
    else:
        write(word, found)


def cloud(word: str, found: Found) -> None:
    """Take a path to read, or an address in a cloud's own store."""
    (found.urls if "://" in word else found.reads).append(word)


def down(word: str, found: Found) -> None:
    """Take where a copy goes: a path to write; to a cloud's store it is a question."""
    if "://" in word:
        found.urls.append(word)
        found.doubt(f"it uploads to {word}")
    else:
        write(word, found)


def media(word: str, found: Found) -> None:
    """Take a picture or film to read: a path, or http(s); other protocols are a question."""
    if word.lower().startswith(("http://", "https://")):
        url(word, found)
    elif re.fullmatch(
        r"(?:xc|canvas|gradient|radial-gradient|plasma|rose|logo|null|pattern):[\w#%,().-]*", word
    ):
        return
    elif word.lower().endswith((".m3u8", ".m3u", ".ffconcat", ".sdp", ".mpd", ".mvg", ".msl")):
        read(word, found)
        found.doubt(f"{word} names further files")
    elif word.startswith(("|", "@")) or re.match(r"[A-Za-z][\w,+-]*:", word):
        found.doubt(f"{word} is no plain file")
    else:
        read(word, found)


def output(word: str, found: Found) -> None:
    """Take a path to write where `|command` or `format:…` would mean something else."""
    if word.startswith(("|", "!", "@")) or ":" in word:
        found.doubt(f"{word} is no plain file")
    write(word, found)


def film(word: str, found: Found) -> None:
    """Take a picture or film to write; other protocols are questions."""
    if ":" in word or "|" in word:
        found.doubt(f"{word} is no plain file")
    write(word, found)


def operand(word: str, found: Found) -> None:
    """Take a file to read, or `@file`, which holds further arguments that nobody has seen."""
    if word.startswith("@"):
        read(word[1:], found)
        found.doubt(f"{word} holds further arguments")
    else:
        read(word, found)


def lines(word: str, found: Found) -> None:
    """Take a file for a pager; `+command` is a question."""
    if word.startswith("+"):
        found.doubt(f"{word} is a command of the pager")
    else:
        read(word, found)


def cookie(word: str, found: Found) -> None:
    """Take curl's cookie: `name=value`, or else a file that is sent."""
    if "=" not in word and word:
        read(word, found)
        found.doubt(f"it sends the cookies in {word}")


def header(word: str, found: Found) -> None:
    """Take a header to send, or `@file` that holds some."""
    if word.startswith("@"):
        data(word, found)


def data(word: str, found: Found) -> None:
    """Take what is sent: text, or `@file`, which uploads a file."""
    name, at, path = word.partition("@")
    if at and (not name or name.endswith("=") or re.fullmatch(r"[\w.-]+", name)):
        read(path, found)
        found.doubt(f"it uploads {path}")


def format_out(word: str, found: Found) -> None:
    """Take curl's format; it can be read from, and written to, a file."""
    if word.startswith("@") or "%output" in word:
        found.doubt(f"the format {word} reads or writes a file")


def http_item(word: str, found: Found) -> None:
    """Take httpie's words: a method, an address, `name=value`; `@file` uploads."""
    if "@" in word:
        found.doubt(f"{word} can upload a file")
    elif not re.fullmatch(r"[A-Z]+", word) and "=" not in word:
        url(word, found)


def http_download(word: str, found: Found) -> None:
    """Take httpie's words where it writes what it fetches, under the name at the address's end."""
    known = len(found.urls)
    http_item(word, found)
    if len(found.urls) > known:
        del found.urls[known:]
        download(word, found)


def lookup(word: str, found: Found) -> None:
    """Take a name, a type or a `+switch` for a name server; other servers are questions."""
    if word.startswith("-") or "@" in word or not re.fullmatch(r"[\w.:+=/-]+", word):
        found.doubt(f"the rule does not know {word} here")


def tex(word: str, found: Found) -> None:
    """Take a TeX file; a word with a backslash is TeX code."""
    if "\\" in word or word.startswith("&"):
        found.doubt("it runs TeX code from the command line")
    else:
        read(word, found)
