"""What Go says: its compiler, `./a.go:3:5: words`, and its runtime, `panic: words`.

The runtime's words are those of https://go.dev/src/runtime/error.go.
"""

from __future__ import annotations

import re

from autoexec_magic.values import Confidence

from ..spots import Family, Saying, Seen, Spot, saying, seen

_LINE = re.compile(r"(?:vet: )?((?:\.{0,2}/)?[^\s:]{1,300}\.go:[0-9]{1,7}):[0-9]{1,7}: (.+)")
_ROWS: tuple[Saying, ...] = (
    ("syntax error", "syntax", "correct that line, or the end of the line before it"),
    ("has no field or method", "no-such-member", "correct the name of the field or method"),
    ("not exported by package", "private-item", "use a name that the package exports: it begins with a capital"),
    ("is not in ", "package-not-found", "correct the import's path, or go get the module that has it"),
    ("no required module provides", "package-not-found", "go get the module that it names"),
    ("undefined: ", "name-not-declared", "declare it, or import the package that has it"),
    ("redeclared", "declared-twice", "rename one, or take one out"),
    ("missing return", "return-missing", "return a value at the end of that function"),
    ("not enough arguments", "wrong-arguments", "pass what the function wants: the message shows both"),
    ("too many arguments", "wrong-arguments", "pass what the function wants: the message shows both"),
    ("mismatched types", "type-mismatch", "convert one side first"),
    ("cannot use ", "type-mismatch", "convert the value, or change the type that is wanted"),
    ("import cycle", "circular-import", "move what both packages need to a third"),
    ("and not used", "compile-failed", "use it, or take it out"),
    ("", "compile-failed", "correct that line"),
)  # fmt: skip


def read(spot: Spot) -> Seen | None:
    """Explain an error of the compiler's; of several the first is the cause."""
    match = _LINE.fullmatch(spot.line.strip())
    found = saying(match[2], _ROWS) if match else None
    if match is None or found is None:
        return None
    code, fix = found
    return seen(spot, code, match[2], fix, where=match[1].removeprefix("./"), exits=(1, 2), cascades=True)


_PANICS: tuple[Saying, ...] = (
    ("nil pointer dereference", "null-dereference", "look at why it is nil there, or ask before: if x != nil"),
    ("assignment to entry in nil map", "null-dereference", "make the map first: make(map[K]V)"),
    ("index out of range", "index-out-of-range", "compare the index with len() before that line"),
    ("slice bounds out of range", "index-out-of-range", "compare the bounds with len() before that line"),
    ("integer divide by zero", "division-by-zero", "check the divisor before that line"),
    ("interface conversion:", "wrong-cast", "ask first: value, ok := x.(T)"),
    ("all goroutines are asleep", "deadlock", "look at who would send, or unlock: nobody is left who could"),
    ("", "panic", "look at the first line of your own below it"),
)  # fmt: skip
_RUNTIME = ("runtime error: ", "assignment to entry in nil map", "interface conversion: ")
_STACK = re.compile(r"\t(/?[^\s:]{1,300}\.go:[0-9]{1,7})(?: \+0x[0-9a-f]+)?")
_OWN = ("/src/runtime/", "/src/testing/", "/go/src/", "/lib/go")
_NEAR = 40  # lines below a panic that may be its stack


def read_panic(spot: Spot) -> Seen | None:
    """Explain a panic, and a fatal error of the runtime's; a stack of goroutines stands below it."""
    kind, _, words = spot.line.partition(": ")
    if kind not in ("panic", "fatal error"):
        return None
    below = [each.line for each in spot.below(_NEAR)]
    if not any(line.startswith("goroutine ") and line.endswith("]:") for line in below):
        return None
    found = saying(words.removeprefix("runtime error: "), _PANICS)
    if found is None:
        return None
    places = (match[1] for line in below if (match := _STACK.match(line)))
    where = next((place for place in places if not any(own in place for own in _OWN)), "")
    is_runtime = kind == "fatal error" or words.startswith(_RUNTIME)  # else the program's own words
    sure: Confidence = "certain" if is_runtime else "likely"
    return seen(spot, found[0], words, found[1], where=where, exits=(1, 2), confidence=sure)


FAMILIES: tuple[Family, ...] = (
    ((".go:",), read),
    (("panic: ", "fatal error: all goroutines"), read_panic),
)
