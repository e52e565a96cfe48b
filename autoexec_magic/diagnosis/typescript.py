"""Why TypeScript did not compile: tsc's numbers, plain and in its coloured form."""

from __future__ import annotations

from types import MappingProxyType

from .spots import Family, Seen, Spot, seen

#: Number -> code, fix.
CODES: MappingProxyType[int, tuple[str, str]] = MappingProxyType({
    2304: ("name-not-declared", "declare it, import it, or correct the spelling"),
    2552: ("name-not-declared", "declare it, import it, or correct the spelling"),
    2503: ("name-not-declared", "declare it, import it, or correct the spelling"),
    2580: ("name-not-declared", "install its types (npm install --save-dev @types/node)"),
    2584: ("name-not-declared", "add \"dom\" to lib of tsconfig.json"),
    2305: ("export-not-found", "look at what that module exports"),
    2307: ("module-not-found", "correct the path, or install the package and its types"),
    2792: ("module-not-found", "set moduleResolution in tsconfig.json, or install the package"),
    7016: ("types-missing", "install the types of that package, or declare the module"),
    2322: ("type-mismatch", "convert the value, or change the type of one side"),
    2345: ("type-mismatch", "convert the argument, or change the parameter's type"),
    2352: ("type-mismatch", "convert by unknown first, if it really is that type"),
    2416: ("type-mismatch", "make the member fit the one of the base class"),
    2420: ("type-mismatch", "write what the interface wants"),
    2739: ("missing-field", "give the fields that the message names"),
    2740: ("missing-field", "give the fields that the message names"),
    2741: ("missing-field", "give the field that the message names"),
    2339: ("no-such-member", "correct the name, or declare it in the type"),
    2551: ("no-such-member", "correct the name, or declare it in the type"),
    2353: ("no-such-member", "correct the name, or declare it in the type"),
    2561: ("no-such-member", "correct the name, or declare it in the type"),
    2554: ("wrong-arguments", "pass as many arguments as it takes"),
    2555: ("wrong-arguments", "pass as many arguments as it takes"),
    2556: ("wrong-arguments", "pass as many arguments as it takes"),
    2349: ("not-callable", "look at what it is: that type is no function"),
    2351: ("not-a-constructor", "look at what it is: that type has no constructor"),
    2300: ("declared-twice", "rename one"),
    2451: ("declared-twice", "rename one"),
    2531: ("possibly-undefined", "check it for null first (?. or if)"),
    2532: ("possibly-undefined", "check it for undefined first (?. or if)"),
    2533: ("possibly-undefined", "check it first (?. or if)"),
    18046: ("possibly-undefined", "check what it is first (typeof, instanceof)"),
    18047: ("possibly-undefined", "check it for null first (?. or if)"),
    18048: ("possibly-undefined", "check it for undefined first (?. or if)"),
    2454: ("used-before-assigned", "give it a value first"),
    2564: ("used-before-assigned", "give it a value in the constructor"),
    7005: ("type-missing", "write the type"),
    7006: ("type-missing", "write the type of that parameter"),
    7031: ("type-missing", "write the type of that parameter"),
    7053: ("type-missing", "give the object an index signature, or a narrower key"),
    2588: ("assign-to-constant", "declare it with let"),
    2540: ("read-only-property", "copy the object first"),
    2341: ("private-item", "use a public member of the class"),
    2355: ("return-missing", "return a value"),
    2366: ("return-missing", "return a value at the end, too"),
    2362: ("wrong-operator", "convert that side to a number"),
    2363: ("wrong-operator", "convert that side to a number"),
    2365: ("wrong-operator", "convert one side"),
    1378: ("await-outside-async", "set module and target in tsconfig.json, or put it in an async function"),
    1308: ("await-outside-async", "make the function async"),
    5023: ("unknown-option", "correct that option of the compiler"),
    5083: ("file-not-found", "check the path"),
    5058: ("file-not-found", "check the path"),
    6053: ("file-not-found", "check the path"),
    18003: ("file-not-found", "correct include and files of tsconfig.json"),
})  # fmt: skip


def read(spot: Spot) -> Seen | None:
    """Explain `file(line,column): error TS2304: words`, and the pretty form of it."""
    line = spot.line.strip()
    before, _, after = line.partition("error TS")
    number, colon, words = after.partition(":")
    words = words.strip()
    if not colon or not number.isdecimal():
        return None
    place = before.rstrip(" -:")
    file, _, at = place.partition("(") if place.endswith(")") else (place, "", "")
    where = f"{file}:{at.partition(',')[0]}" if at else ":".join(place.split(":")[:2])
    code, fix = CODES.get(int(number[:6]), ("type-error", "correct that line"))
    if code == "type-error" and int(number[:6]) < 2000:
        code, fix = "syntax", "correct that line, or the end of the line before it"
    hint = words.partition("Did you mean ")[2].rstrip("?.") if "Did you mean " in words else ""
    fix = f"write {hint} there, or correct the name" if hint and "'" in hint and len(hint) < 80 else fix
    return seen(spot, code, f"TS{number}: {words}", fix, where=where, exits=(1, 2), cascades=True)


FAMILIES: tuple[Family, ...] = ((("error TS",), read),)
