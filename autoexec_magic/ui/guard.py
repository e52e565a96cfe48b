"""The notebook's own `!`, `%%bash`, `%pip` under the policy: what `%autoexec on` replaces.

Everything that IPython itself offers to start a program passes through four
methods of the shell and a few of its magics. Those are replaced, on this one
shell, and put back as the very objects they were. What is typed goes on to mean
what it meant: `{name}` and `$name` are Python's, `x = !cmd` is a list of lines.

Not guarded is what the kernel's own Python does: `os.system`, `subprocess`, and
whatever a library starts.
"""

from __future__ import annotations

import re
import shlex
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from . import typed
from .hooks import Hook, on_attribute, on_key
from .typed import Terms

NOT_GUARDED = "os.system, subprocess and libraries inside the kernel"
_SYSTEM = ("system", "system_piped", "system_raw")
_CD_ALONE = re.compile(r"\s*cd(\s[^;&|\n]*)?")
_Ours = TypeVar("_Ours")
_CONDA = ("conda", "mamba", "micromamba")


class Guard:
    """The guard of one shell; off until it is `put_on`."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._terms: Terms | None = None
        self._hooks: list[Hook] = []

    @property
    def is_on(self) -> bool:
        """Whether lines are guarded now."""
        return self._terms is not None

    def put_on(self, terms: Terms) -> tuple[str, ...]:
        """Guard, from now on on these terms; return the names of what is guarded."""
        self._terms = terms
        if not self._hooks:
            self._hooks = [*self._on_shell(), *self._on_scripts(), *self._on_packages()]
        return tuple(dict.fromkeys(name for hook in self._hooks for name in hook.name.split()))

    def take_off(self) -> tuple[str, ...]:
        """Put everything back; return the names of what somebody else has replaced since."""
        self._terms = None
        hooks, self._hooks = self._hooks, []
        return tuple(dict.fromkeys(hook.name for hook in reversed(hooks) if not hook.take_back()))

    def _on_shell(self) -> list[Hook]:
        shell = self._shell
        hooks = [on_attribute(shell, name, self._system(getattr(shell, name)), name="!") for name in _SYSTEM]
        ours = self._getoutput(shell.getoutput)
        return [*hooks, on_attribute(shell, "getoutput", ours, name="!! %sx %system")]

    def _on_scripts(self) -> list[Hook]:
        table = self._shell.magics_manager.magics["cell"]
        theirs = self._shell.find_cell_magic("script")  # which also loads it, where that was put off
        magics: Any = getattr(theirs, "__self__", None)
        if not hasattr(magics, "shebang"):
            return []
        ours = self._script(theirs)
        hooks = [on_key(table, "script", ours, name="%%script")]
        # `%%bash` and its like are made by this object, and call its method by name.
        module = type(magics).__module__
        made = [name for name in magics.script_magics if getattr(table.get(name), "__module__", "") == module]
        if made:
            shown = " ".join(f"%%{name}" for name in made)
            hooks.append(on_attribute(magics, "shebang", ours, name=shown))
        return hooks

    def _on_packages(self) -> list[Hook]:
        find, table = self._shell.find_line_magic, self._shell.magics_manager.magics["line"]
        tools = {name: theirs for name in ("pip", "uv") if (theirs := find(name)) is not None}
        hooks = [on_key(table, name, self._tool(it, name), name=f"%{name}") for name, it in tools.items()]
        magics: Any = getattr(find("conda"), "__self__", None)
        if hasattr(magics, "_run_command"):  # which all of them call
            shown = " ".join(f"%{name}" for name in _CONDA if find(name) is not None)
            ours = self._conda(magics._run_command)
            hooks.append(on_attribute(magics, "_run_command", ours, name=shown))
        return hooks

    def _system(self, theirs: Callable[[str], None]) -> Callable[[str], None]:
        def system(cmd: str) -> None:
            """Run a line under the policy, streamed."""
            if self._terms is None:  # somebody who replaced ours still calls it
                theirs(cmd)
                return
            text = self._shell.var_expand(cmd, depth=1)
            if _CD_ALONE.fullmatch(text):
                what = "!cd changes the folder for that line only; %cd changes it for the notebook"
                warnings.warn(what, stacklevel=2)
            typed.line(self._shell, self._terms, text)

        return system

    def _getoutput(self, theirs: Callable[..., Any]) -> Callable[..., Any]:
        def getoutput(cmd: str, split: bool = True, depth: int = 0) -> Any:
            """Run a line under the policy and return what it writes."""
            if self._terms is None:
                return theirs(cmd, split=split, depth=depth + 1)
            from IPython.utils.text import LSString, SList

            expanded = self._shell.var_expand(cmd, depth=depth + 1)
            text = typed.output_of(self._shell, self._terms, expanded)
            return SList(text.splitlines()) if split else LSString(text)

        return getoutput

    def _script(self, theirs: Any) -> Callable[[str, str], None]:
        def script(line: str, cell: str) -> None:
            if self._terms is None:
                theirs(line, cell)
                return
            from IPython.utils.process import arg_split

            options, words = theirs.parser.parse_known_args(arg_split(line, posix=True))
            typed.script(self._shell, self._terms, words, cell, options)

        return _like(theirs, script)

    def _tool(self, theirs: Callable[[str], None], name: str) -> Callable[[str], None]:
        def tool(line: str) -> None:
            if self._terms is None:
                theirs(line)
                return
            # With -P, or a folder of that name in the workspace would run in its place.
            program = f"{shlex.quote(sys.executable)} -P -m {name}"
            typed.install(self._shell, self._terms, name, program, line)

        return _like(theirs, tool)

    def _conda(self, theirs: Callable[[str, str], None]) -> Callable[[str, str], None]:
        def run_command(cmd: str, line: str) -> None:
            if self._terms is None:
                theirs(cmd, line)
                return
            has_input = getattr(self._shell, "kernel", None) is None
            rest = typed.conda_line(line, has_input=has_input)
            typed.install(self._shell, self._terms, Path(cmd).name, cmd, rest)

        return run_command


def _like(theirs: Any, ours: _Ours) -> _Ours:
    """Let others find at ours what they look for at a magic: its help, its options, whose it is."""
    for name in ("__doc__", "__self__", "parser"):
        if hasattr(theirs, name):
            setattr(ours, name, getattr(theirs, name))
    return ours
