"""What a one-line program for awk, sed or a database would do besides reading its input.

These are recognisers, not interpreters: what they cannot follow counts as a
doubt, so a trick costs a question and not a file.
"""

from __future__ import annotations

import re

from .found import Found

_AWK = re.compile(
    r"""(?P<space>[ \t\r\n]+ | \\\n | \#[^\n]*)
      | (?P<string>"(?:\\.|[^"\\])*")
      | (?P<word>[A-Za-z_]\w*)
      | (?P<number>\d[\w.]*)
      | (?P<mark>\|\| | \|& | \+\+ | -- | >> | >= | .)""",
    re.VERBOSE | re.DOTALL,
)
_AWK_REGEX = re.compile(r"/(?:\\.|\[\^?\]?[^\]\n]*\]|[^/\\\n\[])*/")
_AWK_STARTS_PROGRAMS = {
    "system": "the awk program runs a command",
    "getline": "the awk program reads a file or a command",
    "ARGV": "the awk program chooses the files it reads",
    "ARGC": "the awk program chooses the files it reads",
    "@": "the awk program loads or calls what cannot be seen",
    "|": "the awk program writes to a command",
    "|&": "the awk program talks to a command",
}
_SED_PLAIN = frozenset("=dDgGhHlLnNpPqQxzF")
_SED_ADDRESS = re.compile(r"[\s;{}!,]+|\d+|\$|[+~]\d+|(?:(?<=[/\w])[IM])")
_SED_TEXT = re.compile(r"(?:\\.|[^\n\\])*", re.DOTALL)
_SED_REST = re.compile(r"[^\n]*")
_SED_LABEL = re.compile(r"[^\n;}]*")
_SQL_LEAVES = re.compile(
    r"""\\(?!d|(?:l|x|q|z|h|timing|conninfo|pset)(?:\b|\+))[a-z!]\S*
      | \bprogram\b | ^\s*(?:system|source)\b | ^\s*\.(?!(?:tables|schema|mode|headers?|dump|databases
        |ind[a-z]+|width|nullvalue|timer|stats|separator|show|help|quit|exit|fullschema|echo|eqp|columns?|maxrows)\b)\w+
      | \b(?:load_extension|writefile|readfile|fsdir|lsdir|zipfile|virtual)\b
      | \b(?:\w+_store_directory|edit|fts3_tokenizer|load_file)\b
      | \b(?:lo_import|lo_export|pg_read|pg_ls|dblink)\w*
      | \b(?:attach|load|install|copy|(?:out|dump)file|export\s+database)\b | \bvacuum\b[\s\S]*\binto\b""",
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
_MOST_SQL = 10_000
_SQL_PATH = re.compile(r"""['"]((?:/|~|\.\.)[^'"]*|[^'"]*/\.\./[^'"]*)['"]""")


def awk(program: str, found: Found) -> None:
    """Look for what leaves the input: commands, pipes, other files."""
    found.code = True
    printing = depth = at = 0
    before = ""
    while at < len(program):
        regex = _AWK_REGEX.match(program, at) if program[at] == "/" and not _is_operand(before) else None
        if regex is None and program[at] == "/" and not _is_operand(before):
            found.doubt("the awk program has an open regular expression")
            return
        token = regex or _AWK.match(program, at)
        assert token is not None  # `mark` matches any character
        text, at = token[0], token.end()
        if regex is None and token.lastgroup == "space":
            printing = 0 if "\n" in text and "\\" not in text else printing
            continue
        if regex is not None and "system" in text:
            found.doubt("the awk program names `system`")
        if regex is None:
            depth += (text in "([") - (text in ")]")
            if text in ("print", "printf"):
                printing, depth = 1, 0
            elif text in (";", "}"):
                printing = 0
            elif text in (">", ">>") and printing and depth == 0:
                _awk_output(program[at:], found)
            elif text == "|" and printing and _awk_command(program[at:], found):
                continue
            _awk_doubts(text, found)
        before = "/" if regex is not None else text


def _awk_doubts(text: str, found: Found) -> None:
    if text in _AWK_STARTS_PROGRAMS:
        found.doubt(_AWK_STARTS_PROGRAMS[text])
    elif text == '"':
        found.doubt("the awk program has an open string")


def _awk_command(rest: str, found: Found) -> bool:
    """Note the command that `print … |` feeds, if it is written down in plain words."""
    literal = re.match(r'\s*"([\w ,.=/+-]+)"\s*(?=[;}\n]|$)', rest)
    if literal is not None:
        found.commands.append(tuple(literal[1].split()))
    return literal is not None


def _awk_output(rest: str, found: Found) -> None:
    """Note the file that `print … >` writes, if it is written down and nothing is joined to it."""
    literal = re.match(r'\s*"([^"\\]*)"\s*(?=[;}\n]|$)', rest)
    if literal is None:
        found.doubt("the awk program writes to a file whose name is made up as it runs")
    elif literal[1] not in ("/dev/stdout", "/dev/stderr", "-"):
        found.writes.append(literal[1])
        if literal[1].startswith("/inet"):
            found.doubt("the awk program opens a connection")


def _is_operand(token: str) -> bool:
    """Whether a `/` after `token` divides; otherwise it begins a regular expression."""
    if token in ("print", "printf", "return", ""):
        return False
    return token[-1].isalnum() or token[-1] in '_")]$/' or token in ("++", "--")


def sed(script: str, found: Found) -> None:
    """Look for sed's `e`, `w`, `W`, `r`, `R` and the flags `e` and `w` of `s`."""
    at = 0
    while at < len(script):
        if (skipped := _SED_ADDRESS.match(script, at)) is not None:
            at = skipped.end()
        elif script[at] == "/" or (script[at] == "\\" and at + 1 < len(script)):
            start = at + (script[at] == "\\")
            at = _section(script, start + 1, script[start])
            if at < 0:
                found.doubt("the sed script has an address without an end")
                return
        else:
            at = _sed_command(script, at, found)
            if at < 0:
                found.doubt("the sed script cannot be followed")
                return


def _sed_command(script: str, at: int, found: Found) -> int:
    """Read the command at `at`; return where the next begins, -1 if it cannot be read."""
    command, at = script[at], at + 1
    if command in _SED_PLAIN:
        return at
    if command in "sy":
        return _sed_substitution(script, at, found) if command == "s" else _two_sections(script, at)
    if command in "aic":
        return _end(_SED_TEXT, script, at)
    if command in ":btT":
        return _end(_SED_LABEL, script, at)
    if command == "#":
        return _end(_SED_REST, script, at)
    if command in "rRwW":
        end = _end(_SED_REST, script, at)
        _sed_file(command, script[at:end].strip(), found)
        return end
    if command == "e":
        found.doubt("the sed script runs a command (`e`)")
        return _end(_SED_REST, script, at)
    return -1


def _sed_substitution(script: str, at: int, found: Found) -> int:
    at = _two_sections(script, at)
    while 0 <= at < len(script) and (script[at].isdigit() or script[at] in "gpiIemMw"):
        if script[at] == "e":
            found.doubt("the sed script runs a command (`s///e`)")
        if script[at] == "w":
            end = _end(_SED_REST, script, at)
            _sed_file("w", script[at + 1 : end].strip(), found)
            return end
        at += 1
    return at


def _sed_file(command: str, path: str, found: Found) -> None:
    if not path:
        found.doubt(f"the sed script has a `{command}` without a file")
    elif path not in ("/dev/stdout", "/dev/stderr", "/dev/stdin"):
        (found.writes if command in "wW" else found.reads).append(path)


def _two_sections(script: str, at: int) -> int:
    if at >= len(script) or script[at] in "\n\\":
        return -1
    middle = _section(script, at + 1, script[at])
    return -1 if middle < 0 else _section(script, middle, script[at])


def _section(script: str, at: int, delimiter: str) -> int:
    """Return the place after the next `delimiter` that no backslash protects, or -1."""
    while at < len(script):
        if script[at] == "\\":
            at += 2
        elif script[at] == delimiter:
            return at + 1
        else:
            at += 1
    return -1


def _end(pattern: re.Pattern[str], script: str, at: int) -> int:
    match = pattern.match(script, at)
    return match.end() if match is not None else len(script)


def sql(text: str, found: Found) -> None:
    """Look for statements and client commands that reach files or programs."""
    found.code = True
    if len(text) > _MOST_SQL:
        found.doubt("the statement is too long to be judged")
        return
    # A comment parts words as a space does; but what looks like one may stand in a string.
    joined = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
    if (leaving := _SQL_LEAVES.search(text) or _SQL_LEAVES.search(joined)) is not None:
        found.doubt(f"the statement has `{leaving[0].strip()}`, which can reach files or programs")


def select(text: str, found: Found) -> None:
    """Take one statement that only asks; another could change what is asked about."""
    sql(text, found)
    if not re.match(r"(?i)\s*(?:select|with)\b", text) or re.search(
        r"(?i);\s*\S|\b(?:insert|update|delete|merge|drop|create|alter|export|into|call|execute|grant)\b",
        text,
    ):
        found.doubt("the statement does more than ask")


def duck(text: str, found: Found) -> None:
    """Look at DuckDB's statements, in which a quoted path is a table."""
    sql(text, found)
    found.reads += _SQL_PATH.findall(text)


def jq(program: str, found: Found) -> None:
    """Look for jq's modules; all else works on the input."""
    if re.search(r"\b(?:import|include)\b", program):
        found.doubt("the jq program loads modules")
    if re.search(r"\benv\b|\$ENV|\binput_filename\b", program):
        found.doubt("the jq program reads the environment")
