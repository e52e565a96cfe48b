"""What Poetry says when it cannot solve, install or read a project."""

from __future__ import annotations

from ..spots import Family, Saying, Seen, Spot, known, seen

_LOCK = "poetry lock, then commit poetry.lock"
_ROWS: tuple[Saying, ...] = (
    ("supported Python range", "python-unsupported", "narrow requires-python to what all packages allow, or take older versions"),
    ("is not allowed by the project", "python-unsupported", "use a Python that the project allows (poetry env use), or widen requires-python"),
    ("could not find a pyproject.toml", "manifest-not-found", "go into the project's folder, or make one: poetry init"),
    ("changed significantly since poetry.lock", "lockfile-outdated", _LOCK),
    ("poetry.lock not found", "lockfile-missing", _LOCK),
    ("The Poetry configuration is invalid", "invalid-manifest", "correct what it names of pyproject.toml"),
    ("Invalid TOML file", "invalid-manifest", "correct the TOML at that place"),
    ("No file/folder found for package", "file-not-found", "make the package's folder, or set package-mode = false"),
    ("The requested command ", "unknown-command", "poetry list shows the commands"),
    ("Group(s) not found", "invalid-argument", "correct the group's name, as pyproject.toml has it"),
    ("Could not find a matching version of package", "package-not-found", "correct the package's name and version"),
    ("The following packages were not found", "not-installed", "poetry show lists them; correct the name"),
    ("Command not found: ", "command-not-found", "install what has that command (poetry install), or correct its name"),
)  # fmt: skip
_SPEAKS = ("The current project's supp", "Current Python version (", "Poetry could not find", "pyproject.toml changed", "Error: poetry.lock", "The Poetry configuration", "Invalid TOML file ", "Error: The current project could not", "The requested command ", "Group(s) not found", "Could not find a matching version", "The following packages were not found: ", "Command not found: ")  # fmt: skip


def read(spot: Spot) -> Seen | None:
    """Explain a line of Poetry's."""
    line = spot.line.strip()
    if line.startswith(_SPEAKS):
        below = next((each.line.strip(" -") for each in spot.below(2) if each.line.startswith("  - ")), "")
        found = known(spot, _ROWS, line, exits=(1,))
        why = f"{line} {below}" if below else line
        return seen(spot, found.code, why, found.fix, exits=(1,)) if found else None
    if not line.endswith("version solving failed."):
        return None
    if "requires Python " in line:
        fix = "narrow requires-python to what that package allows, or take an older version of it"
        return seen(spot, "python-unsupported", line, fix, exits=(1,))
    if "doesn't match any versions" in line and " and " not in line:
        fix = "correct the name and the version: no index has one that fits"
        return seen(spot, "version-not-found", line, fix, exits=(1,), confidence="likely")
    fix = "loosen one of the two requirements, or take another version of what asks for it"
    return seen(spot, "version-conflict", line, fix, exits=(1,), confidence="likely")


FAMILIES: tuple[Family, ...] = (((*_SPEAKS, "version solving failed"), read),)
