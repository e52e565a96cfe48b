"""What axe-core finds wrong in the panel."""

from __future__ import annotations

from pathlib import Path

from lab import Page
from skips import requires

AXE = Path(__file__).parents[1] / "labextension" / "node_modules" / "axe-core" / "axe.min.js"


def faults(page: Page, selector: str = ".jp-Autoexec") -> list[str]:
    """Return the rules that are broken in a part of the page: rule, impact, element."""
    requires(AXE.exists(), "the front end is not installed", "python tools/panel.py")
    page.page.add_script_tag(path=str(AXE))
    found = page.page.evaluate("async selector => (await axe.run(selector)).violations", selector)
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:200]} {node['failureSummary'][:200]}"
        for rule in found
        for node in rule["nodes"]
    ]
