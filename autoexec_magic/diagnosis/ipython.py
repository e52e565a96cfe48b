"""What in a cell is IPython's own, written as the Python that IPython makes of it.

`%magic`, `!command` and `name?` become calls of `get_ipython`, in the form that
IPython gives them, and every statement stays on its line. This is for sources
that nobody has transformed, such as those of a notebook's file; it is pure and
knows no more of IPython than its syntax. Also here: which magics run Python in
the notebook's own names, and which bind none.
"""

from __future__ import annotations

import re
import textwrap

#: Cell magics whose body is Python that runs in the kernel.
#: https://ipython.readthedocs.io/en/stable/interactive/magics.html#cell-magics
PYTHON_MAGICS = frozenset(
    (
        *("time", "timeit", "capture", "prun", "memit", "mprun", "lprun", "scalene", "debug", "heat"),
        *("snakeviz", "pyinstrument"),
    )
)
#: Cell magics whose body binds no name of the notebook.
APART = frozenset(
    (
        *("!", "HTML", "R", "SVG", "autoexec", "bash", "cmd", "file", "html", "javascript", "js"),
        *("latex", "markdown", "perl", "pypy", "python", "python2", "python3", "ruby", "script", "sh"),
        *("sql", "svg", "sx", "system", "writefile"),
    )
)
#: Line magics that bind no name of the notebook.
BINDS_NOTHING = frozenset(
    (
        *("alias", "alias_magic", "autoawait", "autocall", "autoexec", "automagic", "autoreload"),
        *("bookmark", "cat", "cd", "clear", "colors", "conda", "config", "connect_info", "cp", "debug"),
        *("dhist", "dirs", "ed", "edit", "env", "gui", "hist", "history", "killbgscripts", "less", "ll"),
        *("load_ext", "logoff", "logon", "ls", "lsmagic", "magic", "mamba", "man", "matplotlib"),
        *("micromamba", "mkdir", "more", "mv", "notebook", "page", "pastebin", "pdb", "pdef", "pdoc"),
        *("pfile", "pinfo", "pinfo2", "pip", "popd", "pprint", "precision", "psearch", "psource"),
        *("pushd", "pwd", "pycat", "qtconsole", "quickref", "rehashx", "reload_ext", "rep", "rm"),
        *("rmdir", "set_env", "sx", "system", "tb", "tensorboard", "timeit", "unalias", "unload_ext"),
        *("uv", "who", "who_ls", "whos", "writefile", "xmode"),
    )
)


_CELL_MAGIC = re.compile(r"\s*%%(\S+)[ \t]*([^\n]*)(?:\n|\Z)")
_LINE_MAGIC = re.compile(r"([ \t]*)%(\w+)[ \t]*(.*)")
_COMMAND = re.compile(r"([ \t]*)!{1,2}(.*)")
_ASSIGNED = re.compile(r"([ \t]*[\w.,()\[\]'\" \t]+=[ \t]*)(?:%(\w+)[ \t]*(.*)|!(.*))")
_ASKED = re.compile(r"([ \t]*)(?:\?{1,2}[ \t]*[\w.*%]+|%{0,2}[\w.*]+[ \t]*\?{1,2})[ \t]*;?")
_PROMPT = re.compile(r"(?:>>>|\.\.\.)(?: |$)")


def as_python(source: str) -> str:
    r"""Return a cell's source with what is IPython's own as calls of `get_ipython`.

    Examples
    --------
    >>> print(as_python("%matplotlib inline\nfiles = !ls\ndf?"))
    get_ipython().run_line_magic('matplotlib', 'inline')
    files = get_ipython().getoutput('ls')
    pass
    >>> as_python("%%time\nx = 1")
    "get_ipython().run_cell_magic('time', '', 'x = 1')"
    """
    match = _CELL_MAGIC.match(source)
    if match is not None:
        name, line, body = match[1], match[2].strip(), source[match.end() :]
        return f"get_ipython().run_cell_magic({name!r}, {line!r}, {body!r})"
    lines = textwrap.dedent(source).split("\n")
    if _PROMPT.match(next((line for line in lines if line.strip()), "")):
        lines = [line[4:] if _PROMPT.match(line) else line for line in lines]
    return "\n".join(_of_line(line) if _may_be_ours(line) else line for line in lines)


def _may_be_ours(line: str) -> bool:
    return "%" in line or "!" in line or "?" in line


def _of_line(line: str) -> str:
    if match := _LINE_MAGIC.fullmatch(line):
        return f"{match[1]}get_ipython().run_line_magic({match[2]!r}, {match[3].strip()!r})"
    if match := _COMMAND.fullmatch(line):
        return f"{match[1]}get_ipython().system({match[2]!r})"
    if match := _ASSIGNED.fullmatch(line):
        if match[2]:
            return f"{match[1]}get_ipython().run_line_magic({match[2]!r}, {match[3].strip()!r})"
        return f"{match[1]}get_ipython().getoutput({match[4]!r})"
    if match := _ASKED.fullmatch(line):
        return f"{match[1]}pass"
    return line
