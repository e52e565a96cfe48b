"""A button below a diagnosis that carries its fix out.

It is a display of its own: a saved notebook has the card, which says the
command, whole. The button is there until it was used, or until the next cell
runs; what the fix says appears below it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def offer(command: str, on_fix: Callable[[], None], *, label: str = "Run it") -> None:
    """Show a button whose tooltip is the command, and call `on_fix` once it is clicked.

    Parameters
    ----------
    command : str
        What the button does, as it is typed; one line.
    on_fix : callable
        Does it; what it writes, shows or raises is shown below the button.
    label : str, optional
        What the button says.
    """
    import ipywidgets
    from IPython import get_ipython
    from IPython.display import display

    button = ipywidgets.Button(description=label, tooltip=command, layout={"width": "auto"})
    output = ipywidgets.Output()
    box = ipywidgets.VBox([button, output])
    bundle = box._repr_mimebundle_()
    data: dict[str, Any] = bundle[0] if isinstance(bundle, tuple) else bundle
    shell: Any = get_ipython()
    handle: Any = display({**data, "text/plain": ""}, raw=True, display_id=True)

    def withdraw(*_: object) -> None:
        shell.events.unregister("pre_run_cell", withdraw)
        if not button.disabled:  # one that was used leaves what it said
            handle.update({"text/plain": ""}, raw=True)
            for part in (button.layout, button.style, button, output.layout, output, box.layout, box):
                part.close()

    def run(_: object) -> None:
        button.disabled = True
        button.description = "Running…"
        with output:
            on_fix()
        button.description = "Was run"

    button.on_click(run)
    shell.events.register("pre_run_cell", withdraw)
