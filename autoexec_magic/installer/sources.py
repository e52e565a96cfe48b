"""Where packages come from: the user's own settings, read once for proof and install alike.

uv does not read pip's configuration, and pip does not read uv's. A user behind
a private index who configured one of them must not be served by the public
index because the other one was asked. So the first that says anything wins, as
a whole: our own setting, then uv's, then pip's, then the public index.
Credentials stay inside the URLs and reach a child through its environment or
its standard input, never through its command line.

A workspace's own files ([tool.uv], a uv.toml beside the notebook) are not
asked: where packages come from is for the person to say.
"""

from __future__ import annotations

import configparser
import contextlib
import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from ..errors import UsageError

_YES = ("1", "true", "yes", "on")
PUBLIC = "https://pypi.org/simple"
SHORTEST_LOGIN = 4  # shorter ones are in every other word


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """`indexes` in the order they are asked; the last one is the default index.

    Without any, only `find_links` are asked. `keyring` is "subprocess" where
    logins may be asked of the program `keyring`, which asks nobody.
    """

    indexes: tuple[str, ...]
    find_links: tuple[str, ...] = ()
    cert: str = ""
    origin: str = "built-in"
    keyring: str = ""


def sources(index_url: str = "", environment: Mapping[str, str] = os.environ) -> Sources:
    """Return where packages come from.

    Parameters
    ----------
    index_url : str, optional
        Our own setting `index-url`.
    environment : mapping of str to str, optional
        Holds `UV_*` and `PIP_*` variables.

    Returns
    -------
    Sources
        `cert` is pip's, which uv and the finder get as `SSL_CERT_FILE`.

    Raises
    ------
    UsageError
        A file that could name an index cannot be read: the public one is not
        asked in its place.
    """
    if index_url:
        found = Sources(indexes=(index_url,), cert=_cert(environment), origin="index-url")
        return replace(found, keyring=_keyring(environment))
    uv = _uv(environment)
    if uv:
        return replace(uv, cert=_cert(environment), keyring=_keyring(environment))
    pip = _pip(environment)
    keyring = _keyring(environment)
    if pip.indexes or pip.find_links:
        return replace(pip, keyring=keyring)
    return Sources(indexes=(PUBLIC,), cert=pip.cert, keyring=keyring)


