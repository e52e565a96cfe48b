"""What fails when a module is imported."""

from __future__ import annotations

from autoexec_magic.values import Action

from ..missing import extra, library, module_not_found
from ..naming import imported_name, is_of_own_file, is_shadowed, shadowed
from ..rows import Entry, by_message, likely, says, when
from .formats import PICKLE_CLASS

_SHADOWED = says("module-shadowed", "rename the file: it hides Python's own module", tell=shadowed)
_CIRCULAR = when(
    is_shadowed,
    _SHADOWED,
    otherwise=says(
        "circular-import",
        "import inside the function that needs it, or move what both modules need to a third",
    ),
)
_EXTRA = says("optional-dependency-missing", "install what it names", "likely", tell=extra)
LIBRARY = says("shared-library-missing", "install the system library that it names", tell=library)
_BINARY = likely(
    "binary-mismatch",
    "reinstall that package for this Python and NumPy, then restart",
    action=Action(kind="restart"),
)
NO_DISPLAY = likely("no-display", "use a backend without a screen: matplotlib.use('Agg')")

_BROKEN = says("shared-library-broken", "reinstall that package: its library is cut")
_MOVED = likely("module-moved", "import it from where the message says it is now")
_REMOVED = likely("cannot-import-name", "use what the message names instead")
_NOT_INSTALLED = says("not-installed", "install that package, or correct its name")
NO_MODULE = says("module-not-found", "correct the module's name in the import", tell=module_not_found)
ROWS: dict[str, Entry] = {
    "pydantic.errors.PydanticImportError": by_message(("moved", _MOVED), otherwise=_REMOVED),
    "ModuleNotFoundError": NO_MODULE,
    "importlib.metadata.PackageNotFoundError": _NOT_INSTALLED,
    "pkg_resources.DistributionNotFound": _NOT_INSTALLED,
    "pkg_resources.VersionConflict": likely(
        "version-conflict", "install the version that the message asks for"
    ),
    "ImportError": by_message(
        ("circular import", _CIRCULAR),
        ("consider renaming", _SHADOWED),
        (
            "cannot import name",
            when(
                is_of_own_file,
                _SHADOWED,
                otherwise=says("cannot-import-name", "look in dir() of the module", tell=imported_name),
            ),
        ),
        ("cannot open shared object file", LIBRARY),
        ("relative import", says("import-failed", "run it as a module, python -m, or import by full name")),
        ("undefined symbol", _BINARY),
        (
            "not found (required by",  # version `GLIBC_2.34' not found
            says("library-too-old", "install a build of that package for this system's libraries"),
        ),
        ("file too short", _BROKEN),
        ("cannot read file data", _BROKEN),
        ("ELF load command", _BROKEN),
        ("cannot dynamically load", _BROKEN),
        ("wrong ELF class", says("wrong-architecture", "install the build of that package for this machine")),
        ("incompatible architecture", _BINARY),
        ("invalid ELF header", _BINARY),
        ("compiled using NumPy", _BINARY),
        ("compiled against", _BINARY),
        ("numpy.core.multiarray failed to import", _BINARY),
        ("IMPORTANT: PLEASE READ THIS FOR ADVICE", _BINARY),  # NumPy's, whose compiled part cannot be loaded
        ("DLL load failed", _BINARY),
        ("has been moved", _MOVED),
        ("has moved", _MOVED),
        ("was moved", _MOVED),
        ("has been removed", _REMOVED),
        ("Missing optional dependency", _EXTRA),
        ("Unable to find a usable engine", _EXTRA),
        ("` failed.", _EXTRA),  # pandas 3: `Import openpyxl` failed.
        ("not installed", _EXTRA),
        ("please install", _EXTRA),
        ("Please install", _EXTRA),
        ("pip install", _EXTRA),
        ("requires the", NO_DISPLAY),
        ("No module named", NO_MODULE),
        otherwise=likely("import-failed", "import that module alone to see what it misses"),
    ),
}
SAYINGS: dict[str, tuple[tuple[str, Entry], ...]] = {
    "AttributeError": (
        ("circular import", _CIRCULAR),
        ("consider renaming", _SHADOWED),
        ("Can't get attribute", PICKLE_CLASS),
    ),
    "ValueError": (("binary incompatibility", _BINARY),),
    "RuntimeError": (("compiled against", _BINARY),),
    "OSError": (
        ("cannot open shared object file", LIBRARY),
        ("undefined symbol", _BINARY),
        ("file too short", _BROKEN),
        ("cannot read file data", _BROKEN),
    ),
}
