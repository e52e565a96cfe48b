"""What an image would keep and show to whoever has it: passwords in a Dockerfile, logins in addresses.

`docker history` and `docker inspect` show each ENV, ARG, LABEL and command. What
is only named there and given later, as `ENV TOKEN=$TOKEN` or `TOKEN_FILE`, is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...errors import BuildError
from ...redact import mask
from . import parsed

#: an address with a login that is no variable; `git@` of ssh is a name that everybody has
_LOGIN = re.compile(
    r"(?i)\b(?!ssh:)(?:[a-z][a-z0-9+.-]*)://(?!git@)(?!\$\{?\w+\}?(?::\$\{?\w+\}?)?@)[^/\s@'\"]+@"
)
_HARMLESS = re.compile(
    r"(?i)(?:_(?:FILE|PATH|DIR|NAME|ID|URL|HEADER|TTL|TYPE|ALGORITHM)|\AGPG_KEYS?|PUBLIC_KEY|PUBLISHABLE_KEY)\Z"
)
#: what people write where a value has to be and none is meant: `SECRET_KEY=dummy manage.py collectstatic`
_PLACEHOLDER = re.compile(
    r"""(?ix) \A (?: x+ | \.+ | \*+ | none | null | todo | unset | unused | ignored? | test(?:ing)?
    | build (?:[-_ ]?(?:time|only))? | secret | password
    | (?: dummy | fake | placeholder | change[-_ ]?(?:me|it) | example | (?:django-)?insecure
    | not[-_ ]?(?:a[-_ ]?)?(?:real[-_ ]?)?secret ) (?:[-_ ]\w+)* ) \Z"""
)
_VALUE = r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|(?:[^\s\\]|\\.)+"
_PAIR = re.compile(rf"(\"[^\"]+\"|'[^']+'|[^\s=\"']+)=({_VALUE})")
_RUN_FLAGS = re.compile(r"\A(?:--(?:mount|network|security)=\S+\s+)+")
_SHELL_VALUE = r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|(?:[^\s\\;&|()<>\"']|\\.)+"
_ASSIGNED = re.compile(rf"(?:\A|(?<=[\s;&|(\"'`]))([A-Za-z_]\w*)=({_SHELL_VALUE})")
#: with a space only what always has a value: `--disabled-password app` has none
_OPTION = re.compile(
    rf"(?<!\S)--(?:([A-Za-z][\w-]*)=|(password|passwd|passphrase|token|api-?key|secret)\s+(?!-))({_SHELL_VALUE})"
)


def login_in(text: str) -> str:
    """Return the address with a login in a text, without the login, or "".

    Examples
    --------
    >>> login_in("--extra-index-url https://me:hunter2@index.example/simple")
    'https://***@index.example/simple'
    >>> login_in("https://${NAME}:${TOKEN}@index.example and git+ssh://git@h.example/x")
    ''
    """
    found = _LOGIN.search(text)
    if found is None:
        return ""
    rest = re.match(r"[^\s'\"]*", text[found.end() :])
    return f"{found[0].partition('://')[0]}://***@{rest[0] if rest else ''}"


def refuse(dockerfile: str, name: str) -> None:
    """Refuse a Dockerfile whose image would keep a password.

    Raises
    ------
    BuildError
        It has one: the line and the name are said, and not what it is.
    """
    for number, line, is_syntax in parsed.instructions(dockerfile):
        if is_syntax:
            continue
        word, _, rest = line.partition(" ")
        if what := next(_found(word.upper(), rest.strip()), ""):
            raise BuildError(
                f"line {number} of the Dockerfile would put {what} into the image {name}",
                why=f"whoever has the image reads its {word.upper()}",
                fix="give it to what runs when it is started, or to a RUN by --mount=type=secret",
            )


def _found(word: str, rest: str) -> Iterator[str]:
    while word == "ONBUILD":  # what it says is done by whatever is built on the image, and kept in both
        word, _, rest = rest.partition(" ")
        word, rest = word.upper(), rest.strip()
    if login := login_in(rest):
        yield f"the login of {login}"
    if word in ("ENV", "ARG", "LABEL"):
        pairs = _PAIR.findall(rest)
        if word == "ENV" and not re.match(r"[^\s=]+=", rest):  # the old form: one name, and all that follows
            pairs = [(rest.partition(" ")[0], rest.partition(" ")[2].strip())]
        yield from (f"the value of {name}" for name, value in pairs if is_secret(name.strip("\"'"), value))
    elif word in ("CMD", "ENTRYPOINT", "HEALTHCHECK"):
        words = _words(rest)
        if mask(words) != words and "$" not in words:
            yield "a password in its command"
    elif word == "RUN":
        words = _words(_RUN_FLAGS.sub("", rest))
        said = [(each[1], each[2]) for each in _ASSIGNED.finditer(words)]
        said += [(each[1] or each[2], each[3]) for each in _OPTION.finditer(words)]
        yield from (
            f"the value of {name}" for name, value in said if _is_literal(value) and is_secret(name, value)
        )


def _words(rest: str) -> str:
    """Return a command as one text, also where it is written as a list."""
    return " ".join(re.findall(r"\"((?:[^\"\\]|\\.)*)\"", rest)) if rest.startswith("[") else rest


def _is_literal(value: str) -> bool:
    """Whether a shell takes a value as it stands: nothing in it is a variable or another command's."""
    return value.startswith("'") or not re.search(r"[$`]", value)


def is_secret(name: str, value: str) -> bool:
    """Whether the value of a variable or a label is a secret, by its name or by its own form.

    Examples
    --------
    >>> is_secret("db.password", "hunter2"), is_secret("TOKEN", "$TOKEN"), is_secret("TOKEN_FILE", "/run/x")
    (True, False, False)
    >>> [is_secret("SECRET_KEY", each) for each in ("dummy", "change-me", "not-a-secret", "dummy9k")]
    [False, False, False, True]
    """
    bare = value.strip().strip("\"'").strip()
    if not bare or bare.startswith("$") or _PLACEHOLDER.match(bare):
        return False
    if mask(bare) != bare and "$" not in bare:
        return True
    short = re.sub(r"[^A-Za-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)).upper().strip("_")
    line = f"{short}={bare.split()[0]}"
    return not _HARMLESS.search(short) and not bare.startswith("/") and mask(line) != line
