"""Words that are no paths, but can still make a program do something else."""

from __future__ import annotations

import re

from .found import Found
from .places import change, read, write
from .secrets import is_secret

_GIT_KEYS_PLAIN = re.compile(
    r"""user\.(?:name|email)
      | (?:color|pull|fetch|rebase|advice|log|status|branch|column|i18n|pack|gc|index|tag|rerere)\..+
      | (?:feature|blame)\..+
      | core\.(?:autocrlf|eol|quotepath|longpaths|filemode|ignorecase|abbrev|safecrlf|compression|preloadindex
        |precomposeunicode|bare|symlinks|untrackedcache)
      | push\.(?:default|autosetupremote|followtags) | init\.defaultbranch | format\.pretty
      | merge\.(?:conflictstyle|ff|log|renames) | commit\.(?:verbose|cleanup) | clone\.defaultremotename
      | diff\.(?:algorithm|renames|renamelimit|colormoved|context|mnemonicprefix|noprefix|wserrorhighlight)
      | http\.(?:postbuffer|lowspeedlimit|lowspeedtime|version)""",
    re.VERBOSE | re.IGNORECASE,
)
_GIT_KEY_BAD = re.compile(
    r"rebase\.(?:instructionformat)?exec|branch\..*\.(?:push)?remote|fetch\.bundleuri|.*(?:cmd|command|program|helper|recenthook|hook)$",
    re.IGNORECASE,
)


_PS_FIELDS = frozenset(
    """
    pid ppid pgid sid user euser ruser uid group comm cmd args command etime etimes time stime start
    start_time lstart rss vsz size pcpu pmem %cpu %mem stat state nice ni pri tty tname nlwp psr wchan
    """.split()  # noqa: SIM905 - a list to read
)
_MOUNTS_HOST = re.compile(
    r"/(?:etc|root|home|var|usr|bin|sbin|lib|lib64|boot|proc|sys|dev|run|opt|srv)?/*", re.ASCII
)


def text(word: str, found: Found) -> None:
    """Take a word that reaches nothing; an address that starts a helper is none, wherever it stands."""
    if word.startswith(("ext::", "fd::")):
        found.doubt(f"{word} names a helper program", answer="refuse")


def plain(word: str, found: Found) -> None:
    """Take a word that must not look like an option or a command to anybody."""
    if not re.fullmatch(r"[\w@%+:,./=*~^-]*", word) or word.startswith("-"):
        found.doubt(f"{word!r} is no plain word")


def git_key(word: str, found: Found) -> None:
    """Take a key of git's settings, `=value` or not; many name programs that git starts."""
    key = word.partition("=")[0]
    if not _GIT_KEYS_PLAIN.fullmatch(key) or _GIT_KEY_BAD.fullmatch(key):
        found.doubt(f"git's setting {key} can start programs or redirect what it does")


def mount(word: str, found: Found) -> None:
    """Take `HOST:CONTAINER[:…]` or docker's `type=bind,source=HOST,…`."""
    fields = dict(part.partition("=")[::2] for part in word.split(","))
    host = fields.get("source") or fields.get("src") or word.partition(":")[0]
    if (
        _MOUNTS_HOST.fullmatch(host)
        or "docker.sock" in host
        or host.startswith(("/etc", "/proc", "/sys", "/dev"))
    ):
        found.doubt(f"it gives the container the machine's {host}", answer="refuse")
    elif host.startswith(("/", ".", "~")):
        change(host, found)


def mode(word: str, found: Found) -> None:
    """Take a file mode; one that lends the owner's rights is refused."""
    octal = re.fullmatch(r"[0-7]*?([0-7])[0-7]{3}", word)
    if (octal and int(octal[1]) & 6) or re.search(r"[+=][rwxXugo]*s", word):
        found.doubt("it sets setuid or setgid: the file would run with its owner's rights", answer="refuse")
    elif not re.fullmatch(r"[0-7]{1,5}|(?:[ugoa]*(?:[-+=][rwxXugot]*)+,?)+", word) or word == "-":
        found.doubt(f"{word} is no mode")


