"""Which requirement could not be had, and what to do: read from what uv says when it finds no solution.

Its sentences name all that it tried. A person needs the one requirement, why it
is not to be had, and the next thing to type.
"""

from __future__ import annotations

import re

_WHY = "source is not built here: its code would run before anybody looked at it"
_MOST = 400  #: characters of a reason in uv's own words
_NO_WHEEL = re.compile(
    r"([\w.\[\]-]+)(==\S+)? has no (?:usable )?wheels?|Wheels are required for `([\w.-]+)`"
)
_SOURCE = re.compile(r"(?:Failed to (?:download and )?build|Building source distributions? for) `([^`]+)`")
_UNKNOWN = re.compile(
    r"([\w.\[\]-]+) was not found in (?:the package registry|the provided package locations)"
)
_VERSION = re.compile(
    r"(?:only ([\w.\[\]-]+?)(?:[<>=!~]\S+)? is available"
    r"|there (?:is|are) no versions? of ([\w.-]+?)(?:[<>=!~]\S+)?)(?: and| matching|,)"
)
_LEAD = re.compile(
    r"\A(?:error: )?No solution found when resolving dependencies:?\s*(?:cause: )?(?:Because )?"
)
_TAIL = re.compile(
    r",? we can conclude that your requirements are unsatisfiable\.?.*\Z|\bhint: .*\Z", re.DOTALL
)


def unmet(said: str) -> tuple[str, str]:
    """Return why requirements are not to be had, and the next thing to type.

    Parameters
    ----------
    said : str
        What uv wrote, its signs for people taken off, in one line.

    Returns
    -------
    (str, str)
        The reason, at most some hundred characters, and the fix; it is "" where
        the words are none of those that are known.

    Examples
    --------
    >>> why, fix = unmet("Because pear==1.0 has no usable wheels and you require pear==1.0, we can …")
    >>> why
    'pear==1.0 has no wheel; source is not built here: its code would run before anybody looked at it'
    """
    if found := _NO_WHEEL.search(said):
        name, exact = found[1] or found[3], found[2] or ""
        return (
            f"{name}{exact} has no wheel; {_WHY}",
            f"name a version of {name} that has one; or `pip wheel --no-deps {name}{exact} -w FOLDER`,"
            " and UV_FIND_LINKS=FOLDER",
        )
    if found := _SOURCE.search(said):
        name = re.split(r"[\s@=<>!~\[]", found[1])[0]
        return (
            f"{found[1]} is source; {_WHY}",
            f"require {name} as a version that has a wheel",
        )
    words = _TAIL.sub("", _LEAD.sub("", said)).strip().rstrip(",")
    if found := _UNKNOWN.search(said):
        why = f"no index that is asked has {found[1]}"
        return why, f"correct the name {found[1]}; or set index-url (`%autoexec config` shows it)"
    if found := _VERSION.search(said):
        return words[:_MOST], f"ask for a version of {found[1] or found[2]} that there is"
    return words[:_MOST], "change one of these requirements" if _LEAD.match(said) else ""
