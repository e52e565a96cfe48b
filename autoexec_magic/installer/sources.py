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
import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

PUBLIC = "https://pypi.org/simple"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """`indexes` in the order they are asked; the last one is the default index.

    Without any, only `find_links` are asked.
    """

    indexes: tuple[str, ...]
    find_links: tuple[str, ...] = ()
    cert: str = ""
    origin: str = "built-in"


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
    """
    pip = _pip(environment)
    if index_url:
        return Sources(indexes=(index_url,), cert=pip.cert, origin="index-url")
    uv = _uv(environment)
    if uv.indexes or uv.find_links:
        return Sources(indexes=uv.indexes or (PUBLIC,), find_links=uv.find_links, cert=pip.cert, origin="uv")
    if pip.indexes or pip.find_links:
        return pip
    return Sources(indexes=(PUBLIC,), cert=pip.cert)


def for_uv(found: Sources, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that make uv use `found` and nothing else."""
    variables = {
        "UV_NO_CONFIG": "1",
        "UV_NO_INDEX": "" if found.indexes else "1",
        "UV_DEFAULT_INDEX": "".join(found.indexes[-1:]),
        "UV_INDEX": " ".join(found.indexes[:-1]),
        "UV_FIND_LINKS": ",".join(found.find_links),
        "UV_PYTHON_DOWNLOADS": "never",
    }
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


def _uv(environment: Mapping[str, str]) -> Sources:
    default = environment.get("UV_DEFAULT_INDEX") or environment.get("UV_INDEX_URL") or ""
    extra = _words(environment.get("UV_INDEX", "")) + _words(environment.get("UV_EXTRA_INDEX_URL", ""))
    links = _words(environment.get("UV_FIND_LINKS", "").replace(",", " "))
    for path in () if environment.get("UV_NO_CONFIG") else _uv_files(environment):
        values = _toml(path)
        for table in values.get("index", []):
            if table.get("default"):
                default = default or table["url"]
            else:
                extra += (table["url"],)
        default = default or values.get("index-url", "")
        extra += tuple(values.get("extra-index-url", ()))
        links += tuple(values.get("find-links", ()))
    extra = tuple(_unnamed(url) for url in extra)
    indexes = (*extra, _unnamed(default) or PUBLIC) if default or extra else ()
    return Sources(indexes=indexes, find_links=links)


def _uv_files(environment: Mapping[str, str]) -> list[Path]:
    home = Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    given = environment.get("UV_CONFIG_FILE")
    return [Path(given)] if given else [home / "uv" / "uv.toml", Path("/etc/uv/uv.toml")]


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def _unnamed(index: str) -> str:
    """Return the URL of uv's `name=url`."""
    name, equals, url = index.partition("=")
    return url if equals and "/" not in name else index


def _pip(environment: Mapping[str, str]) -> Sources:
    """Read pip's settings: files from the widest to the narrowest, then variables."""
    values: dict[str, str] = {}
    for path in _pip_files(environment):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, "utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                values |= dict(parser.items(section))
    for key in ("index-url", "extra-index-url", "find-links", "no-index", "cert"):
        variable = environment.get(f"PIP_{key.replace('-', '_').upper()}")
        if variable:
            values[key] = variable
    links = _words(values.get("find-links", ""))
    extra = _words(values.get("extra-index-url", ""))
    given = values.get("index-url", "")
    if values.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        indexes: tuple[str, ...] = ()
    else:
        indexes = (*extra, given or PUBLIC) if extra or given or links else ()
    return Sources(indexes=indexes, find_links=links, cert=values.get("cert", ""), origin="pip")


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