def modal(word: str, found: Found) -> None:
    """Take chmod's path where an option was the mode already; another mode may still follow."""
    if re.search(r"[+=][rwxXugo]*s|^[0-7]*[2-7][0-7]{3}$", word):
        mode(word, found)
    found.writes.append(word)


def pid(word: str, found: Found) -> None:
    """Take a process to signal; all of them, or the first, is refused."""
    if word.lstrip("+-0") in ("", "1"):
        found.doubt("it signals every process, or the first", answer="refuse")
    else:
        found.doubt(f"it ends {word}, and nobody knows whose process that is")


def pair(word: str, found: Found) -> None:
    """Take dd's `key=value`."""
    key, is_pair, value = word.partition("=")
    if key == "if":
        read(value, found)
    elif key == "of":
        write(value, found)
    elif not is_pair or key not in (
        "bs",
        "cbs",
        "conv",
        "count",
        "ibs",
        "iflag",
        "obs",
        "oflag",
        "seek",
        "skip",
        "status",
    ):
        found.doubt(f"the rule does not know {word}")


def built_in(word: str, found: Found) -> None:
    """Take a built-in output format; a path would be code to load."""
    if not re.fullmatch(r"[\w+-]+", word):
        found.doubt(f"{word} is loaded as code")


def flag(word: str, found: Found) -> None:
    """Take a switch of the Java machine; some name a command to run or a file to write."""
    if re.search(r"(?i)\bon\w*error|command|file|path|=.*/", word):
        found.doubt(f"the switch {word} can run a command or write a file")


def java_property(word: str, found: Found) -> None:
    """Take a property of a Java program; some choose code for the machine itself."""
    if word.startswith(("java.", "javax.", "jdk.", "sun.")) and not word.startswith(
        ("java.awt.headless", "java.io.tmpdir")
    ):
        found.doubt(f"the property {word} belongs to the Java machine")


def ldflags(word: str, found: Found) -> None:
    """Take flags for Go's linker or compiler; some choose programs."""
    if re.search(r"ext|tool|plugin|@|-o\b", word):
        found.doubt(f"{word} can choose a program")


def cmake_set(word: str, found: Found) -> None:
    """Take `NAME=value` for CMake; names of programs are questions."""
    name = word.partition("=")[0].partition(":")[0].upper()
    if re.search(
        r"COMPILER|LAUNCHER|LINKER|TOOLCHAIN|PROGRAM|COMMAND|EXECUTABLE|PROJECT_.*INCLUDE|MODULE_PATH|EMULATOR|_AR$",
        name,
    ):
        found.doubt(f"{name} chooses a program or code that CMake runs")


def goal(word: str, found: Found) -> None:
    """Take what a build tool is to reach; publishing is a question."""
    if re.search(r"(?i)deploy|publish|release|upload", word):
        found.doubt(f"{word} publishes what is built")
    plain(word, found)


def resource(word: str, found: Found) -> None:
    """Take a kind of thing in a cluster, or a name; secrets are questions."""
    if re.search(r"(?i)(?:^|[,/])secrets?(?:$|[,./])", word):
        found.doubt("it shows secrets")


def filters(word: str, found: Found) -> None:
    """Take a graph of filters; some read or write files."""
    if re.search(
        r"movie|subtitles|ass=|file|sendcmd|zmq|lut3d|curves=.*psfile|ladspa|frei0r|metadata|drawtext.*text\s*file",
        word,
    ):
        found.doubt(f"the filter {word} reaches files or code")


def define(word: str, found: Found) -> None:
    """Take ImageMagick's `format:key=value`; delegates are programs."""
    if re.search(r"(?i)delegate|registry|policy|command|file|path", word):
        found.doubt(f"the setting {word} can start a program")


def engine(word: str, found: Found) -> None:
    """Take a program that makes PDF; only the known ones, by name."""
    if word not in (
        "pdflatex",
        "xelatex",
        "lualatex",
        "tectonic",
        "latexmk",
        "wkhtmltopdf",
        "weasyprint",
        "typst",
    ):
        found.doubt(f"{word} is started as a program")


