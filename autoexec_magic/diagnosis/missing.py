"""Modules and libraries that are not there, by what the installer says they are.

The command that is offered names a module, and nothing else from the message;
the action `install` is offered only where the installer itself would install.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from autoexec_magic.values import Action, Confidence

from .around import Around
from .rows import LONGEST_NAME, Said, Seen

if TYPE_CHECKING:
    from autoexec_magic.values import ModuleClass, Resolution

_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*+(?:\.[A-Za-z_][A-Za-z0-9_]*+)*+", re.ASCII)
_EXTRA = re.compile(
    r"(?:dependency |the |module )['`]([A-Za-z_]\w*)['`]|`Import ([A-Za-z_]\w*)`"
    r"|^([A-Za-z_]\w*) not found|pip3? install ([A-Za-z_]\w*)(?=[\s\[`'.,]|$)",
    re.ASCII,
)
_CORRECT = "correct the module's name in the import"

#: What a module is -> code, the fix where the installer names none, confidence.
CLASSES: MappingProxyType[ModuleClass, tuple[str, str, Confidence]] = MappingProxyType(
    {
        "stdlib": ("stdlib-module-missing", "use a Python that is built with {module}", "likely"),
        "removed": ("module-removed", "use what replaced {module}", "certain"),
        "local": ("module-elsewhere", "run in the folder that has {module}.py", "likely"),
        "drift": ("module-moved", "install the version that has {module}, or use its new place", "likely"),
        "platform": ("module-of-another-platform", "leave that import out here", "certain"),
        "alias": ("module-alias", "import the module by its full name", "certain"),
        "invented": ("module-invented", _CORRECT, "likely"),
        "third-party": ("module-not-found", "%autoexec resolve {module}", "certain"),
        "installed": ("module-installed-since", "run it again; if it still fails, restart", "likely"),
    }
)


def module_not_found(said: Said, seen: Seen, around: Around) -> Said:
    """Explain `No module named 'x'`."""
    message = said.why
    module = message.partition(";")[0].partition("'")[2].rpartition("'")[0]
    is_plain = len(module) <= LONGEST_NAME and bool(_MODULE.fullmatch(module))
    if is_plain and message.endswith("is not a package"):
        parent = module.partition(".")[0]
        fix = f"rename {parent}.py if it is yours (it hides the package), or correct the import"
        return said._replace(fix=fix, confidence="likely")
    if not is_plain:
        return said
    resolution = _ask(around, module)
    return resolved(said, resolution) if resolution else said._replace(fix=f"%autoexec resolve {module}")


def resolved(said: Said, resolution: Resolution) -> Said:
    """Return what follows from what the installer says a module is."""
    code, fix, confidence = CLASSES[resolution.cls]
    action = None
    if resolution.decision == "install":
        action = Action(kind="install", values=(resolution.module,))
    elif resolution.cls == "installed":
        action = Action(kind="restart")
    fix = resolution.fix or fix.replace("{module}", resolution.module)
    return said._replace(
        code=code, fix=fix, confidence=confidence, evidence=resolution.evidence, action=action
    )


def extra(said: Said, seen: Seen, around: Around) -> Said:
    """Explain a library that another one asks for in a sentence of its own."""
    found = _EXTRA.search(said.why)
    module = next(filter(None, found.groups()), "") if found else ""
    if not _MODULE.fullmatch(module) or len(module) > LONGEST_NAME:
        return said
    resolution = _ask(around, module)
    if resolution is None:
        return said._replace(fix=f"%autoexec resolve {module}")
    return resolved(said, resolution)._replace(code=said.code, confidence="likely")


def library(said: Said, seen: Seen, around: Around) -> Said:
    """Explain `libx.so.1: cannot open shared object file: ...`."""
    return said._replace(fix=f"install the system library {said.why.partition(': ')[0]}")


def _ask(around: Around, module: str) -> Resolution | None:
    try:
        return around.resolve(module)
    except Exception:  # noqa: BLE001 - who answers may fail; a diagnosis never does
        return None
