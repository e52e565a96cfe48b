"""Why C, C++ or Java did not compile or link: gcc, clang, ld, lld, and javac.

The first error of a run is the cause of many that follow it. A header or a
library that is missing is looked up in a table of ours: no name out of the
text becomes a package.
"""

from __future__ import annotations

from .packaged import header_fix, library_fix
from .spots import Family, Saying, Seen, Spot, known, seen

_DECLARE = "declare it first, include the header that does, or correct the spelling"
_C: tuple[Saying, ...] = (
    ("fatal error: Killed signal terminated", "killed", "look whether memory ran out (dmesg): then build with fewer jobs at once (make -j1)"),
    ("was not declared in this scope", "name-not-declared", _DECLARE),
    ("undeclared here", "name-not-declared", _DECLARE),
    ("undeclared (first use", "name-not-declared", _DECLARE),
    ("use of undeclared identifier", "name-not-declared", _DECLARE),
    ("implicit declaration of function", "implicit-declaration", "include the header that declares it, or correct the spelling"),
    ("call to undeclared function", "implicit-declaration", "include the header that declares it, or correct the spelling"),
    ("unknown type name", "type-not-declared", "include the header that declares it, or correct the spelling"),
    ("does not name a type", "type-not-declared", "include the header that declares it, or correct the spelling"),
    ("has no member named", "no-such-member", "correct the member's name: look at the declaration of the type"),
    ("no member named", "no-such-member", "correct the member's name: look at the declaration of the type"),
    ("is not a member of", "no-such-member", "include the header that declares it, or correct the spelling"),
    ("request for member", "no-such-member", "look at what it is: that type has no members"),
    ("too few arguments", "wrong-arguments", "pass what the declaration takes"),
    ("too many arguments", "wrong-arguments", "pass what the declaration takes"),
    ("no matching function for call", "wrong-arguments", "pass what one of the candidates below takes"),
    ("invalid conversion from", "type-mismatch", "convert it, or change the type of one side"),
    ("cannot convert", "type-mismatch", "convert it, or change the type of one side"),
    ("cannot initialize a", "type-mismatch", "convert it, or change the type of one side"),
    ("incompatible types", "type-mismatch", "convert it, or change the type of one side"),
    ("incompatible pointer", "type-mismatch", "convert it, or change the type of one side"),
    ("incompatible integer", "type-mismatch", "convert it, or change the type of one side"),
    ("makes integer from pointer", "type-mismatch", "convert it, or change the type of one side"),
    ("makes pointer from integer", "type-mismatch", "convert it, or change the type of one side"),
    ("no match for ‘operator", "wrong-operator", "define that operator for the type, or convert one side"),
    ("invalid operands to binary", "wrong-operator", "convert one side"),
    ("storage size of", "type-incomplete", "include the header that defines the type"),
    ("incomplete type", "type-incomplete", "include the header that defines the type"),
    ("ambiguating new declaration", "declared-twice", "make both declarations the same"),
    ("redeclaration of", "declared-twice", "take one of them out"),
    ("duplicate case value", "declared-twice", "take one of the cases out"),
    ("private within this context", "private-item", "use a public member of the class"),
    ("protected within this context", "private-item", "use a public member of the class"),
    ("is a private member of", "private-item", "use a public member of the class"),
    ("is a protected member of", "private-item", "use a public member of the class"),
    ("abstract type", "abstract-class", "write the missing functions in a class that derives from it"),
    ("abstract class", "abstract-class", "write the missing functions in a class that derives from it"),
    ("assignment of read-only", "assign-to-constant", "take the const away, or another variable"),
    ("cannot assign to variable", "assign-to-constant", "take the const away, or another variable"),
    ("lvalue required", "not-assignable", "put a variable there"),
    ("expression is not assignable", "not-assignable", "put a variable there"),
    ("discards qualifiers", "type-mismatch", "convert it, or change the type of one side"),
    ("cannot bind", "type-mismatch", "convert it, or take it by const reference"),
    ("void value not ignored", "type-mismatch", "the function gives no value: give it one, or do not use it"),
    ("called object", "not-callable", "look at what it is: it is no function"),
    ("cannot be used as a function", "not-callable", "look at what it is: it is no function"),
    ("neither array nor pointer", "not-subscriptable", "look at what it is: it has no items"),
    ("for array subscript", "not-subscriptable", "look at what it is: it has no items"),
    ("has not been declared", "name-not-declared", _DECLARE),
    ("used but not defined", "name-not-declared", _DECLARE),
    ("cannot call member function", "static-context", "make it static, or call it on an object"),
    ("return-statement with no value", "return-missing", "return a value there"),
    ("conflicting types for", "declared-twice", "make both declarations the same"),
    ("redefinition of", "declared-twice", "take one definition out, or guard the header (#pragma once)"),
    ("redeclared as", "declared-twice", "make both declarations the same"),
    ("#error", "compile-error", "do what the message asks for: somebody wrote it"),
    ("static assertion failed", "static-assertion-failed", "look at why that does not hold here"),
    ("static_assert failed", "static-assertion-failed", "look at why that does not hold here"),
    ("static assertion", "static-assertion-failed", "look at why that does not hold here"),
    ("unrecognized command-line option", "unknown-option", "correct the option, or use a compiler that knows it"),
    ("unrecognized command line option", "unknown-option", "correct the option, or use a compiler that knows it"),
    ("unknown argument:", "unknown-option", "correct the option, or use a compiler that knows it"),
    ("unsupported option", "unknown-option", "correct the option, or use a compiler that knows it"),
    ("bad value (", "unknown-option", "correct the option's value"),
    ("cannot execute ‘cc1", "compiler-not-found", "install the compiler of that language (Debian: g++ for C++)"),
    ("cannot execute 'cc1", "compiler-not-found", "install the compiler of that language (Debian: g++ for C++)"),
    ("cannot execute ‘as’", "compiler-not-found", "install the assembler (Debian: binutils)"),
    ("Killed signal terminated program", "killed", "look whether memory ran out (dmesg): then build with fewer jobs at once (make -j1)"),
    ("No space left on device", "disk-full", "free some space on that disk"),
    ("[-Werror", "warning-as-error", "correct what the warning says, or take -Werror out"),
    ("expected", "syntax", "correct that line, or the end of the line before it"),
    ("stray ‘", "syntax", "take the odd character out of that line"),
    ("missing terminating", "syntax", "close the quote that the line opens"),
    ("unterminated", "syntax", "close what is open"),
    ("extraneous closing", "syntax", "take one bracket out"),
    ("undefined reference to", "undefined-reference", ""),
)  # fmt: skip
_JAVA: tuple[Saying, ...] = (
    ("cannot find symbol", "name-not-declared", "declare it, import it, or correct the spelling"),
    ("does not exist", "package-not-found", "add the jar that has it to the class path (-cp), or correct the import"),
    ("incompatible types", "type-mismatch", "convert it, or change the type of one side"),
    ("is not abstract and does not override", "abstract-class", "write the methods that it names"),
    ("is abstract; cannot be instantiated", "abstract-class", "make one of a class that derives from it"),
    ("cannot assign a value to final variable", "assign-to-constant", "take the final away, or another variable"),
    ("duplicate class", "declared-twice", "rename one"),
    ("';' expected", "syntax", "put a semicolon at the end of that line"),
    (" expected", "syntax", "correct that line, or the end of the line before it"),
    ("reached end of file while parsing", "syntax", "close the bracket that is open"),
    ("illegal start of", "syntax", "correct that line, or the end of the line before it"),
    ("unclosed string literal", "syntax", "close the quote that the line opens"),
    ("not a statement", "syntax", "correct that line"),
    ("missing return statement", "return-missing", "return a value at the end of the method"),
    ("might not have been initialized", "used-before-assigned", "give it a value first"),
    ("unreported exception", "exception-not-handled", "catch it, or declare throws"),
    ("has private access", "private-item", "use a public method of the class"),
    ("cannot be applied to given types", "wrong-arguments", "pass what the declaration takes"),
    ("already defined", "declared-twice", "rename one"),
    ("should be declared in a file named", "wrong-file-name", "name the file as the class"),
    ("non-static", "static-context", "make it static, or call it on an object"),
    ("bad operand types", "wrong-operator", "convert one side"),
)  # fmt: skip
_ENDINGS = (".c", ".cc", ".cpp", ".cxx", ".h", ".hpp", ".hh", ".hxx", ".m", ".mm", ".cu", ".cuh", ".pyx", ".f", ".f90", ".S", ".s", ".y", ".l", ".inc", ".ipp", ".tcc", ".C", "<stdin>", "<command-line>", ".i", ".ino", ".ixx", ".cppm", ".kt")  # fmt: skip
_DRIVERS = ("gcc", "g++", "cc", "c++", "clang", "clang++", "cc1", "cc1plus", "gfortran", "nvcc", "x86_64-linux-gnu-gcc", "x86_64-linux-gnu-g++", "aarch64-linux-gnu-gcc")  # fmt: skip
_SYNTAX = ("expected", "stray", "missing", "unterminated", "extraneous")
_NO_FILE = ": No such file or directory"
_LINK: tuple[Saying, ...] = (
    ("file in wrong format", "wrong-architecture", "build that file for this machine too: it is another's (file NAME says which)"),
    ("file format not recognized", "wrong-architecture", "look at what the file is (file NAME): it is no object or library of this machine"),
    ("skipping incompatible", "wrong-architecture", "install that library for the same architecture"),
    ("is incompatible with", "wrong-architecture", "build all files for the same architecture"),
    ("recompile with -fPIC", "relocation-error", "compile that file with -fPIC"),
    ("relocation truncated to fit", "relocation-error", "compile with -mcmodel=large, or make the data smaller"),
    ("syntax error in ", "syntax", "correct that line of the linker's script"),
    (": syntax error", "syntax", "correct that line of the linker's script"),
    ("cannot open linker script file", "file-not-found", "check the path of the linker's script"),
    ("cannot open output file", "write-failed", "check that the folder is there, that it is yours and has space"),
    ("multiple definition of", "multiple-definition", "define it in one file only: declare it extern (or inline) in the header"),
    ("duplicate symbol", "multiple-definition", "define it in one file only: declare it extern (or inline) in the header"),
    ("DSO missing from command line", "undefined-reference", "add that library to the command (-l), behind the files that use it"),
    ("No space left on device", "disk-full", "free some space on that disk"),
    ("final link failed", "link-failed", "read what the linker wrote above"),
)  # fmt: skip
_USES: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("pow", "sqrt", "sin", "cos", "exp", "log", "floor", "ceil", "fmod", "tan", "atan2"),
        "add -lm at the end of the command",
    ),
    (("pthread_create", "pthread_join"), "add -pthread to the command"),
    (("dlopen", "dlsym"), "add -ldl at the end of the command"),
    (("shm_open", "clock_gettime", "timer_create"), "add -lrt at the end of the command"),
    (("main", "WinMain"), "write main, or compile it as a library (-c, -shared)"),
)