def for_uv(found: Sources, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that make uv use `found` and nothing else."""
    variables = {
        "UV_NO_CONFIG": "1",
        "UV_DEFAULT_INDEX": "".join(found.indexes[-1:]),
        "UV_INDEX": " ".join(found.indexes[:-1]),
        "UV_FIND_LINKS": ",".join(found.find_links),
        "UV_PYTHON_DOWNLOADS": "never",
    }
    if found.keyring:
        variables["UV_KEYRING_PROVIDER"] = "subprocess"
    if found.cert and "SSL_CERT_FILE" not in environment:
        variables["SSL_CERT_FILE"] = found.cert
    return {name: value for name, value in variables.items() if value}


def for_pip(found: Sources) -> dict[str, str]:
    """Return the variables that make pip use `found` and nothing else."""
    variables = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "" if found.indexes else "1",
        "PIP_INDEX_URL": "".join(found.indexes[-1:]),
        "PIP_EXTRA_INDEX_URL": " ".join(found.indexes[:-1]),
        "PIP_FIND_LINKS": " ".join(found.find_links),
        "PIP_CERT": found.cert,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_KEYRING_PROVIDER": found.keyring,
    }
    return {name: value for name, value in variables.items() if value}


def without_credentials(url: str) -> str:
    """Return `url` as it may be shown and recorded.

    Examples
    --------
    >>> without_credentials("https://me:secret@host/simple")
    'https://host/simple'
    """
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def logins(found: Sources) -> tuple[str, ...]:
    """Return the users' names and passwords in the addresses, as secrets to mask, longest first."""
    texts: set[str] = set()
    for url in (*found.indexes, *found.find_links):
        try:
            login = urlsplit(url).netloc.rpartition("@")[0]
        except ValueError:
            continue
        user, _, password = login.partition(":")
        # A user without a password is a token; with one, it is a name, and may be any word.
        secret = password or user
        texts |= {secret, unquote(secret)}
    return tuple(sorted((text for text in texts if len(text) >= SHORTEST_LOGIN), key=len, reverse=True))


def _uv(environment: Mapping[str, str]) -> Sources | None:
    """Return uv's sources, or None where it says nothing of them."""
    default = environment.get("UV_DEFAULT_INDEX") or environment.get("UV_INDEX_URL") or ""
    extra = _words(environment.get("UV_INDEX", "")) + _words(environment.get("UV_EXTRA_INDEX_URL", ""))
    links = _words(environment.get("UV_FIND_LINKS", "").replace(",", " "))
    no_index = environment.get("UV_NO_INDEX", "").lower() in _YES
    for path in () if environment.get("UV_NO_CONFIG") else _uv_files(environment):
        file = _uv_file(path)
        default = default or file.default
        extra, links, no_index = extra + file.extra, links + file.links, no_index or file.no_index
    if no_index:
        return Sources(indexes=(), find_links=links, origin="uv")
    if not (default or extra or links):
        return None
    indexes = (*map(_unnamed, extra), _unnamed(default) or PUBLIC)
    return Sources(indexes=indexes, find_links=links, origin="uv")


@dataclass(frozen=True, slots=True)
class _UvFile:
    default: str = ""
    extra: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    no_index: bool = False


def _uv_file(path: Path) -> _UvFile:
    """Return what a uv.toml says, in its own names and in those below [pip]."""
    try:
        values = _toml(path)
        tables = [table for table in values.get("index", []) if not table.get("explicit")]
        default = "".join([table["url"] for table in tables if table.get("default")][:1])
        extra = tuple(table["url"] for table in tables if not table.get("default"))
        links: tuple[str, ...] = ()
        no_index = False
        for part in (values, values.get("pip", {})):
            default = default or part.get("index-url", "")
            extra += tuple(part.get("extra-index-url", ()))
            links += tuple(part.get("find-links", ()))
            no_index = no_index or bool(part.get("no-index"))
    except (AttributeError, KeyError, TypeError) as error:
        # A table in place of a word, or a word in place of a table.
        raise _unreadable(path, f"{type(error).__name__}: {error}") from error
    return _UvFile(default, extra, links, no_index)


def _uv_files(environment: Mapping[str, str]) -> list[Path]:
    home = Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    given = environment.get("UV_CONFIG_FILE")
    return [Path(given)] if given else [home / "uv" / "uv.toml", Path("/etc/uv/uv.toml")]


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError:
        return {}
    except ValueError as error:
        raise _unreadable(path, str(error)) from error


def _unreadable(path: Path, why: str) -> UsageError:
    return UsageError(f"{path} cannot be read", why=" ".join(why.split()), fix="correct that file")


def _unnamed(index: str) -> str:
    """Return the URL of uv's `name=url`."""
    name, equals, url = index.partition("=")
    return url if equals and "/" not in name else index


def _pip_values(environment: Mapping[str, str]) -> dict[str, str]:
    """Read pip's settings: files from the widest to the narrowest, then variables."""
    values: dict[str, str] = {}
    for path in _pip_files(environment):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, "utf-8")
        except (configparser.Error, UnicodeDecodeError) as error:
            # Its words would quote the line, in which a password may stand.
            raise _unreadable(path, type(error).__name__) from error
        for section in ("global", "install"):
            if parser.has_section(section):
                values |= {key.replace("_", "-"): value for key, value in parser.items(section)}
    for key in ("index-url", "extra-index-url", "find-links", "no-index", "cert", "keyring-provider"):
        variable = environment.get(f"PIP_{key.replace('-', '_').upper()}")
        if variable:
            values[key] = variable
    return values


def _pip(environment: Mapping[str, str]) -> Sources:
    values = _pip_values(environment)
    links = _words(values.get("find-links", ""))
    extra = _words(values.get("extra-index-url", ""))
    given = values.get("index-url", "")
    if values.get("no-index", "").lower() in _YES:
        indexes: tuple[str, ...] = ()
    else:
        indexes = (*extra, given or PUBLIC) if extra or given or links else ()
    return Sources(indexes=indexes, find_links=links, cert=values.get("cert", ""), origin="pip")


def _keyring(environment: Mapping[str, str]) -> str:
    """Return "subprocess" where uv's or pip's settings ask for a keyring, else ""."""
    said = [environment.get("UV_KEYRING_PROVIDER", "")]
    for path in () if environment.get("UV_NO_CONFIG") else _uv_files(environment):
        values = _toml(path)
        parts = (values, values.get("pip", {}))
        said += [part.get("keyring-provider", "") for part in parts if isinstance(part, dict)]
    with contextlib.suppress(UsageError):
        said.append(_pip_values(environment).get("keyring-provider", ""))
    return "subprocess" if any(word in ("subprocess", "import") for word in said) else ""


def _cert(environment: Mapping[str, str]) -> str:
    """Return pip's certificate, where its files can be read; its index is not the one that is asked."""
    try:
        return _pip(environment).cert
    except UsageError:
        return ""


def _pip_files(environment: Mapping[str, str]) -> list[Path]:
    given = environment.get("PIP_CONFIG_FILE")
    if given == os.devnull:
        return []
    home = Path.home()
    config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    files = [Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf")]
    files += [home / ".pip" / "pip.conf", config / "pip" / "pip.conf", Path(sys.prefix) / "pip.conf"]
    return [*files, Path(given)] if given else files


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())
