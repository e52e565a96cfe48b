"""Programs of one line in Perl, Ruby, JavaScript and their kin: what only computes and prints may run.

The words of such a program must all be on the language's list, and it must have
none of the signs by which these languages start programs or open files. Who
needs more writes a file, which can be read before it runs.
"""

from __future__ import annotations

import re

from .found import Found

MOST_CHARS = 2_000
_STRING = r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'"""
_WORD = re.compile(r"[^\W\d]\w*")
# A slash is a pattern's only where no value stands before it; it divides otherwise.
_PATTERN = re.compile(
    r"""(?<![\w$@%&])(?P<name>s|y|tr|m)[/|!,\#]
      |(?:^|(?<=[({;,~!&|=]))\s*/|(?:\b(?:if|unless|and|or|not|split|grep|while)\s*\(?\s*)/""",
    re.VERBOSE,
)
_JSON = re.compile(r"""require\(\s*['"](\./[\w./-]+\.json)['"]\s*\)""")
_NUMBERS = re.compile(r"\b\d[\w.]*")

_PERL = frozenset(
    """
    print printf say if unless else elsif and or not my our for foreach while until next last length
    lc uc ucfirst lcfirst split join sort keys values each map grep push pop shift unshift reverse
    substr index rindex sprintf int abs sqrt sin cos exp log hex oct eq ne lt gt le ge cmp x chomp
    chop chr ord scalar defined exists delete tr y s m qw BEGIN END return undef wantarray local
    time localtime _ F a b i n sum max min count h k v c t w l p e g A NR ARGV0 version""".split()  # noqa: SIM905
)
_RUBY = frozenset(
    """
    puts print p pp if unless else elsif end and or not do each map select reject inject reduce sum
    times upto downto step to_s to_i to_f to_a to_sym length size split join sort sort_by reverse
    first last min max upcase downcase capitalize strip chomp gsub sub include start_with end_with
    Time now strftime RUBY_VERSION RUBY_PLATFORM rand nil true false Integer Float String Array Hash
    new zip each_with_index with_index keys values key value count uniq flatten compact abs round
    floor ceil sqrt Math PI range x y i n s a b c k v""".split()  # noqa: SIM905
)
_NODE = frozenset(
    """
    console log error info table JSON stringify parse Math PI floor ceil round random max min sqrt
    pow abs Date now toISOString toString toFixed toUpperCase toLowerCase trim split join map filter
    reduce forEach length push pop slice concat includes indexOf sort reverse keys values entries
    Object Array from isArray Number String Boolean parseInt parseFloat isNaN typeof new let const
    var if else for while of in return true false null undefined process version versions platform
    arch argv exit pid uptime memoryUsage node v8 npm repeat padStart padEnd fill flat replace
    startsWith endsWith BigInt Infinity NaN x y i n s a b c k v e heapUsed rss hrtime cpus totalmem
    freemem hostname tmpdir name dependencies scripts license main""".split()  # noqa: SIM905
)
_BEFORE_ARRAY = ("(", "[", "=", "=>", "...", ":", "?", "+", "&&", "||", ";", ",")
_LUA = frozenset(
    """
    print math floor pi sqrt random max min abs string format rep upper lower len tostring tonumber
    for do end if then else while local return and or not true false nil _VERSION table concat
    insert ipairs pairs i n s x y""".split()  # noqa: SIM905
)
_R = frozenset(
    """
    cat print mean median sd var sum min max length seq rep c list paste paste0 sqrt exp log abs
    round sessionInfo R version string packageVersion rnorm runif sample set seed head tail summary
    TRUE FALSE NULL NA Sys time date format nchar toupper tolower x y n i for in if else library
    function data frame matrix dim nrow ncol names str table sort order rev unique which any all t
    Reduce sapply lapply mtcars iris""".split()  # noqa: SIM905
)
_JULIA = frozenset(
    """
    println print sum prod length maximum minimum sqrt sin cos exp log abs round rand randn collect
    zeros ones range map filter for in end if else elseif VERSION Sys CPU_THREADS string parse Int
    Float64 true false x y n i typeof size mean using Statistics LinearAlgebra Pkg status
    versioninfo add instantiate update precompile""".split()  # noqa: SIM905
)
_PHP = frozenset(
    """
    echo print phpversion PHP_VERSION PHP_OS strlen strtoupper strtolower strrev count array_sum
    range implode explode json_encode json_decode date time rand round floor ceil sqrt pi max min
    abs sprintf printf var_dump print_r true false null if else foreach for as while return trim md5
    sha1 base64_encode i n x s php_uname PHP_EOL number_format""".split()  # noqa: SIM905
)