def read_c(spot: Spot) -> Seen | None:
    """Explain `file:line:column: error: words` of gcc's or clang's, and `file:line: error:` of javac's."""
    line = spot.line.strip()
    place, found, words = line.partition(": fatal error: ")
    if not found:
        place, found, words = line.partition(": error: ")
    file, number = _split(place)
    driver = place.rpartition("/")[2]
    if not number or driver in _DRIVERS:
        return _driver(spot, words, driver) if driver.partition("-1")[0] in _DRIVERS else None
    where = f"{file}:{number}"
    if file.endswith(".java"):
        return known(spot, _JAVA, words, where=where, exits=(1,), cascades=True) or _other(spot, words, where)
    if not file.endswith(_ENDINGS) and "/include/" not in file and "/c++/" not in file:
        return None
    if header := _missing(words):
        return _header(spot, header, where)
    told = known(spot, _C, words, where=where, exits=(1, 2), cascades=True, last=_caret(spot))
    is_vague = told is not None and told.code == "syntax" and not words.startswith(_SYNTAX)
    return _other(spot, words, where) if told is None or is_vague else told


def read_linker(spot: Spot) -> Seen | None:
    """Explain a line of ld's or lld's."""
    line = spot.line.strip()
    if "collect2: " in line or "linker command failed" in line:
        fix = "read what the linker wrote above"
        return seen(spot, "link-failed", line, fix, is_echo=True, exits=(1,), confidence="likely")
    for mark in ("cannot find -l", "unable to find library -l", "library not found for -l", "library '"):
        if mark in line and (mark != "library '" or "' not found" in line):
            name = line.partition(mark)[2].partition(":")[0].partition("'")[0].split()
            library = name[0] if name else ""
            fix = (
                library_fix(library)
                or "install the package that has that library and its headers, or name its folder with -L"
            )
            return seen(
                spot,
                "library-not-found",
                line,
                fix,
                exits=(1,),
                cascades=True,
                evidence=(f"library {library}",),
            )
    for mark in ("undefined reference to ", "error: undefined symbol: ", "unresolved external symbol "):
        if mark in line:
            return _undefined(spot, line, line.partition(mark)[2].strip("`'‘’"))
    if not ("ld:" in line or "ld.lld" in line or "ld.gold" in line or ".o:" in line or "recognized" in line):
        return None
    found = known(spot, _LINK, line, exits=(1,), cascades=True)
    if found is not None and found.code in ("link-failed",):
        return seen(spot, "link-failed", line, found.fix, is_echo=True, exits=(1,), confidence="likely")
    return found


