"""What a tool quotes of another one's failure: the words of the root, as that one wrote them."""

from __future__ import annotations

import re

#: What stands in a line that quotes, and in no other.
MARKS = ("FAILED! => {", "UNREACHABLE! => {")
_FIELD = re.compile(r'"(stderr|module_stderr|msg|stdout|module_stdout)": "((?:[^"\\]|\\.){1,1500})')
_ORDER = ("stderr", "module_stderr", "msg", "stdout", "module_stdout")
_ESCAPES = {"n": "\n", "t": "\t", "r": "", '"': '"', "\\": "\\", "/": "/"}
_ESCAPE = re.compile(r"\\(.)")


def quoted_failures(line: str) -> list[str]:
    """Return what a line of Ansible's quotes of the command that failed, the likeliest root first.

    >>> quoted_failures('fatal: [a]: FAILED! => {"msg": "non-zero return code", "stderr": "x: not found"}')
    ['x: not found', 'non-zero return code']
    """
    _, found, data = line.partition("! => {")
    if not found:
        return []
    fields: dict[str, str] = {}
    for match in _FIELD.finditer(data):
        fields.setdefault(match[1], match[2])
    return [_ESCAPE.sub(_unescaped, fields[name]) for name in _ORDER if name in fields]


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[1], match[1])
