"""Shows in a cell the pictures that a script made; each was looked at before (`scripts.made`)."""

from __future__ import annotations

from typing import Any

from ..orchestrator import Report


def show(shell: Any, value: object) -> None:
    """Show the pictures of a report, if it is one and the shell can show any."""
    if not isinstance(value, Report) or getattr(shell, "kernel", None) is None:
        return
    pictures = [item for item in value.made if item.data]
    if not pictures:
        return
    from IPython.display import display

    for item in pictures:
        data: dict[str, Any] = {
            item.mime: item.data,
            "text/plain": f"{item.name} · {item.width}×{item.height}",
        }
        display(data, metadata={item.mime: {"width": item.width, "height": item.height}}, raw=True)