def read_command(spot: Spot) -> Seen | None:
    """Explain what setuptools says of the compiler it called."""
    line = spot.line.strip()
    before, found, rest = line.partition("error: command '")
    if not found or before.strip():
        return None
    name, _, said = rest.partition("'")
    if "No such file or directory" in said or "Permission denied" in said:
        fix = "install a C compiler (Debian: build-essential; conda: compilers), or correct CC"
        return seen(spot, "compiler-not-found", f"{name[:80]}:{said.partition(':')[2]}", fix, exits=(1, 2))
    return seen(
        spot, "compile-failed", line, "read what the compiler wrote above", is_echo=True, confidence="likely"
    )


def _other(spot: Spot, words: str, where: str) -> Seen:
    """Return what no row knows: the message itself, at its place."""
    fix = "correct that line"
    return seen(spot, "compile-failed", words, fix, where=where, last=_caret(spot), exits=(1, 2),
                cascades=True, confidence="likely")  # fmt: skip


def _missing(words: str) -> str:
    """Return the header that gcc or clang does not find, or "".

    >>> _missing("zlib.h: No such file or directory"), _missing("'zlib.h' file not found"), _missing("no")
    ('zlib.h', 'zlib.h', '')
    """
    if words.endswith("' file not found") and words.startswith("'"):
        return words[1:].partition("'")[0]
    return words.removesuffix(_NO_FILE) if words.endswith(_NO_FILE) else ""


