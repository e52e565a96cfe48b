"""Where a wheel's files may not land: faults of its folders, whoever says yes.

A wheel has one record of its own (`NAME-VERSION.dist-info`) and at most one
folder of what lands elsewhere (`NAME-VERSION.data`, with five kinds in it);
installers do different things with any other (PEP 427). And some files take
effect without being imported or run: settings of Python, of pip and of conda
in the environment's own folder, the shell's `activate`, bytecode that stands
in for another project's source.

Pure: names in, sentences out.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from .known import normal

KINDS = frozenset({"data", "headers", "platlib", "purelib", "scripts"})
# Read at the start of Python (PEP 405), of pip (its site configuration), of conda and of TLS.
_SETTINGS = frozenset({"pip.conf", "pip.ini", "pyvenv.cfg", "conda-meta", "ssl", "condarc"})
_SHELLS = frozenset({"activate", "deactivate", "conda-hook"})
_KERNEL = "share/jupyter/kernels/python3"  # the kernel that is started where nobody chose one
_KERNEL_OWNER = "ipykernel"
_CACHE = "__pycache__"
MOST_SHOWN = 3


def strays(files: Sequence[str], distribution: str) -> Iterator[str]:
    """Yield what is wrong with the folders beside the modules.

    Parameters
    ----------
    files : sequence of str
        The names in the wheel, as they stand there.
    distribution : str
        Whose wheel it is.
    """
    firsts = {name.partition("/")[0] for name in files}
    infos = sorted(first for first in firsts if first.casefold().endswith(".dist-info"))
    own = [first for first in infos if first.endswith(".dist-info") and _is_of(first, distribution)]
    if len(infos) > 1 or (infos and not own):
        other = next((first for first in infos if first not in own), infos[-1])
        yield f"it has {other}, the record of another distribution"
    stem = own[0].removesuffix(".dist-info") if own else ""
    for name in files:
        first, _, rest = name.partition("/")
        kind, _, inner = rest.partition("/")
        if first.casefold().endswith(".data") and (first != f"{stem}.data" or kind not in KINDS or not inner):
            yield f"it has {name}, which installers put in different places"
            return


def hooks_of_others(names: Sequence[str]) -> list[str]:
    """Return the bytecode in `__pycache__` whose source is not in the wheel: it would stand in for another's.

    Examples
    --------
    >>> hooks_of_others(["six.py", "__pycache__/six.cpython-311.pyc"])
    []
    >>> hooks_of_others(["frob.py", "__pycache__/six.cpython-311.pyc"])
    ['__pycache__/six.cpython-311.pyc']
    """
    there = frozenset(names)
    found = []
    for name in names:
        folder, _, last = name.rpartition("/")
        above, _, cache = folder.rpartition("/")
        if cache.casefold() == _CACHE and last.casefold().endswith(".pyc"):
            source = posixpath.join(above, f"{last.partition('.')[0]}.py")
            if source not in there:
                found.append(name)
    return found[:MOST_SHOWN]


def settings(placed: Sequence[str], distribution: str) -> list[str]:
    """Return the files, of those that land below the environment, that are read as settings.

    Examples
    --------
    >>> settings(["pip.conf", "share/man/frob.1"], "frob")
    ['pip.conf']
    """
    found = []
    for name in placed:
        first = name.partition("/")[0].casefold()
        is_kernel = name.startswith(f"{_KERNEL}/") and normal(distribution) != _KERNEL_OWNER
        if first in _SETTINGS or first.startswith(".") or is_kernel:
            found.append(name)
    return found[:MOST_SHOWN]


def odd_scripts(scripts: Sequence[str]) -> list[str]:
    """Return the programs that are none: in a folder of their own, hidden, or read by a shell.

    Of a path, pip takes the last part for the program's name, and uv the whole.

    Examples
    --------
    >>> odd_scripts(["frob", "sub/python", "activate"])
    ['sub/python', 'activate']
    """
    return [
        name
        for name in scripts
        if "/" in name
        or "\\" in name
        or name.startswith(".")
        or name.casefold().partition(".")[0] in _SHELLS
        or not name.strip()
    ][:MOST_SHOWN]


def _is_of(info: str, distribution: str) -> bool:
    return normal(info.removesuffix(".dist-info").partition("-")[0]) == normal(distribution)
