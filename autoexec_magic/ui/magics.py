"""`%autoexec` and `%%autoexec`: parse, call, show. Nothing else."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

from . import completion, notebook, verbs
from .cell import Cells
from .executed import Executed
from .switch import Switch

_LOADED = "_autoexec_magic_loaded"


@magics_class
class AutoexecMagics(Magics):  # type: ignore[misc]
    """The magics of autoexec_magic; `switch` is what `on` and `off` turn."""

    switch: Switch

    @no_var_expand
    @line_cell_magic
    def autoexec(self, line: str, cell: str | None = None) -> object:
        """Run a verb; `%autoexec` alone lists them."""
        return notebook.run(self.shell, self.switch, line, cell)


AutoexecMagics.autoexec.__doc__ = f"Run a verb; a cell without one runs, healed.\n\n{verbs.usage()}\n"


def load(shell: Any) -> None:
    """Register the magics, the cells' hooks and the completion; once a shell."""
    if getattr(shell, _LOADED, None):
        return
    executed = Executed(shell)
    cells = Cells(shell)
    magics = AutoexecMagics(shell)
    magics.switch = Switch(shell, cells)
    shell.register_magics(magics)
    executed.load()  # before the cells' hooks, which ask it
    cells.load()
    completer = completion.register(shell)
    setattr(shell, _LOADED, (magics.switch, cells, completer, executed))


def unload(shell: Any) -> None:
    """Take everything out again."""
    loaded = getattr(shell, _LOADED, None)
    if not loaded:
        return
    switch, cells, completer, executed = loaded
    switch.off()
    cells.unload()
    executed.unload()
    completion.unregister(shell, completer)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("autoexec", None)
    setattr(shell, _LOADED, None)