def _driver(spot: Spot, words: str, driver: str) -> Seen | None:
    if words.endswith(_NO_FILE):
        name = words.removesuffix(_NO_FILE)
        fix = f"check the path {name[:80]}: it is looked up from the working directory"
        return seen(spot, "file-not-found", f"{driver}: {words}", fix, exits=(1, 4))
    if "no input files" in words:
        return seen(spot, "missing-argument", words, "name the files to compile", is_echo=True, exits=(1,))
    return known(spot, _C, words, exits=(1, 4))


def _header(spot: Spot, header: str, where: str) -> Seen:
    """Return what a missing header is, and the package that has it."""
    below = "".join(each.line for each in spot.below(2))
    is_own = f'#include "{header}"' in below or f'# include "{header}"' in below
    fix = header_fix(header)
    if not fix:
        fix = f"correct the path of {header[:80]}, or add its folder with -I"
        if not is_own:
            fix = "install the development package that has that header, or add its folder with -I"
    why = f"the header {header} is not there"
    return seen(
        spot, "header-not-found", why, fix, where=where, exits=(1, 2), cascades=True, last=_caret(spot)
    )


def _undefined(spot: Spot, line: str, name: str) -> Seen:
    fix = next((fix for names, fix in _USES if name in names), "")
    if not fix:
        fix = "link the file or the library that defines it (-l NAME behind the files that use it)"
        if name.startswith(("std::", "vtable for __cxxabi", "__gxx", "operator ")):
            fix = "link it with g++ instead of gcc"
        elif name.startswith("vtable for "):
            fix = "define the virtual functions of that class, the first of them above all"
    code = "main-missing" if name in ("main", "WinMain") else "undefined-reference"
    place = line.partition(":(")[0] if ":(" in line else ""
    place = place.rpartition(" ")[2] if not place.startswith("(") else ""
    where = place if ":" in place and place.rpartition(":")[2].isdecimal() else ""
    return seen(spot, code, f"undefined reference to {name}", fix, where=where, exits=(1,), cascades=True)


def _split(place: str) -> tuple[str, str]:
    """Split `file:line[:column]`, which may stand behind other words; no number where it is none.

    >>> _split("a.c:3:5"), _split("cc1"), _split("A.java:1")
    (('a.c', '3'), ('cc1', ''), ('A.java', '1'))
    """
    parts = place.rsplit(":", 2)
    if len(parts) == 3 and parts[1].isdecimal() and parts[2].isdecimal():
        return parts[0].rpartition("\r")[2], parts[1]
    if len(parts) > 1 and parts[-1].isdecimal():
        return ":".join(parts[:-1]), parts[-1]
    return place, ""


def _caret(spot: Spot) -> Spot:
    """Return the last of the lines that show the code below a message of gcc's."""
    last = spot
    for each in spot.below(4):
        bare = each.line.strip()
        if not ((bare[:1].isdigit() and " | " in bare[:10]) or bare.startswith(("|", "^", "~"))):
            break
        last = each
    return last


FAMILIES: tuple[Family, ...] = (
    ((": error: ", ": fatal error: "), read_c),
    (("cannot find -l", "unable to find library -l", "library not found for -l", "undefined reference to ", "error: undefined symbol: ", "multiple definition of", "duplicate symbol", "in wrong format", "not recognized", "skipping incompatible", "is incompatible with", "recompile with -fPIC", "relocation truncated", "cannot open output file", "syntax error in ", "cannot open linker script", "DSO missing", "collect2: ", "final link failed", "linker command failed"), read_linker),
    (("error: command '",), read_command),
)  # fmt: skip