def perl(text: str, found: Found) -> None:
    """Take a program in Perl."""
    # A pattern or a string can hold code, too: `(?{…})` and `@{[…]}`.
    if re.search(
        r"[`<]|\(\?\??\{|[@$%&]\s*[{\[:]|\bqx?\b|\$[!0;,./\\]|->|::|-[rwxoedfszl]\s+\S|\*\w|=>?\s*sub", text
    ):
        found.doubt("the Perl code could open files or start programs")
    _words(_without_patterns(text, found), _PERL, "Perl", found)


def ruby(text: str, found: Found) -> None:
    """Take a program in Ruby."""
    if re.search(r"`|%[xwWiIqQr]|#\{|#[@$]|<<|\bsend\b|::|&:?\w*method|\$[<*0]", text):
        found.doubt("the Ruby code could start programs")
    _words(text, _RUBY, "Ruby", found)


def node(text: str, found: Found) -> None:
    """Take a program in JavaScript."""
    for path in _JSON.findall(text):
        found.reads.append(path)
    text = _JSON.sub(" x ", re.sub(r"""require\(\s*['"](?:node:)?os['"]\s*\)""", " x ", text))
    if _reaches(text):
        found.doubt("the JavaScript code reaches names that are made as it runs")
    if re.search(r"\bprocess\b(?!\s*\.\s*\w)", text):
        found.doubt("the JavaScript code takes the process as a value")
    _words(text, _NODE, "JavaScript", found)


def _reaches(text: str) -> bool:
    """Whether brackets or quotes could name a property: `x["constructor"]` reaches all that a name could.

    Brackets may hold a number, or be an array: after an operator, an opening
    bracket or a comma that is in no object. Quotes may name what an object
    gets, but not what is taken out of one.
    """
    if re.search(r"`|\\u|\\x|\\\d|\?\.", text):
        return True
    if "[" in text and re.search(r"//|/\*", text):  # what stands before a bracket could be a comment
        return True
    for match in re.finditer(r"\[(?!\s*\d+\s*\])", text):
        before = text[: match.start()].rstrip()
        if before and not before.endswith(_BEFORE_ARRAY if "{" not in text else _BEFORE_ARRAY[:-1]):
            return True
    return re.search(r"""[{,]\s*(?:'[^']*'|"[^"]*")\s*:""", text) is not None and "=" in text


def lua(text: str, found: Found) -> None:
    """Take a program in Lua."""
    _words(text, _LUA, "Lua", found)


def r(text: str, found: Found) -> None:
    """Take a program in R."""
    if re.search(r"`|::|@", text):
        found.doubt("the R code reaches names in other ways")
    _words(text, _R, "R", found)


def julia(text: str, found: Found) -> None:
    """Take a program in Julia."""
    if re.search(r"`|\$|@|\beval\b", text):
        found.doubt("the Julia code could start programs")
    _words(text, _JULIA, "Julia", found)


def php(text: str, found: Found) -> None:
    """Take a program in PHP."""
    if re.search(r"`|\$\w+\s*\(|\$\$|\$\{|\{\$|['\")\]]\s*\(|::|->", text):
        found.doubt("the PHP code could start programs")
    _words(text.replace("$", " "), _PHP, "PHP", found)


def _words(
    text: str,
    known: frozenset[str],
    language: str,
    found: Found,
) -> None:
    """Doubt a program with a word that is not on the list; what stands in plain strings is data."""
    found.code = True
    if len(text) > MOST_CHARS or "\0" in text:
        found.doubt(f"the {language} code is too long to be judged")
        return
    plain = _NUMBERS.sub(" ", re.sub(_STRING, _data, text))
    unknown = next((word for word in _WORD.findall(plain) if word not in known), "")
    if unknown or "\\" in plain:
        found.doubt(
            f"the {language} code has `{unknown or chr(92)}`, which is not on the list of what is harmless"
        )


def _data(match: re.Match[str]) -> str:
    """Return what of a string could still be code: what stands in its braces and after its signs."""
    return " " if not re.search(r"[{$@#`]", match[0]) or match[0][0] == "'" else match[0][1:-1]


def _without_patterns(text: str, found: Found) -> str:
    """Return a Perl program without its patterns, which hold no code where they have no `e`."""
    kept, at = "", 0
    while (match := _PATTERN.search(text, at)) is not None:
        kept, start = kept + text[at : match.end() - 1] + " ", match.end()
        sections = 2 if match["name"] in ("s", "y", "tr") else 1
        for _ in range(sections):
            end = _section(text, start, match[0][-1])
            if end < 0:
                found.doubt("the Perl code has a pattern without an end")
                return ""
            start = end
        flags = re.match(r"[a-z]*", text[start:])
        if flags is not None and "e" in flags[0]:
            found.doubt("the Perl code replaces by what it computes")
        at = start + (flags.end() if flags else 0)
    return kept + text[at:]


def _section(text: str, at: int, sign: str) -> int:
    while at < len(text):
        if text[at] == sign:
            return at + 1
        at += 2 if text[at] == "\\" else 1
    return -1