def suffix(word: str, found: Found) -> None:
    """Take the ending of the names of new files; with a slash it would be another folder."""
    if "/" in word or "*" in word:
        found.doubt(f"the new files go to another place: {word}")


def splitter(word: str, found: Found) -> None:
    """Take what splits lines into fields: one plain sign or class; all else is compiled as code."""
    one = r"(?:[\w,:;|=@%#!~. -]|\\[stwdSWD|.])\+?"
    if not re.fullmatch(rf"|{one}|/{one}/|\t", word):
        found.doubt(f"the pattern {word} could be code")


def database(word: str, found: Found) -> None:
    """Take the file of a database; an address of one says more than which file."""
    if re.match(r"[\w+-]+:", word):
        found.doubt(f"{word} is an address, which can name any file and how it is opened")
    change(word, found)


def blob(word: str, found: Found) -> None:
    """Take something in git's history; a file there that holds secrets still does."""
    _, colon, path = word.partition(":")
    if colon and is_secret("/" + path, frozenset()):
        found.doubt(f"{word} holds secrets", answer="refuse")
    read(word, found)


def npm_key(word: str, found: Found) -> None:
    """Take a key of npm's settings; some are tokens."""
    if word.startswith("//") or re.search(r"(?i)auth|password|token|secret|key", word):
        found.doubt(f"npm's setting {word} is a secret")


def view(word: str, found: Found) -> None:
    """Take a form of output; some are read from a file."""
    if "file=" in word:
        found.doubt(f"the form {word} is read from a file")


def clock(word: str, found: Found) -> None:
    """Take date's format; without a plus it would set the clock."""
    if not word.startswith("+"):
        found.doubt("it sets the clock")


def bind(word: str, found: Found) -> None:
    """Take the address a server listens at; only this machine may reach it unasked."""
    if word not in ("127.0.0.1", "localhost", "::1"):
        found.doubt(f"it offers what it serves to the network, at {word}")


def shown(word: str, found: Found) -> None:
    """Take a form of output of a container engine; the environment of a container holds secrets."""
    if re.search(r"(?i)env|json\s*\.\s*}}|\.config\s*}}|^\s*(?:json|yaml)|{{\s*\.\s*}}", word):
        found.doubt("it shows the environment of a container")


def ps_word(word: str, found: Found) -> None:
    """Take ps's options without a dash; `e` shows the environment of other processes."""
    fields = [part.partition("=")[0].partition(":")[0] for part in word.split(",")]
    is_format = len(fields) > 1 and set(fields) <= _PS_FIELDS  # what `o` is given as a word of its own
    if re.match(r"[^oOUptkq,]*e", word) and not is_format:
        found.doubt("it shows the environment of other processes")
    plain(word, found)


def plugin(word: str, found: Found) -> None:
    """Take a plugin of pytest; one is loaded, `no:NAME` leaves one out."""
    if not word.startswith("no:"):
        found.doubt(f"it loads the plugin {word}")


def keyed(word: str, found: Found) -> None:
    """Take `name=value`; a value that is an address would be fetched and loaded."""
    if "://" in word:
        found.doubt(f"{word} is not here")
    plain(word, found)


def local(word: str, found: Found) -> None:
    """Take where the work is done: on this machine."""
    if not re.fullmatch(r"local(?:\[[\d*]+\])?", word):
        found.doubt(f"{word} is another machine's")


def warning(word: str, found: Found) -> None:
    """Take a filter for Python's warnings; a category with a dot in its name is imported."""
    if not re.fullmatch(r"[a-z]*(?::[^:]*(?::\w*)?)?", word):
        found.doubt(f"the filter {word} loads the code of its category")


def interpreter(word: str, found: Found) -> None:
    """Take a Python by its version or its name; one by its path is another program."""
    if not re.fullmatch(r"[\w.@<>=,+-]+", word):
        found.doubt(f"{word} is started in the place of this Python")
