"""What the first part of a path in Rust is, before anybody thinks of a registry."""

from __future__ import annotations

from pathlib import Path

from ...values import ModuleClass
from ..own_files import Use
from .project import Project

BUILTIN = frozenset({"std", "core", "alloc", "proc_macro", "test"})
INNER = frozenset({"crate", "self", "super", "Self"})
REMOVED = {
    "rustc_serialize": "serde",
    "collections": "std::collections",
    "rustc": "the component rustc-dev of a nightly toolchain",
}
PLATFORM = {
    "rustc_private": "it exists inside the compiler only",
    "rustc_ast": "it exists inside the compiler only",
    "rustc_driver": "it exists inside the compiler only",
    "rustc_hir": "it exists inside the compiler only",
    "rustc_middle": "it exists inside the compiler only",
    "rustc_span": "it exists inside the compiler only",
}


def classify(use: Use, project: Project) -> tuple[ModuleClass, str]:
    """Return what a name is, and the evidence in a few words."""
    name = use.module.partition("::")[0].removeprefix("r#")
    file = project.root / (use.file or "src/main.rs")
    package = project.package_at(file)
    if name in BUILTIN:
        return "stdlib", "part of Rust"
    if name in INNER:
        return "local", "a path inside of your own crate"
    if name == package.library:
        return "local", "your own package's library"
    if name in package.wants:
        return "installed", f"Cargo.toml has {package.wants[name].get('package', name)}"
    if name in PLATFORM:
        return "platform", PLATFORM[name]
    local = _local(name, file, package.folder)
    if local is not None:
        return "local", f"your own {local}; declare it: mod {name};"
    member = next((each for each in project.packages if each.library == name), None)
    if member is not None:
        return "local", f"a package of this workspace, {member.folder}; cargo add --path {member.folder}"
    if name in REMOVED:
        return "removed", f"no longer there; use {REMOVED[name]}"
    if not is_name(name):
        return "invented", f"{name} can be no crate's name"
    return "third-party", ""


def is_name(name: str) -> bool:
    """Whether a crate's library could be called so (the reference's identifiers, ASCII as cargo wants)."""
    return name.isascii() and name.isidentifier() and len(name) <= 64


def _local(name: str, file: Path, folder: Path) -> Path | None:
    """Return the user's own file that `mod NAME;` would bring in, or None."""
    places = dict.fromkeys((file.parent, file.with_suffix(""), folder / "src"))
    for place in places:
        for path in (place / f"{name}.rs", place / name / "mod.rs"):
            if path.is_file():
                return path
    return None
